import { pause, retryDelay } from '../backoff.js';
import type { KafkaLogger } from './client.js';

export interface CommitterDeps {
  commit(offsets: ReadonlyMap<number, number>): Promise<void>;
  signal: AbortSignal;
  logger: KafkaLogger;
}

/** Small batches would else cost one request each. A crash in between only makes records come again. */
const COMMIT_INTERVAL_MS = 20;
const RETRY_MAX_MS = 1_000;

/** Commits how far partitions have come: one request at a time, each with the newest offsets of all partitions. */
export class Committer {
  readonly #deps: CommitterDeps;
  #pending = new Map<number, number>();
  #running: Promise<void> | undefined;

  constructor(deps: CommitterDeps) {
    this.#deps = deps;
  }

  mark(partition: number, offset: number): void {
    this.#pending.set(partition, offset);
    this.#running ??= this.#run();
  }

  /** One last try with what is left; called when nobody marks any more. Never rejects. */
  async flush(): Promise<void> {
    await this.#running;
    if (this.#pending.size === 0) return;
    await this.#commit().catch((error: unknown) => {
      this.#deps.logger.info({ err: error }, 'The last offsets could not be committed; their records come again.');
    });
  }

  async #run(): Promise<void> {
    for (let failures = 0; this.#pending.size > 0 && !this.#deps.signal.aborted;) {
      try {
        await this.#commit();
        failures = 0;
        await pause(COMMIT_INTERVAL_MS, this.#deps.signal);
      } catch (error) {
        this.#deps.logger.debug({ err: error }, 'Committing offsets failed, will try again.');
        await pause(Math.min(RETRY_MAX_MS, retryDelay(undefined, failures++)), this.#deps.signal);
      }
    }
    this.#running = undefined;
  }

  async #commit(): Promise<void> {
    const offsets = this.#pending;
    this.#pending = new Map();
    try {
      await this.#deps.commit(offsets);
    } catch (error) {
      // What was marked meanwhile is newer.
      this.#pending = new Map([...offsets, ...this.#pending]);
      throw error;
    }
  }
}
