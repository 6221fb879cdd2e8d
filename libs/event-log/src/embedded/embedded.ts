/**
 * The embedded event log: one process, one SQLite file, the semantics of Kafka.
 *
 * - Durability: `append` resolves after the transaction that holds its records is on disk (WAL, synchronous=FULL).
 *   Appends that arrive while one is being written, or in the same turn, share the next transaction and its fsync.
 * - Redelivery: committed offsets lie in the same file; what was handled but not yet committed when the process died
 *   comes again. Commits ride with the next transaction, or follow within `COMMIT_DELAY_MS`: that bounds what repeats.
 * - One process: the file is locked while it is open.
 */
import { LogUnavailable, RecordTooLarge, TopicMismatch, UnknownTopic } from '../errors.js';
import { partitionOf } from '../partitioner.js';
import type { Consumer, ConsumeOptions, EventLog, LogRecord, TopicOffsets, TopicSpec } from '../port.js';
import { LogDatabase, MAX_PARTITION_SERIALS, type NewRow } from './database.js';
import { Group, type GroupLog } from './group.js';

export interface EmbeddedLogOptions {
  /** Path of the SQLite file, or `:memory:` for tests. */
  file: string;
  /** Largest record, key and headers included. Default 1 MiB, as Kafka's. */
  maxRecordBytes?: number;
}

const DEFAULT_MAX_RECORD_BYTES = 1024 * 1024;
const COMMIT_DELAY_MS = 25;
/** Bounds on one transaction, so that the event loop is not held for long. */
const FLUSH_RECORDS = 2_000;
const PRUNE_EVERY_MS = 60_000;
const PRUNE_STEP = 2_000;

interface Waiting {
  topic: string;
  records: readonly LogRecord[];
  resolve(): void;
  reject(error: Error): void;
}

interface TopicState {
  spec: TopicSpec;
  /** Serial and next offset of each partition. */
  partitions: { serial: number; next: number }[];
  /** Where the next record without a key goes. */
  turn: number;
}

export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<EventLog> {
  return new EmbeddedLog(new LogDatabase(options.file), options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES);
}

class EmbeddedLog implements EventLog, GroupLog {
  readonly #db: LogDatabase;
  readonly #maxRecordBytes: number;
  readonly #topics = new Map<string, TopicState>();
  readonly #committed = new Map<string, Map<number, number>>();
  readonly #uncommitted = new Map<string, { group: string; serial: number; next: number }>();
  readonly #groups = new Map<string, Group>();
  readonly #pruning: NodeJS.Timeout;
  #waiting: Waiting[] = [];
  #flushing = false;
  #commitTimer: NodeJS.Timeout | undefined;
  #closed = false;

  constructor(db: LogDatabase, maxRecordBytes: number) {
    this.#db = db;
    this.#maxRecordBytes = maxRecordBytes;
    for (const { name, partitions, retentionMs } of db.topics()) {
      this.#topics.set(name, { spec: { name, partitions, retentionMs }, partitions: [], turn: 0 });
    }
    for (const row of db.partitions()) {
      const topic = this.#topics.get(row.topic);
      if (topic !== undefined) topic.partitions[row.partition] = { serial: row.serial, next: row.next };
    }
    for (const { group, serial, next } of db.committed()) this.#committedOf(group).set(serial, next);
    this.#pruning = setInterval(() => this.#prune(Date.now()), PRUNE_EVERY_MS).unref();
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    this.#assertOpen();
    for (const spec of topics) {
      const found = this.#topics.get(spec.name);
      if (found !== undefined && found.spec.partitions !== spec.partitions) throw new TopicMismatch(spec.name, found.spec.partitions, spec.partitions);
      if (found !== undefined) continue;
      const serials = [...this.#topics.values()].reduce((sum, topic) => sum + topic.spec.partitions, 0);
      if (serials + spec.partitions >= MAX_PARTITION_SERIALS) throw new Error(`The embedded log holds at most ${MAX_PARTITION_SERIALS} partitions in all.`);
      this.#db.createTopic(spec.name, spec.partitions, spec.retentionMs);
      const partitions = this.#db.partitions().filter((row) => row.topic === spec.name);
      const state: TopicState = { spec, partitions: [], turn: 0 };
      for (const row of partitions) state.partitions[row.partition] = { serial: row.serial, next: row.next };
      this.#topics.set(spec.name, state);
    }
  }

  append(topic: string, records: readonly LogRecord[]): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#assertOpen();
      this.#topic(topic);
      for (const record of records) this.#assertFits(topic, record);
      if (records.length === 0) return resolve();
      this.#waiting.push({ topic, records, resolve, reject });
      this.#scheduleFlush();
    });
  }

  async consume(options: ConsumeOptions): Promise<Consumer> {
    this.#assertOpen();
    const partitions = this.#topic(options.topic).spec.partitions;
    const name = JSON.stringify([options.group, options.topic]);
    let group = this.#groups.get(name);
    if (group === undefined) {
      group = new Group(this, options.topic, options.group, partitions);
      this.#groups.set(name, group);
    }
    return group.join(options);
  }

  async offsets(topic: string): Promise<TopicOffsets[]> {
    return this.#topic(topic).partitions.map(({ serial, next }, partition) => ({ partition, start: this.#db.start(serial) ?? next, end: next }));
  }

  async committed(group: string, topic: string): Promise<Map<number, number>> {
    const result = new Map<number, number>();
    const known = this.#committed.get(group);
    this.#topic(topic).partitions.forEach(({ serial }, partition) => {
      const next = known?.get(serial);
      if (next !== undefined) result.set(partition, next);
    });
    return result;
  }

  async ping(): Promise<void> {
    this.#assertOpen();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    for (const group of this.#groups.values()) await group.stopAll();
    this.#closed = true;
    clearInterval(this.#pruning);
    while (this.#waiting.length > 0 || this.#uncommitted.size > 0) if (!this.#flush()) break;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(new LogUnavailable('The log is closed.'));
    clearTimeout(this.#commitTimer);
    this.#db.close();
  }

  // What a group needs of the log.

  end(topic: string, partition: number): number {
    return this.#partition(topic, partition).next;
  }

  start(topic: string, partition: number): number {
    const { serial, next } = this.#partition(topic, partition);
    return this.#db.start(serial) ?? next;
  }

  read(topic: string, partition: number, from: number, limit: number): ReturnType<LogDatabase['read']> {
    return this.#db.read(this.#partition(topic, partition).serial, from, limit);
  }

  position(group: string, topic: string, partition: number): number | undefined {
    return this.#committed.get(group)?.get(this.#partition(topic, partition).serial);
  }

  commit(group: string, topic: string, partition: number, next: number): void {
    const { serial } = this.#partition(topic, partition);
    this.#committedOf(group).set(serial, next);
    this.#uncommitted.set(JSON.stringify([group, serial]), { group, serial, next });
    this.#commitTimer ??= setTimeout(() => this.#flush(), COMMIT_DELAY_MS);
  }

  #committedOf(group: string): Map<number, number> {
    let positions = this.#committed.get(group);
    if (positions === undefined) this.#committed.set(group, (positions = new Map()));
    return positions;
  }

  #scheduleFlush(): void {
    if (this.#flushing) return;
    this.#flushing = true;
    setImmediate(() => {
      this.#flushing = false;
      if (!this.#closed) this.#flush();
    });
  }

  /** Writes what waits, up to the bound; false when the disk did not take it. */
  #flush(): boolean {
    const batch = this.#takeWaiting();
    const timestamp = Date.now();
    const rows: NewRow[] = [];
    const nexts = new Map<number, number>();
    for (const { topic, records } of batch) {
      for (const record of records) {
        const { serial, next } = this.#place(topic, record.key, nexts);
        rows.push({ serial, offset: next, key: record.key, value: record.value, headers: JSON.stringify(record.headers), timestamp });
        nexts.set(serial, next + 1);
      }
    }
    const commits = [...this.#uncommitted.values()];
    this.#uncommitted.clear();
    clearTimeout(this.#commitTimer);
    this.#commitTimer = undefined;
    try {
      this.#db.write(rows, nexts, commits);
    } catch (cause) {
      const error = new LogUnavailable(`The embedded log could not be written: ${(cause as Error).message}.`, { cause });
      for (const { reject } of batch) reject(error);
      if (this.#waiting.length > 0) this.#scheduleFlush();
      return false;
    }
    const touched = new Set(batch.map(({ topic }) => topic));
    for (const topic of touched) {
      for (const partition of this.#topic(topic).partitions) partition.next = nexts.get(partition.serial) ?? partition.next;
    }
    for (const { resolve } of batch) resolve();
    for (const group of this.#groups.values()) if (touched.has(group.topic)) group.wake();
    if (this.#waiting.length > 0) this.#scheduleFlush();
    return true;
  }

  #takeWaiting(): Waiting[] {
    let records = 0;
    let count = 0;
    while (count < this.#waiting.length && records < FLUSH_RECORDS) records += (this.#waiting[count++] as Waiting).records.length;
    return this.#waiting.splice(0, count);
  }

  #place(topic: string, key: string | null, nexts: ReadonlyMap<number, number>): { serial: number; next: number } {
    const state = this.#topic(topic);
    const index = key === null ? state.turn++ % state.spec.partitions : partitionOf(key, state.spec.partitions);
    const partition = state.partitions[index] as { serial: number; next: number };
    return { serial: partition.serial, next: nexts.get(partition.serial) ?? partition.next };
  }

  #topic(name: string): TopicState {
    const topic = this.#topics.get(name);
    if (topic === undefined) throw new UnknownTopic(name);
    return topic;
  }

  #partition(topic: string, partition: number): { serial: number; next: number } {
    const found = this.#topic(topic).partitions[partition];
    if (found === undefined) throw new Error(`Topic "${topic}" has no partition ${partition}.`);
    return found;
  }

  #assertFits(topic: string, record: LogRecord): void {
    let bytes = record.value.length + Buffer.byteLength(record.key ?? '');
    for (const [name, value] of Object.entries(record.headers)) bytes += Buffer.byteLength(name) + Buffer.byteLength(value);
    if (bytes > this.#maxRecordBytes) throw new RecordTooLarge(topic, bytes, this.#maxRecordBytes);
  }

  #assertOpen(): void {
    if (this.#closed) throw new LogUnavailable('The log is closed.');
  }

  #prune(now: number): void {
    for (const { spec, partitions } of this.#topics.values()) {
      for (const { serial } of partitions) {
        const step = (): void => {
          if (!this.#closed && this.#db.prune(serial, now - spec.retentionMs, PRUNE_STEP)) setImmediate(step);
        };
        setImmediate(step);
      }
    }
  }
}
