import { setImmediate } from 'node:timers/promises';
import { pruneDeliveries, recordDeliveries, type DeliveryRow, type DeliveryState, type Store } from '@tocsin/store';
import type { Logger } from '@tocsin/runtime';
import type { NotifierMetrics } from '../metrics.js';

/** An attempt that has ended. */
export interface Attempted {
  id: string;
  subscription: string;
  eventId: string;
  state: DeliveryState;
  topic: string;
  partition: number;
  offset: number;
  /** When the log took the event, and when the attempt ended; milliseconds since 1970. */
  loggedMs: number;
  nowMs: number;
  /** Why it failed; the message has no secrets. */
  failure?: { reason: string; message: string };
}

export interface LedgerDeps {
  store: Store;
  logger: Logger;
  metrics: NotifierMetrics;
  retentionDays: number;
  now(): number;
}

const FLUSH_EVERY_MS = 1_000;
/** Rows of a statement: a database in this process answers others in between. */
const STEP = 500;
/** While the database is away so many lines wait; some 300 bytes each. What comes on top is counted and not kept. */
const MOST_LINES = 50_000;
const PRUNE_EVERY_MS = 3_600_000;
const DAY_MS = 86_400_000;

/**
 * What became of each delivery, for people. It costs the road of an event nothing but an entry in a map: lines are
 * gathered for a second, those of one delivery into one, and written many at a time. It is told after the fact alone, so
 * that it is never ahead of the truth; it may be a second behind, and what a process had not written when it was killed
 * is not in it.
 */
export class Ledger {
  readonly #deps: LedgerDeps;
  #lines = new Map<string, DeliveryRow>();
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #failed = false;
  #pruneAt = 0;

  constructor(deps: LedgerDeps) {
    this.#deps = deps;
  }

  note(attempted: Attempted): void {
    const { id, nowMs, loggedMs, failure, state, subscription, eventId, topic, partition, offset } = attempted;
    const before = this.#lines.get(id);
    if (before === undefined && this.#lines.size >= MOST_LINES) {
      this.#deps.metrics.ledgerLines.inc({ result: 'dropped' });
      return;
    }
    const at = new Date(nowMs).toISOString();
    const line: DeliveryRow = {
      ...{ id, subscription, eventId, state, topic, partition, offset },
      attempts: 1,
      loggedAt: new Date(loggedMs).toISOString(),
      firstAt: at,
      lastAt: at,
      reason: failure?.reason ?? '',
      message: failure?.message ?? '',
    };
    this.#lines.set(id, before === undefined ? line : joined(before, line));
  }

  start(): void {
    this.#timer = setInterval(() => void this.flush(), FLUSH_EVERY_MS).unref();
  }

  /** Writes what is left. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.flush();
  }

  /** Never rejects: what could not be written is tried again. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#flush());
    return this.#writing;
  }

  async #flush(): Promise<void> {
    const lines = this.#lines;
    this.#lines = new Map();
    const { store, metrics, logger } = this.#deps;
    const rows = [...lines.values()];
    let next = 0;
    try {
      for (; next < rows.length; next += STEP) {
        const step = rows.slice(next, next + STEP);
        await recordDeliveries(store.db, step);
        metrics.ledgerLines.inc({ result: 'written' }, step.length);
        if (next + STEP < rows.length) await setImmediate();
      }
      this.#failed = false;
      await this.#prune();
    } catch (error) {
      for (const row of rows.slice(next)) {
        const later = this.#lines.get(row.id);
        this.#lines.set(row.id, later === undefined ? row : joined(row, later));
      }
      if (!this.#failed) logger.warn({ err: error, lines: this.#lines.size }, 'The ledger of deliveries was not written; it will be tried again.');
      this.#failed = true;
    }
  }

  async #prune(): Promise<void> {
    const { store, retentionDays, now } = this.#deps;
    if (now() < this.#pruneAt) return;
    this.#pruneAt = now() + PRUNE_EVERY_MS;
    const before = new Date(now() - retentionDays * DAY_MS).toISOString();
    while ((await pruneDeliveries(store.db, before, STEP)) === STEP) await setImmediate();
  }
}

/** Two lines of one delivery as one. What was delivered stays delivered. */
function joined(before: DeliveryRow, after: DeliveryRow): DeliveryRow {
  return {
    ...after,
    state: before.state === 'delivered' ? 'delivered' : after.state,
    attempts: before.attempts + after.attempts,
    firstAt: before.firstAt,
    reason: after.reason === '' ? before.reason : after.reason,
    message: after.reason === '' ? before.message : after.message,
  };
}
