import { setImmediate } from 'node:timers/promises';
import { pruneCommands, pruneDeadLetters, pruneIncidents, pruneSilences, pruneViolations, type Store } from '@tocsin/store';
import { Repeating } from '../repeating.js';

/** How long what is over is kept, in days. */
export interface RetentionDays {
  incidents: number;
  violations: number;
  deadLetters: number;
  silences: number;
  commands: number;
}

export type Pruned = keyof RetentionDays;

const DAY_MS = 24 * 3_600_000;
const HOUR_MS = 3_600_000;
/** Whether it is due, and ours, is looked at so often: a replica may come to be the one that does it at any time. */
const LOOK_EVERY_MS = 60_000;
/** Rows that are deleted at a time: nothing is locked for long. */
const STEP = 1_000;

export interface RetentionDeps {
  store: Store;
  days: RetentionDays;
  now(): number;
  /** Whether this replica is the one that does it, so that the others need not. Two at once do no harm. */
  ours(): boolean;
  onPruned(what: Pruned, rows: number): void;
  onFailed(error: unknown): void;
}

/** Deletes what is past its time, once an hour. */
export class Retention {
  readonly #deps: RetentionDeps;
  readonly #repeating = new Repeating(LOOK_EVERY_MS, () => this.tick());
  readonly #stopping = new AbortController();
  #dueAt = 0;

  constructor(deps: RetentionDeps) {
    this.#deps = deps;
  }

  start(): void {
    this.#repeating.start();
  }

  /** Ends within a step. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#repeating.stop();
  }

  /** Does it, if it is due and ours. */
  async tick(): Promise<void> {
    const { store, days, ours, onPruned, onFailed } = this.#deps;
    const now = this.#deps.now();
    if (now < this.#dueAt || !ours()) return;
    this.#dueAt = now + HOUR_MS;
    try {
      await sweepRetention(store, days, now, onPruned, this.#stopping.signal);
    } catch (error) {
      onFailed(error);
    }
  }
}

/** Incidents go first, since their trails keep violations. Each step's rows are told; goes no further once the signal aborts. */
export async function sweepRetention(
  store: Store,
  days: RetentionDays,
  now: number,
  onPruned: (what: Pruned, rows: number) => void,
  signal: AbortSignal,
): Promise<void> {
  const before = (what: Pruned): string => new Date(now - days[what] * DAY_MS).toISOString();
  const inSteps = async (what: Pruned, step: () => Promise<{ deleted: number; more: boolean }>): Promise<void> => {
    for (let more = true; more && !signal.aborted;) {
      let deleted: number;
      ({ deleted, more } = await step());
      onPruned(what, deleted);
      // SQLite answers at once: without a pause nothing else would have its turn until all is deleted.
      await setImmediate();
    }
  };
  const whole = (prune: () => Promise<number>) => async () => {
    const deleted = await prune();
    return { deleted, more: deleted === STEP };
  };
  await inSteps(
    'incidents',
    whole(() => store.transaction((tx) => pruneIncidents(tx, before('incidents'), STEP))),
  );
  let cursor: string | undefined;
  await inSteps('violations', async () => {
    const page = await pruneViolations(store.db, before('violations'), { limit: STEP, cursor });
    cursor = page.nextCursor;
    return { deleted: page.deleted, more: cursor !== undefined };
  });
  await inSteps(
    'deadLetters',
    whole(() => pruneDeadLetters(store.db, before('deadLetters'), STEP)),
  );
  await inSteps(
    'silences',
    whole(() => pruneSilences(store.db, before('silences'), STEP)),
  );
  await inSteps(
    'commands',
    whole(() => pruneCommands(store.db, before('commands'), STEP)),
  );
}
