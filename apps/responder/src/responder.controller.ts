import { Controller, Inject } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import { Topic, type Batch } from '@tocsin/event-log';
import { RESPONDER_GROUP, observe, type ObserveDeps } from './pipeline/observe.js';

export const OBSERVE_DEPS = Symbol('observe deps');

@Controller()
export class ResponderController {
  readonly #deps: ObserveDeps;

  constructor(@Inject(OBSERVE_DEPS) deps: ObserveDeps) {
    this.#deps = deps;
  }

  @EventPattern<string>(Topic.Incidents, { group: RESPONDER_GROUP })
  incidents(batch: Batch): Promise<void> {
    return observe(batch, this.#deps);
  }
}
