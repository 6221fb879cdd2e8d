import { Module, type DynamicModule } from '@nestjs/common';
import { IngestController } from './ingest.controller.js';
import { Intake } from './pipeline/intake.js';

@Module({})
export class IngestModule {
  static forRoot(intake: Intake): DynamicModule {
    return { module: IngestModule, controllers: [IngestController], providers: [{ provide: Intake, useValue: intake }] };
  }
}
