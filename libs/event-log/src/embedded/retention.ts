import type { LogDatabase, PartitionRow } from './database.js';
import type { Turns } from './turns.js';

const EVERY_MS = 60_000;
/** Records deleted in one turn. */
const STEP = 500;

/** Deletes records older than their topic keeps them, whoever has read them or not, as Kafka does. */
export class Retention {
  readonly #db: LogDatabase;
  readonly #turns: Turns;
  readonly #partitions: () => Iterable<{ partition: PartitionRow; retentionMs: number }>;
  readonly #timer: NodeJS.Timeout;
  #sweeping: Promise<void> | undefined;
  #stopped = false;

  constructor(db: LogDatabase, turns: Turns, partitions: () => Iterable<{ partition: PartitionRow; retentionMs: number }>) {
    this.#db = db;
    this.#turns = turns;
    this.#partitions = partitions;
    this.#timer = setInterval(() => void this.sweep(Date.now()), EVERY_MS).unref();
  }

  /** Never rejects: a disk that does not take the deletion now is asked again at the next sweep. */
  sweep(now: number): Promise<void> {
    this.#sweeping ??= this.#sweep(now).finally(() => (this.#sweeping = undefined));
    return this.#sweeping;
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  async #sweep(now: number): Promise<void> {
    try {
      for (const { partition, retentionMs } of this.#partitions()) {
        let deleted = STEP;
        while (deleted === STEP) {
          await this.#turns.next();
          if (this.#stopped) return;
          deleted = this.#db.deleteOlder(partition.serial, now - retentionMs, STEP);
        }
      }
    } catch {
      // A full or broken disk shows in the appends and in readiness, which say why.
    }
  }
}
