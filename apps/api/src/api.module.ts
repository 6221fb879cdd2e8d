import { Module, type DynamicModule } from '@nestjs/common';
import type { Access } from './http/access.js';
import { OpenApiController } from './openapi.controller.js';
import type { ProjectorDeps } from './pipeline/projector.js';
import { PROJECTOR_DEPS, ProjectorController } from './projector.controller.js';
import { ACCESS, ReadController, STORE } from './read.controller.js';

export interface ApiDeps extends ProjectorDeps {
  access: Access;
}

@Module({})
export class ApiModule {
  static forRoot(deps: ApiDeps): DynamicModule {
    return {
      module: ApiModule,
      controllers: [OpenApiController, ReadController, ProjectorController],
      providers: [
        { provide: ACCESS, useValue: deps.access },
        { provide: STORE, useValue: deps.store },
        { provide: PROJECTOR_DEPS, useValue: deps },
      ],
    };
  }
}
