import { Controller } from '@nestjs/common';
import { Topic, type Batch } from '@tocsin/event-log';
import { OnBatch } from '@tocsin/event-log/nest';
import { COMMANDS_GROUP } from './pipeline/commands.js';
import { Correlator } from './pipeline/correlator.js';
import { CORRELATOR_GROUPS } from './pipeline/partition.js';

@Controller()
export class CorrelatorController {
  readonly #correlator: Correlator;

  constructor(correlator: Correlator) {
    this.#correlator = correlator;
  }

  @OnBatch(Topic.Violations, { group: CORRELATOR_GROUPS[Topic.Violations] })
  violations(batch: Batch): Promise<void> {
    return this.#correlator.process(Topic.Violations, batch);
  }

  @OnBatch(Topic.Signals, { group: CORRELATOR_GROUPS[Topic.Signals] })
  signals(batch: Batch): Promise<void> {
    return this.#correlator.process(Topic.Signals, batch);
  }

  @OnBatch(Topic.Commands, { group: COMMANDS_GROUP })
  commands(batch: Batch): Promise<void> {
    return this.#correlator.commands(batch);
  }
}
