import { actionKey, type Incident, type Violation } from '@tocsin/domain';
import {
  EventType,
  Topic,
  UndecodableRecord,
  appendDeadLetters,
  deadLetter,
  decodeEvent,
  encodeEvent,
  type Batch,
  type EventLog,
  type StoredRecord,
} from '@tocsin/event-log';
import type { Logger } from '@tocsin/runtime';
import type { ResponderMetrics } from '../metrics.js';
import { planActions, type CompiledPolicy, type Plan, type PlannedAction } from './plan-actions.js';
import { Recent } from './recent.js';
import type { Subject } from './targets.js';

/** Consumer groups by what is read. */
export const RESPONDER_GROUPS = { incidents: 'responder', violations: 'responder.violations' } as const;

export interface ResponderDeps {
  log: EventLog;
  logger: Logger;
  metrics: ResponderMetrics;
  now(): number;
}

/** A storm of incidents with many targets must not become one huge append. */
const APPEND_RECORDS = 1_000;
/** Ids of planned actions that are remembered, so that they are not told with each change of their incident. */
const REMEMBERED = 100_000;

/**
 * Reads incidents and violations and records what the policies want done. It does none of it: running actions is not
 * in this version. Offsets are committed after the actions are on the log; what is told twice after a crash, or by
 * another replica, has the same id and version.
 */
export class Responder {
  readonly #deps: ResponderDeps;
  readonly #known = new Recent(REMEMBERED);
  #policies: readonly CompiledPolicy[];

  constructor(policies: readonly CompiledPolicy[], deps: ResponderDeps) {
    this.#policies = policies;
    this.#deps = deps;
  }

  /** From the next batch on. */
  follow(policies: readonly CompiledPolicy[]): void {
    this.#policies = policies;
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
    if (!this.#policies.some(({ answers }) => answers === 'violations')) return;
    await this.#respond(batch, (record) => ({ violation: decodeEvent<Violation>(record, EventType.Violation) }));
  }

  async #respond(batch: Batch, read: (record: StoredRecord) => Subject): Promise<void> {
    const policies = this.#policies;
    const planned = new Map<string, PlannedAction>();
    for (const record of batch.records) {
      const subject = await this.#read(record, batch, read);
      if (subject === undefined) continue;
      const plan = planActions(policies, subject);
      for (const action of plan.planned) if (!this.#known.has(action.id)) planned.set(action.id, action);
      this.#noteSkipped(plan);
    }
    const actions = [...planned.values()];
    for (let from = 0; from < actions.length; from += APPEND_RECORDS) await this.#publish(actions.slice(from, from + APPEND_RECORDS));
  }

  async #publish(actions: readonly PlannedAction[]): Promise<void> {
    const { log, metrics } = this.#deps;
    const records = actions.map((action) => {
      const attributes = { id: `${action.id}/${action.version}`, type: EventType.Action, source: '/tocsin/responder', time: action.time };
      return encodeEvent(actionKey(action), attributes, action);
    });
    await log.append(Topic.Actions, records);
    for (const { id, policy, type, mode } of actions) {
      this.#known.add(id);
      metrics.planned.inc({ policy, type, mode });
    }
  }

  #noteSkipped({ skipped }: Plan): void {
    const { logger, metrics } = this.#deps;
    for (const { message, ...step } of skipped) {
      metrics.skipped.inc({ policy: step.policy, reason: step.reason });
      logger.debug(step, `A policy matched and nothing was planned: ${message}`);
    }
  }

  /** Undefined when the record is no event; it is with the dead letters then. */
  async #read(record: StoredRecord, { topic, partition }: Batch, read: (record: StoredRecord) => Subject): Promise<Subject | undefined> {
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
