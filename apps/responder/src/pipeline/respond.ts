import type { Command, Incident, Violation } from '@tocsin/domain';
import {
  EventType,
  UndecodableRecord,
  appendDeadLetters,
  deadLetter,
  decodeEvent,
  type Batch,
  type EventLog,
  type StoredRecord,
} from '@tocsin/event-log';
import type { Logger } from '@tocsin/runtime';
import type { Targets } from '../action.js';
import type { ResponderMetrics } from '../metrics.js';
import { takeIn } from '../runner/intake.js';
import { carryOut } from '../runner/obey.js';
import type { Records } from '../runner/records.js';
import { planActions, type CompiledPolicy, type Plan, type PlannedAction } from './plan-actions.js';
import { Recent } from './recent.js';
import type { Subject } from './targets.js';

/** Consumer groups by what is read. */
export const RESPONDER_GROUPS = { incidents: 'responder', violations: 'responder.violations', commands: 'responder.commands' } as const;

export interface ResponderDeps {
  log: EventLog;
  records: Records;
  targets: Pick<Targets, 'knows'>;
  logger: Logger;
  metrics: ResponderMetrics;
  now(): number;
  /** Called when there is something to do or to publish. */
  onChanged(): void;
}

/** A storm of incidents with many targets must not become one huge transaction. */
const STEP = 500;
/** Ids of planned actions that are remembered, so that the store is not asked with each change of their incident. */
const REMEMBERED = 100_000;

/**
 * Reads incidents, violations and commands, and writes down what the policies want done and what people said. The runner
 * does it. Offsets are committed after that is durable; what comes again, here or at another replica, is known by its id.
 */
export class Responder {
  readonly #deps: ResponderDeps;
  readonly #known = new Recent(REMEMBERED);
  #policies: ReadonlyMap<string, CompiledPolicy>;

  constructor(policies: readonly CompiledPolicy[], deps: ResponderDeps) {
    this.#policies = byName(policies);
    this.#deps = deps;
  }

  /** Those in force. */
  get policies(): ReadonlyMap<string, CompiledPolicy> {
    return this.#policies;
  }

  /** From the next batch on. */
  follow(policies: readonly CompiledPolicy[]): void {
    this.#policies = byName(policies);
  }

  incidents(batch: Batch): Promise<void> {
    return this.#respond(batch, (record) => {
      const incident = decodeEvent<Incident>(record, EventType.Incident);
      this.#deps.metrics.observed.inc({ change: incident.change });
      return { incident };
    });
  }

  async violations(batch: Batch): Promise<void> {
    // Hardly any policy answers violations, and there are many, so they are not even parsed where none does.
    if (![...this.#policies.values()].some(({ answers }) => answers === 'violations')) return;
    await this.#respond(batch, (record) => ({ violation: decodeEvent<Violation>(record, EventType.Violation) }));
  }

  async commands(batch: Batch): Promise<void> {
    const { records, metrics, now, onChanged } = this.#deps;
    for (const record of batch.records) {
      const command = await this.#read(record, batch, (one) => decodeEvent<Command>(one, EventType.Command));
      if (command?.target === 'action') {
        const result = await carryOut(records, command, now());
        if (result !== undefined) metrics.commands.inc({ type: command.type, outcome: result.outcome });
      }
      batch.done(record.offset);
    }
    onChanged();
  }

  async #respond(batch: Batch, read: (record: StoredRecord) => Subject): Promise<void> {
    const policies = this.#policies;
    const planned = new Map<string, PlannedAction>();
    for (const record of batch.records) {
      const subject = await this.#read(record, batch, read);
      if (subject === undefined) continue;
      const plan = planActions([...policies.values()], subject);
      for (const action of plan.planned) if (!this.#known.has(action.id)) planned.set(action.id, action);
      this.#noteSkipped(plan);
    }
    const actions = [...planned.values()];
    for (let from = 0; from < actions.length; from += STEP) await this.#takeIn(actions.slice(from, from + STEP), policies);
  }

  async #takeIn(actions: readonly PlannedAction[], policies: ReadonlyMap<string, CompiledPolicy>): Promise<void> {
    const { records, targets, metrics, now, onChanged } = this.#deps;
    const added = await takeIn(records, actions, policies, targets, now());
    for (const { id } of actions) this.#known.add(id);
    for (const { policy, type, mode } of added) metrics.planned.inc({ policy, type, mode });
    if (added.length > 0) onChanged();
  }

  #noteSkipped({ skipped }: Plan): void {
    const { logger, metrics } = this.#deps;
    for (const { message, ...step } of skipped) {
      metrics.skipped.inc({ policy: step.policy, reason: step.reason });
      logger.debug(step, `A policy matched and nothing was planned: ${message}`);
    }
  }

  /** Undefined when the record is no event; it is with the dead letters then. */
  async #read<T>(record: StoredRecord, { topic, partition }: Batch, read: (record: StoredRecord) => T): Promise<T | undefined> {
    try {
      return read(record);
    } catch (error) {
      if (!(error instanceof UndecodableRecord)) throw error;
      const { log, now } = this.#deps;
      const time = new Date(now()).toISOString();
      const origin = { topic, partition, offset: record.offset };
      const common = { stage: 'respond', reason: 'undecodable', component: 'responder', attempts: 1 } as const;
      await appendDeadLetters(log, [deadLetter(record, { ...common, message: error.message, firstTime: time, lastTime: time, origin })]);
      return undefined;
    }
  }
}

function byName(policies: readonly CompiledPolicy[]): ReadonlyMap<string, CompiledPolicy> {
  return new Map(policies.map((policy) => [policy.name, policy]));
}
