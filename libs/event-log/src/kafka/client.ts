/**
 * What the driver needs of a Kafka client library. Everything that decides about records (order, retries, commits,
 * assignment) is the driver's, so that it is written and tested once; a client only speaks the protocol.
 *
 * Errors: a client rejects with `UnknownTopic` or `LogUnavailable` (for all that may pass);
 * anything else is a defect and is treated as if it might pass.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { LogUnavailable } from '../errors.js';
import type { LogRecord, StoredRecord, TopicOffsets, TopicSpec } from '../port.js';

export interface SaslOptions {
  mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  username: string;
  password: string;
}

/** The part of pino's logger that is used here. */
export interface KafkaLogger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

export interface ClientConfig {
  brokers: readonly string[];
  clientId: string;
  ssl: boolean | TlsOptions;
  sasl?: SaslOptions;
  logger: KafkaLogger;
}

export interface KafkaClient {
  /** Number of partitions; rejects with `UnknownTopic`. Not cached. */
  partitionCount(topic: string): Promise<number>;
  /** Creates topics that do not exist; those that exist are left as they are. */
  createTopics(topics: readonly TopicSpec[], replicationFactor: number): Promise<void>;
  offsets(topic: string): Promise<TopicOffsets[]>;
  committed(group: string, topic: string, partitions: number): Promise<Map<number, number>>;
  ping(): Promise<void>;
  /** A producer with its own idempotence state. Connects when it first sends. */
  openProducer(): ProducerSession;
  /** More records in one send make this client slow. */
  readonly maxSendRecords: number;
  /** A member of a group, not yet joined. */
  openMember(options: MemberOptions): Member;
  close(): Promise<void>;
}

/** Records for one partition, in order. */
export type PartitionedRecords = ReadonlyMap<number, readonly LogRecord[]>;

export interface ProducerSession {
  /**
   * Resolves when all are acknowledged by all in-sync replicas. Retries what may pass, without
   * duplicates, until it is closed. The driver never calls it twice at the same time, and drops the session after a rejection: what the
   * broker took is then unknown, and a later send under the same sequence numbers could be taken for a repeat.
   */
  send(topic: string, records: PartitionedRecords): Promise<void>;
  close(): Promise<void>;
}

export interface MemberOptions {
  topic: string;
  group: string;
  sessionTimeoutMs: number;
  heartbeatIntervalMs: number;
  rebalanceTimeoutMs: number;
  /** Awaited before each join: whatever is in flight ends here, commits here, and its partitions are given up. */
  beforeJoin(): Promise<void>;
  /** The outcome of a join. */
  onAssigned(partitions: readonly number[]): void;
  /** The membership is over and will not come back by itself: the driver leaves and opens another one. */
  onLost(error: unknown): void;
}

export interface FetchPosition {
  partition: number;
  offset: number;
}

export interface FetchedPartition {
  partition: number;
  records: StoredRecord[];
  highWatermark: number;
  /** Where to fetch next; beyond the last record when control records follow it. */
  nextOffset: number;
}

/** The offset asked for does not exist any more, or not yet: begin where the group's `from` says. */
export class OffsetOutOfRange extends Error {
  override readonly name = 'OffsetOutOfRange';
}

/**
 * One life of a member. Heartbeats run in the background, whatever handlers do; a rebalance leads to `beforeJoin`,
 * a join and `onAssigned`.
 */
export interface Member {
  /** The first join. Rejects when it fails. */
  join(): Promise<void>;
  /** Leaders of the topic's partitions by partition. */
  leaders(refresh: boolean): Promise<ReadonlyMap<number, number>>;
  /** One fetch from one broker; waits up to `maxWaitMs` for records. Calls for different brokers run side by side. */
  fetch(node: number, positions: readonly FetchPosition[], maxWaitMs: number): Promise<FetchedPartition[]>;
  committed(partitions: readonly number[]): Promise<Map<number, number>>;
  /** The first offset kept, or the one that the next record gets. */
  listOffsets(partitions: readonly number[], at: 'earliest' | 'latest'): Promise<Map<number, number>>;
  /** Commits in the name of the present generation: rejects when that has passed. */
  commit(offsets: ReadonlyMap<number, number>): Promise<void>;
  /** Leaves the group and closes connections. Never rejects; callable in any state. */
  leave(): Promise<void>;
}

/**
 * The driver checked every record against its own limit, so this is a setting and not a record that is wrong: nothing
 * may be dead-lettered for it.
 */
export function brokerTakesLess(topic: string, cause: unknown): LogUnavailable {
  return new LogUnavailable(
    `Kafka refused a batch for "${topic}" as too large: raise the topic's max.message.bytes, or lower log.maxRecordBytes below it.`,
    { cause },
  );
}

const GOODBYE_MS = 2_000;

/**
 * Waits for a goodbye, but not long: it is answered behind a join under way, which may wait for the slowest member.
 * It goes on in the background.
 */
export async function withinPatience(goodbye: Promise<unknown>): Promise<void> {
  await Promise.race([goodbye, sleep(GOODBYE_MS, undefined, { ref: false })]);
}

/** Upper bounds of a fetch: memory is this times partitions, not the backlog. */
export const FETCH_MAX_BYTES = 8 * 1024 * 1024;
export const FETCH_MAX_BYTES_PER_PARTITION = 512 * 1024;
