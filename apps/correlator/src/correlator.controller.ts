import { Controller } from '@nestjs/common';
import { EventPattern } from '@nestjs/microservices';
import { Topic, type Batch } from '@tocsin/event-log';
import { Correlator } from './pipeline/correlator.js';
import { CORRELATOR_GROUPS } from './pipeline/partition.js';

@Controller()
export class CorrelatorController {
  readonly #correlator: Correlator;

  constructor(correlator: Correlator) {
    this.#correlator = correlator;
  }

  @EventPattern<string>(Topic.Violations, { group: CORRELATOR_GROUPS[Topic.Violations] })
  violations(batch: Batch): Promise<void> {
    return this.#correlator.process(Topic.Violations, batch);
  }

  @EventPattern<string>(Topic.Signals, { group: CORRELATOR_GROUPS[Topic.Signals] })
  signals(batch: Batch): Promise<void> {
    return this.#correlator.process(Topic.Signals, batch);
  }
}
