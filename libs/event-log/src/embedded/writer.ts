import { LogUnavailable } from '../errors.js';
import type { LogRecord } from '../port.js';
import { sqliteError, type CommitRow, type LogDatabase, type NewRecord, type PartitionRow } from './database.js';

/** Bounds on one transaction, so that it holds the event loop for milliseconds only. */
const TRANSACTION_RECORDS = 500;
const TRANSACTION_BYTES = 1024 * 1024;
/** More than this may not wait to be written: the disk does not keep up, and memory has an end. */
const WAITING_BYTES = 64 * 1024 * 1024;
/** A commit rides with the next transaction of appends, or goes by itself after this time. */
const COMMIT_DELAY_MS = 25;
const COMMIT_RETRY_MS = 1_000;

export interface PlacedRecord {
  partition: PartitionRow;
  record: LogRecord;
  bytes: number;
}

interface Append {
  records: readonly PlacedRecord[];
  /** How many of the records are written or in the transaction that is being put together. */
  taken: number;
  resolve: () => void;
  reject: (error: Error) => void;
}

/**
 * Group commit: all appends and commits that came since the last transaction share the next one and its fsync. At
 * most one transaction is written per turn of the event loop, in the order of the calls; a call larger than a
 * transaction spreads over several and resolves after the last.
 */
export class Writer {
  readonly #db: LogDatabase;
  readonly #onWritten: (partitions: Iterable<PartitionRow>, commits: Iterable<CommitRow>) => void;
  readonly #waiting: Append[] = [];
  #waitingBytes = 0;
  readonly #commits = new Map<string, CommitRow>();
  readonly #afterCommit: (() => void)[] = [];
  #commitTimer: NodeJS.Timeout | undefined;
  #scheduled = false;
  #failure: LogUnavailable | undefined;
  #closed = false;

  /** `onWritten` is told what is on disk now, before the appends of it resolve. */
  constructor(db: LogDatabase, onWritten: (partitions: Iterable<PartitionRow>, commits: Iterable<CommitRow>) => void) {
    this.#db = db;
    this.#onWritten = onWritten;
  }

  append(records: readonly PlacedRecord[]): Promise<void> {
    if (this.#waitingBytes > WAITING_BYTES) {
      return Promise.reject(new LogUnavailable(`The embedded log has ${this.#waitingBytes} bytes waiting to be written; the disk does not keep up.`));
    }
    for (const { bytes } of records) this.#waitingBytes += bytes;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ records, taken: 0, resolve, reject });
      this.#schedule();
    });
  }

  commit(commit: CommitRow): void {
    this.#commits.set(`${commit.serial} ${commit.group}`, commit);
    this.#commitTimer ??= setTimeout(() => this.#schedule(), COMMIT_DELAY_MS);
  }

  /** Resolves when the commits made so far are on disk, or the disk did not take them: then they stay to be tried again. */
  async flushCommits(): Promise<void> {
    if (this.#commits.size === 0) return;
    await new Promise<void>((resolve) => {
      this.#afterCommit.push(resolve);
      this.#schedule();
    });
  }

  /** Throws when the last write failed and the disk still does not take one. */
  probe(): void {
    if (this.#failure === undefined) return;
    this.#db.probe();
    this.#failure = undefined;
  }

  /** Writes what waits; what the disk does not take is rejected. */
  close(): void {
    while (this.#waiting.length > 0) this.#write();
    if (this.#commits.size > 0) this.#write();
    this.#closed = true;
    clearTimeout(this.#commitTimer);
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (this.#closed) return;
      this.#write();
      if (this.#waiting.length > 0) this.#schedule();
    });
  }

  #write(): void {
    const { appends, records, nexts } = this.#take();
    const commits = [...this.#commits.values()];
    this.#commits.clear();
    clearTimeout(this.#commitTimer);
    this.#commitTimer = undefined;
    try {
      this.#db.write(
        records,
        [...nexts].map(([{ serial }, next]) => [serial, next] as const),
        commits,
      );
      this.#failure = undefined;
    } catch (cause) {
      this.#failed(appends, commits, cause);
      return;
    } finally {
      for (const resolve of this.#afterCommit.splice(0)) resolve();
    }
    for (const [partition, next] of nexts) partition.next = next;
    this.#onWritten(nexts.keys(), commits);
    for (const append of appends) {
      if (append.taken === append.records.length) append.resolve();
    }
  }

  /** Takes from the head of the queue what fits into a transaction. */
  #take(): { appends: Append[]; records: NewRecord[]; nexts: Map<PartitionRow, number> } {
    const timestamp = Date.now();
    const appends: Append[] = [];
    const records: NewRecord[] = [];
    const nexts = new Map<PartitionRow, number>();
    let bytes = 0;
    for (let append = this.#waiting[0]; append !== undefined; append = this.#waiting[0]) {
      appends.push(append);
      while (append.taken < append.records.length) {
        if (records.length >= TRANSACTION_RECORDS || bytes >= TRANSACTION_BYTES) return { appends, records, nexts };
        const placed = append.records[append.taken++] as PlacedRecord;
        const offset = nexts.get(placed.partition) ?? placed.partition.next;
        records.push({ serial: placed.partition.serial, offset, timestamp, record: placed.record });
        nexts.set(placed.partition, offset + 1);
        bytes += placed.bytes;
        this.#waitingBytes -= placed.bytes;
      }
      this.#waiting.shift();
    }
    return { appends, records, nexts };
  }

  #failed(appends: readonly Append[], commits: readonly CommitRow[], cause: unknown): void {
    this.#failure = new LogUnavailable(`The embedded log could not be written: ${sqliteError(cause).message}.`, { cause });
    for (const append of appends) {
      if (append === this.#waiting[0]) this.#waiting.shift();
      for (const { bytes } of append.records.slice(append.taken)) this.#waitingBytes -= bytes;
      append.reject(this.#failure);
    }
    for (const commit of commits) {
      const key = `${commit.serial} ${commit.group}`;
      if (!this.#commits.has(key)) this.#commits.set(key, commit);
    }
    if (commits.length > 0) this.#commitTimer ??= setTimeout(() => this.#schedule(), COMMIT_RETRY_MS);
  }
}
