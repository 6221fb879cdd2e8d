/**
 * The embedded event log: one process, one SQLite file, the semantics of Kafka.
 *
 * - Durability: `append` resolves after the transaction that holds its records is on disk (WAL, synchronous=FULL).
 *   Appends of one turn of the event loop share a transaction and its fsync. A transaction is whole or absent after a
 *   crash, and offsets are given in the transaction, so that there are no gaps to guess about.
 * - Redelivery: committed offsets lie in the same file and count once they are on disk. They are written with the next
 *   transaction, or after 25 ms; what was handled but not committed when the process died comes again.
 * - One process: the operating system's lock on the file is held while the log is open and ends with the process.
 *   Nothing else in the process may open and close the file, since that would drop the lock.
 * - Event loop: SQLite is synchronous, so each turn reads at most one batch and writes at most one bounded transaction.
 */
import { LogUnavailable, RecordTooLarge, TopicMismatch, UnknownTopic } from '../errors.js';
import { partitionOf } from '../partitioner.js';
import type { Consumer, ConsumeOptions, EventLog, LogRecord, TopicOffsets, TopicSpec } from '../port.js';
import { LogDatabase, type CommitRow, type PartitionRow } from './database.js';
import { Group } from './group.js';
import type { GroupLog, LogWarnings } from './partition-runner.js';
import { Retention } from './retention.js';
import { Turns } from './turns.js';
import { Writer, type PlacedRecord } from './writer.js';

export interface EmbeddedLogOptions {
  /** Path of the SQLite file, or `:memory:` for tests. Its directory exists. */
  file: string;
  /** Largest record, key and headers included. Default 1 MiB, as Kafka's. */
  maxRecordBytes?: number;
  /** Largest size of the file; appends are refused while it is full. Default: as large as the disk. */
  maxBytes?: number;
  /** Is told which batches fail and will be tried again. */
  logger?: LogWarnings;
}

const DEFAULT_MAX_RECORD_BYTES = 1024 * 1024;

interface Topic {
  retentionMs: number;
  partitions: PartitionRow[];
  /** Where the next record without a key goes. */
  turn: number;
  groups: Map<string, Group>;
}

/** Rejects with `LogUnavailable` when the file is locked by another process, broken, or cannot be created. */
export async function openEmbeddedLog(options: EmbeddedLogOptions): Promise<EventLog> {
  return new EmbeddedLog(new LogDatabase(options.file, options.maxBytes), options);
}

class EmbeddedLog implements EventLog {
  readonly #db: LogDatabase;
  readonly #maxRecordBytes: number;
  readonly #topics = new Map<string, Topic>();
  /** What is on disk, by group and partition serial. */
  readonly #committed = new Map<string, Map<number, number>>();
  readonly #writer: Writer;
  readonly #turns = new Turns();
  readonly #retention: Retention;
  readonly #groupLog: GroupLog;
  #closing: Promise<void> | undefined;
  #closed = false;

  constructor(db: LogDatabase, options: EmbeddedLogOptions) {
    this.#db = db;
    this.#maxRecordBytes = options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES;
    this.#groupLog = this.#openToGroups(options.logger ?? { warn: () => undefined });
    for (const { name, retentionMs } of db.topics()) this.#topics.set(name, { retentionMs, partitions: [], turn: 0, groups: new Map() });
    for (const partition of db.partitions()) this.#topic(partition.topic).partitions.push(partition);
    this.#noteCommitted(db.committed());
    this.#writer = new Writer(db, (partitions, commits) => {
      this.#noteCommitted(commits);
      for (const { topic, partition } of partitions) for (const group of this.#topic(topic).groups.values()) group.wake(partition);
    });
    this.#retention = new Retention(db, this.#turns, () =>
      [...this.#topics.values()].flatMap(({ partitions, retentionMs }) => partitions.map((partition) => ({ partition, retentionMs }))),
    );
  }

  async append(topic: string, records: readonly LogRecord[]): Promise<void> {
    this.#assertOpen();
    const to = this.#topic(topic);
    // All are measured before any is placed: one that is too large refuses the whole call.
    const bytes = records.map((record) => this.#measured(topic, record));
    const placed = records.map((record, index): PlacedRecord => ({ partition: place(to, record.key), record, bytes: bytes[index] ?? 0 }));
    if (placed.length > 0) await this.#writer.append(placed);
  }

  async consume(options: ConsumeOptions): Promise<Consumer> {
    this.#assertOpen();
    if (this.#closing !== undefined) throw new LogUnavailable('The embedded log is closing.');
    const { groups, partitions } = this.#topic(options.topic);
    let group = groups.get(options.group);
    if (group === undefined) groups.set(options.group, (group = new Group(this.#groupLog, options.group, partitions)));
    return group.join(options);
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    this.#assertOpen();
    for (const { name, partitions } of topics) {
      const found = this.#topics.get(name)?.partitions.length;
      if (found !== undefined && found !== partitions) throw new TopicMismatch(name, found, partitions);
    }
    for (const { name, partitions, retentionMs } of topics) {
      const known = this.#topics.get(name);
      if (known === undefined) {
        const rows = this.#db.createTopic(name, partitions, retentionMs);
        this.#topics.set(name, { retentionMs, partitions: rows, turn: 0, groups: new Map() });
      } else if (known.retentionMs !== retentionMs) {
        this.#db.setRetention(name, retentionMs);
        known.retentionMs = retentionMs;
      }
    }
  }

  async offsets(topic: string): Promise<TopicOffsets[]> {
    this.#assertOpen();
    return this.#topic(topic).partitions.map((row) => ({ partition: row.partition, start: this.#start(row), end: row.next }));
  }

  async committed(group: string, topic: string): Promise<Map<number, number>> {
    this.#assertOpen();
    const offsets = this.#committed.get(group);
    return new Map(
      this.#topic(topic).partitions.flatMap(({ partition, serial }) => {
        const next = offsets?.get(serial);
        return next === undefined ? [] : [[partition, next]];
      }),
    );
  }

  async ping(): Promise<void> {
    this.#assertOpen();
    try {
      this.#writer.probe();
    } catch (cause) {
      throw new LogUnavailable('The embedded log cannot be written; see the cause.', { cause });
    }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  /** Batches in flight may still append, so the log closes only after its consumers have stopped. */
  async #close(): Promise<void> {
    this.#retention.stop();
    const groups = [...this.#topics.values()].flatMap((topic) => [...topic.groups.values()]);
    await Promise.all(groups.map((group) => group.stop()));
    this.#closed = true;
    this.#writer.close();
    this.#db.close();
  }

  #openToGroups(logger: LogWarnings): GroupLog {
    return {
      start: (partition) => this.#start(partition),
      read: (partition, from, limit) => this.#db.read(partition.serial, from, limit),
      committed: (group, { serial }) => this.#committed.get(group)?.get(serial),
      commit: (group, { serial }, next) => this.#writer.commit({ group, serial, next }),
      flushCommits: () => this.#writer.flushCommits(),
      turn: () => this.#turns.next(),
      logger,
    };
  }

  #start(partition: PartitionRow): number {
    return this.#db.oldest(partition.serial) ?? partition.next;
  }

  #noteCommitted(commits: Iterable<CommitRow>): void {
    for (const { group, serial, next } of commits) {
      let offsets = this.#committed.get(group);
      if (offsets === undefined) this.#committed.set(group, (offsets = new Map()));
      offsets.set(serial, next);
    }
  }

  #topic(name: string): Topic {
    const topic = this.#topics.get(name);
    if (topic === undefined) throw new UnknownTopic(name);
    return topic;
  }

  /** Bytes of the record; throws when they are too many. */
  #measured(topic: string, { key, value, headers }: LogRecord): number {
    let bytes = value.length + (key === null ? 0 : Buffer.byteLength(key));
    for (const name in headers) bytes += Buffer.byteLength(name) + Buffer.byteLength(headers[name] ?? '');
    if (bytes > this.#maxRecordBytes) throw new RecordTooLarge(topic, bytes, this.#maxRecordBytes);
    return bytes;
  }

  #assertOpen(): void {
    if (this.#closed) throw new LogUnavailable('The embedded log is closed.');
  }
}

function place(topic: Topic, key: string | null): PartitionRow {
  const count = topic.partitions.length;
  const index = key === null ? topic.turn++ % count : partitionOf(key, count);
  return topic.partitions[index] as PartitionRow;
}
