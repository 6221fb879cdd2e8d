import { Controller, Inject } from '@nestjs/common';
import { Topic, type Batch } from '@tocsin/event-log';
import { OnBatch } from '@tocsin/event-log/nest';
import { PROJECTOR_GROUP, projectDeadLetters, projectViolations, type ProjectorDeps } from './pipeline/projector.js';

export const PROJECTOR_DEPS = Symbol('projector deps');

@Controller()
export class ProjectorController {
  readonly #deps: ProjectorDeps;

  constructor(@Inject(PROJECTOR_DEPS) deps: ProjectorDeps) {
    this.#deps = deps;
  }

  @OnBatch(Topic.Violations, { group: PROJECTOR_GROUP })
  violations(batch: Batch): Promise<void> {
    return projectViolations(batch, this.#deps);
  }

  @OnBatch(Topic.DeadLetters, { group: PROJECTOR_GROUP })
  deadLetters(batch: Batch): Promise<void> {
    return projectDeadLetters(batch, this.#deps);
  }
}
