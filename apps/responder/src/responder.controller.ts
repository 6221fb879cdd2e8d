import { Controller, Inject } from '@nestjs/common';
import { Topic, type Batch } from '@tocsin/event-log';
import { OnBatch } from '@tocsin/event-log/nest';
import { RESPONDER_GROUP, observe, type ObserveDeps } from './pipeline/observe.js';

export const OBSERVE_DEPS = Symbol('observe deps');

@Controller()
export class ResponderController {
  readonly #deps: ObserveDeps;

  constructor(@Inject(OBSERVE_DEPS) deps: ObserveDeps) {
    this.#deps = deps;
  }

  @OnBatch(Topic.Incidents, { group: RESPONDER_GROUP })
  incidents(batch: Batch): Promise<void> {
    return observe(batch, this.#deps);
  }
}
