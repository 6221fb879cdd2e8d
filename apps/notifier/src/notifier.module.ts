import { Module, type DynamicModule } from '@nestjs/common';
import { CALLBACKS, NotifierController } from './notifier.controller.js';
import type { CallbackDeps } from './pipeline/callbacks.js';

/** Over HTTP it takes what receivers say back; its consumers come and go with the subscriptions. */
@Module({})
export class NotifierModule {
  static forRoot(callbacks: CallbackDeps): DynamicModule {
    return { module: NotifierModule, controllers: [NotifierController], providers: [{ provide: CALLBACKS, useValue: callbacks }] };
  }
}
