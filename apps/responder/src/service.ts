import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import type { EventLog } from '@tocsin/event-log';
import type { Logger } from '@tocsin/runtime';
import type { Store } from '@tocsin/store';
import type { Targets } from './action.js';
import type { ActionDeps } from './actions/deps.js';
import { actionRegistry } from './actions/index.js';
import type { ResponderConfig } from './config.js';
import type { LifecycleEvent } from './lifecycle/lifecycle.js';
import type { ActionRecord } from './lifecycle/record.js';
import type { ResponderMetrics } from './metrics.js';
import type { CompiledPolicy } from './pipeline/plan-actions.js';
import { Loop } from './runner/loop.js';
import { publishOutbox } from './runner/publisher.js';
import { Reconciler } from './runner/reconcile.js';
import type { Records } from './runner/records.js';
import { Runner } from './runner/runner.js';
import { sqlRecords } from './runner/sql-records.js';

/** Actions brought forward at a time. */
const STEP = 16;
/** How often the store is asked for actions that are due, when nothing says so. */
const REST_MS = 500;
/** Evidence that is deleted at a time, and how often that is looked for. */
const PRUNE_STEP = 100;
const RETENTION_MS = 3_600_000;
/** While the kill switch is on, what waits looks again so often. */
const STOPPED_MS = 5_000;
/** Calls that one step of an action makes, one after another. */
const CALLS = 4;

export interface ServiceDeps {
  config: ResponderConfig;
  store: Store;
  log: EventLog;
  logger: Logger;
  metrics: ResponderMetrics;
  now(): number;
  targets: Targets;
  deps: ActionDeps;
  /** Deletes evidence whose time is over; resolves to how much. */
  pruneEvidence(limit: number): Promise<number>;
  policies(): ReadonlyMap<string, CompiledPolicy>;
}

/** What works on by itself: the runner, the publisher of what it did, the reconciler. */
export class ResponseService {
  readonly records: Records;
  readonly #loops: { run: Loop; publish: Loop; reconcile: Loop; retention: Loop };

  constructor({ config, store, log, logger, metrics, now, targets, deps, policies, pruneEvidence }: ServiceDeps) {
    const { protected: protection, limits, maxAge, callTimeout: call, giveUp, verifyEvery: verify, reconcileEvery } = config;
    // A claim outlives the calls that are made under it, so that two replicas never work on one action.
    this.records = sqlRecords(store, `${hostname()}/${randomUUID()}`, CALLS * call + 10_000);
    const times = { maxAge, call, giveUp, verify, stopped: STOPPED_MS };
    const onEvent = (record: ActionRecord, event: LifecycleEvent): void => {
      const { type } = record.action;
      metrics.events.inc({ type, event: event.type });
      if (event.type === 'refused') metrics.refused.inc({ type, by: event.by });
      this.changed();
    };
    const { records } = this;
    const runner = new Runner({ records, actions: actionRegistry, deps, targets, policies, protection, limits, times, now, logger, onEvent });
    const reconciler = new Reconciler({
      records,
      actions: actionRegistry,
      deps,
      clusters: () => deps.clusters.names,
      now,
      logger,
      timeoutMs: call,
    });
    this.#loops = {
      run: new Loop({ name: 'runner', logger, restMs: REST_MS, work: async () => (await runner.step(STEP)) > 0 }),
      publish: new Loop({ name: 'publisher', logger, restMs: REST_MS, work: async () => (await publishOutbox(store, log)) > 0 }),
      retention: new Loop({ name: 'retention', logger, restMs: RETENTION_MS, work: async () => (await pruneEvidence(PRUNE_STEP)) === PRUNE_STEP }),
      reconcile: new Loop({
        name: 'reconciler',
        logger,
        restMs: reconcileEvery,
        work: async () => {
          metrics.released.inc(await reconciler.round());
          return false;
        },
      }),
    };
  }

  start(): void {
    for (const loop of Object.values(this.#loops)) loop.start();
  }

  /** There is something to do or to publish. */
  changed(): void {
    this.#loops.run.wake();
    this.#loops.publish.wake();
  }

  async stop(): Promise<void> {
    await Promise.all(Object.values(this.#loops).map((loop) => loop.stop()));
  }
}
