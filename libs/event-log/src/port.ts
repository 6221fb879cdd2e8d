/**
 * The event log's port. Glossary: a *topic* has *partitions*; a record's key chooses the partition; a *group* of
 * consumers shares the partitions of a topic and commits one *offset* per partition.
 *
 * Every driver passes the same conformance suite (`conformance/`). The contract:
 * - Records of one key keep their order, also through retries, rebalances and restarts.
 * - `append` resolves when the records are durable, and rejects when they may not be. A rejected append MAY have
 *   been written: whoever appends again must use the same ids.
 * - A batch's offset is committed after `onBatch` resolved, never before; what was not committed comes again.
 */

export interface LogRecord {
  /** null: any partition. */
  key: string | null;
  value: Buffer;
  /** UTF-8 text. CloudEvents attributes are `ce_*`. */
  headers: Readonly<Record<string, string>>;
}

export interface StoredRecord extends LogRecord {
  offset: number;
  /** When the log took it, milliseconds since 1970. */
  timestamp: number;
}

export interface Batch {
  readonly topic: string;
  readonly partition: number;
  /** In offset order, never empty. Offsets may have gaps. */
  readonly records: readonly StoredRecord[];
  /** The offset after the partition's last record when the batch was fetched; the lag is this minus the last offset + 1. */
  readonly highWatermark: number;
  /** Aborts when the partition is taken away or the consumer stops: finish or give up soon, effects are still welcome. */
  readonly signal: AbortSignal;
  /**
   * Says that all records up to and including `offset` have had their effect. When `onBatch` rejects later, only
   * the records after it come again.
   */
  done(offset: number): void;
  /** Keeps the membership alive; call it between items when a batch may take seconds. Cheap to call often. */
  heartbeat(): Promise<void>;
}

/** Where to begin on a partition. The log's own committed offset is used when `resumeAt` is absent. */
export interface Position {
  resumeAt?: number;
}

export interface ConsumeOptions {
  topic: string;
  group: string;
  /** Where a group without a committed offset begins. Default `earliest`. */
  from?: 'earliest' | 'latest';
  /** Upper bound on the records of a batch. Default 500. */
  maxBatchRecords?: number;
  /**
   * Batches of one partition come one after another, those of different partitions MAY come at the same time.
   * Rejecting means "again": the partition pauses (back-off with jitter, or `RetryLater.afterMs`), then the records
   * not `done` come again in the same order. It never skips: what cannot be processed is dead-lettered by the handler.
   */
  onBatch(batch: Batch): Promise<void>;
  /**
   * Called once for each partition this member gets, before its first batch, also when it has no records.
   * Rejecting is retried with back-off; no batch comes before it has resolved.
   */
  onAssigned?(partition: number): Promise<Position | void>;
  /** Called when the partition is taken away or the consumer stops, after the batch in flight has ended. */
  onRevoked?(partition: number): Promise<void>;
}

export interface Consumer {
  /** Waits for the batches in flight, commits, leaves the group. */
  stop(): Promise<void>;
}

export interface TopicSpec {
  name: string;
  partitions: number;
  /** Milliseconds that records are kept. */
  retentionMs: number;
}

export interface TopicOffsets {
  partition: number;
  /** Offset of the oldest record kept. */
  start: number;
  /** Offset that the next record will get. */
  end: number;
}

export interface EventLog {
  append(topic: string, records: readonly LogRecord[]): Promise<void>;
  consume(options: ConsumeOptions): Promise<Consumer>;
  /** Creates what is missing; rejects with `TopicMismatch` when a topic exists with another partition count. */
  ensureTopics(topics: readonly TopicSpec[]): Promise<void>;
  offsets(topic: string): Promise<TopicOffsets[]>;
  /** The group's committed offsets by partition; a partition without one is absent. */
  committed(group: string, topic: string): Promise<Map<number, number>>;
  /** Resolves when the log answers; used by readiness. */
  ping(signal?: AbortSignal): Promise<void>;
  /** Stops its consumers, flushes appends, closes connections. */
  close(): Promise<void>;
}
