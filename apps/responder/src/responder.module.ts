import { Module, type DynamicModule } from '@nestjs/common';
import type { ObserveDeps } from './pipeline/observe.js';
import { OBSERVE_DEPS, ResponderController } from './responder.controller.js';

@Module({})
export class ResponderModule {
  static forRoot(deps: ObserveDeps): DynamicModule {
    return { module: ResponderModule, controllers: [ResponderController], providers: [{ provide: OBSERVE_DEPS, useValue: deps }] };
  }
}
