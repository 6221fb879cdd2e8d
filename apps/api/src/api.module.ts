import { Module, type DynamicModule } from '@nestjs/common';
import type { ProjectorDeps } from './pipeline/projector.js';
import { PROJECTOR_DEPS, ProjectorController } from './projector.controller.js';
import { ReadController, STORE } from './read.controller.js';

@Module({})
export class ApiModule {
  static forRoot(deps: ProjectorDeps): DynamicModule {
    return {
      module: ApiModule,
      controllers: [ReadController, ProjectorController],
      providers: [
        { provide: STORE, useValue: deps.store },
        { provide: PROJECTOR_DEPS, useValue: deps },
      ],
    };
  }
}
