import { pause, retryDelay } from '../backoff.js';
import type { Batch, ConsumeOptions, StoredRecord } from '../port.js';
import type { PartitionRow } from './database.js';

/** What a group needs of the log. */
export interface GroupLog {
  /** Offset of the oldest record kept, or the next offset when there is none. */
  start(partition: PartitionRow): number;
  read(partition: PartitionRow, from: number, limit: number): StoredRecord[];
  /** The committed offset that is on disk. */
  committed(group: string, partition: PartitionRow): number | undefined;
  commit(group: string, partition: PartitionRow, next: number): void;
  /** Resolves when the commits made so far are on disk. */
  flushCommits(): Promise<void>;
  /** Resolves when it is this caller's turn to read. */
  turn(): Promise<void>;
  readonly logger: LogWarnings;
}

/** The part of pino's logger that is used here. */
export interface LogWarnings {
  warn(fields: object, message: string): void;
}

const DEFAULT_MAX_BATCH_RECORDS = 500;

/**
 * One partition in one member's hands: assigned → (read → handle → commit)* → revoked. What a handler rejected is read
 * again after its back-off, from the first record that is not done, so nothing is held in memory meanwhile.
 */
export class PartitionRunner {
  readonly #log: GroupLog;
  readonly #group: string;
  readonly #partition: PartitionRow;
  readonly #options: ConsumeOptions;
  readonly #stopping = new AbortController();
  readonly #ended: Promise<void>;
  #wake: (() => void) | undefined;
  #failures = 0;

  constructor(log: GroupLog, group: string, partition: PartitionRow, options: ConsumeOptions) {
    this.#log = log;
    this.#group = group;
    this.#partition = partition;
    this.#options = options;
    this.#ended = this.#run();
  }

  /** There may be new records. */
  wake(): void {
    this.#wake?.();
  }

  /** Lets the batch in flight end, commits, and resolves after `onRevoked`. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.wake();
    await this.#ended;
  }

  async #run(): Promise<void> {
    let next = await this.#assigned();
    if (next === undefined) return;
    while (!this.#stopping.signal.aborted) {
      if (next >= this.#partition.next) await this.#somethingNew(next);
      else next = await this.#step(next);
    }
    await this.#log.flushCommits();
    await this.#revoked();
  }

  /** Where to begin; undefined when the partition was taken away before the assignment succeeded. */
  async #assigned(): Promise<number | undefined> {
    const { signal } = this.#stopping;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const position = await this.#options.onAssigned?.(this.#partition.partition);
        return this.#beginning(position?.resumeAt ?? this.#log.committed(this.#group, this.#partition));
      } catch (error) {
        const delayMs = retryDelay(error, attempt);
        this.#warn({ delayMs, err: error }, 'Taking over a partition failed, will try again.');
        await pause(delayMs, signal);
      }
    }
    return undefined;
  }

  /** A position past the end belongs to a log that was lost: as with Kafka, the group begins anew. */
  #beginning(position: number | undefined): number {
    const end = this.#partition.next;
    if (position !== undefined && position <= end) return position;
    if (position !== undefined) this.#warn({ offset: position, end }, 'The offset to begin at does not exist on the log; beginning anew.');
    return this.#options.from === 'latest' ? end : this.#log.start(this.#partition);
  }

  /** Handles one batch; resolves with where to go on. */
  async #step(next: number): Promise<number> {
    const { signal } = this.#stopping;
    await this.#log.turn();
    if (signal.aborted) return next;
    let done = next;
    try {
      // Only a failing disk makes reading throw: that waits and is tried again like a failing handler.
      const highWatermark = this.#partition.next;
      const records = this.#log.read(this.#partition, next, this.#options.maxBatchRecords ?? DEFAULT_MAX_BATCH_RECORDS);
      const last = records.at(-1);
      // Retention took them all.
      if (last === undefined) return highWatermark;
      await this.#options.onBatch(this.#batch(records, highWatermark, (offset) => (done = Math.max(done, Math.min(offset, last.offset) + 1))));
      done = last.offset + 1;
      this.#failures = 0;
      this.#commit(done);
    } catch (error) {
      if (done > next) {
        this.#failures = 0;
        this.#commit(done);
      }
      const delayMs = retryDelay(error, this.#failures++);
      this.#warn({ delayMs, err: error }, 'A batch failed, will try again.');
      await pause(delayMs, signal);
    }
    return done;
  }

  #batch(records: readonly StoredRecord[], highWatermark: number, done: (offset: number) => void): Batch {
    const { topic, partition } = this.#partition;
    return { topic, partition, records, highWatermark, signal: this.#stopping.signal, done, heartbeat: () => Promise.resolve() };
  }

  #commit(next: number): void {
    this.#log.commit(this.#group, this.#partition, next);
  }

  async #somethingNew(next: number): Promise<void> {
    if (this.#stopping.signal.aborted || next < this.#partition.next) return;
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
  }

  async #revoked(): Promise<void> {
    try {
      await this.#options.onRevoked?.(this.#partition.partition);
    } catch (error) {
      // The partition goes either way; its next owner begins at what is committed.
      this.#warn({ err: error }, 'Giving up a partition failed.');
    }
  }

  #warn(fields: object, message: string): void {
    const { topic, partition } = this.#partition;
    this.#log.logger.warn({ topic, group: this.#group, partition, ...fields }, message);
  }
}
