import { Module, type DynamicModule } from '@nestjs/common';
import { CorrelatorController } from './correlator.controller.js';
import { Correlator } from './pipeline/correlator.js';

@Module({})
export class CorrelatorModule {
  static forRoot(correlator: Correlator): DynamicModule {
    return { module: CorrelatorModule, controllers: [CorrelatorController], providers: [{ provide: Correlator, useValue: correlator }] };
  }
}
