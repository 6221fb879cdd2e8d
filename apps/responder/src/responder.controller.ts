import { Controller, Inject } from '@nestjs/common';
import { Topic, type Batch } from '@tocsin/event-log';
import { OnBatch } from '@tocsin/event-log/nest';
import { RESPONDER_GROUPS, Responder } from './pipeline/respond.js';

@Controller()
export class ResponderController {
  readonly #responder: Responder;

  constructor(@Inject(Responder) responder: Responder) {
    this.#responder = responder;
  }

  @OnBatch(Topic.Incidents, { group: RESPONDER_GROUPS.incidents })
  incidents(batch: Batch): Promise<void> {
    return this.#responder.incidents(batch);
  }

  @OnBatch(Topic.Violations, { group: RESPONDER_GROUPS.violations })
  violations(batch: Batch): Promise<void> {
    return this.#responder.violations(batch);
  }

  @OnBatch(Topic.Commands, { group: RESPONDER_GROUPS.commands })
  commands(batch: Batch): Promise<void> {
    return this.#responder.commands(batch);
  }
}
