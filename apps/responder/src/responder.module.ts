import { Module, type DynamicModule } from '@nestjs/common';
import { Responder } from './pipeline/respond.js';
import { ResponderController } from './responder.controller.js';

@Module({})
export class ResponderModule {
  static forRoot(responder: Responder): DynamicModule {
    return { module: ResponderModule, controllers: [ResponderController], providers: [{ provide: Responder, useValue: responder }] };
  }
}
