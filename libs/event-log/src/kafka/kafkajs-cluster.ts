/**
 * The protocol layer of kafkajs: connections, metadata and single requests. Its producer and consumer are not used:
 * - the consumer joins again while handlers still run, stops for good after some rebalances,
 *   and lets one slow partition hold up all others of a fetch;
 * - the producer goes on retrying after it was disconnected, so that a record whose append was rejected can still
 *   arrive behind later ones, and groups records in time that grows with their square.
 * What stands here is the part of 2.2.4, its last release, that the driver needs; kafkajs ships no types for it.
 */
import { Kafka, type KafkaConfig, logLevel, type SASLOptions } from 'kafkajs';
import { LogUnavailable, UnknownTopic } from '../errors.js';
import { brokerTakesLess, type ClientConfig } from './client.js';

export interface Broker {
  metadata(topics: string[]): Promise<{ topicMetadata: { topic: string; partitionMetadata: PartitionMetadata[] }[] }>;
  initProducerId(request: { transactionTimeout: number }): Promise<{ producerId: string; producerEpoch: number }>;
  produce(request: ProduceRequest): Promise<unknown>;
  fetch(request: FetchRequest): Promise<{ responses: { topicName: string; partitions: FetchedMessages[] }[] }>;
  joinGroup(request: JoinRequest): Promise<JoinedGroup>;
  syncGroup(request: GroupRequest & { generationId: number; groupAssignment: { memberId: string; memberAssignment: Buffer }[] }): Promise<{
    memberAssignment: Buffer;
  }>;
  heartbeat(request: GroupRequest & { groupGenerationId: number }): Promise<unknown>;
  leaveGroup(request: GroupRequest): Promise<unknown>;
  offsetCommit(
    request: GroupRequest & {
      groupGenerationId: number;
      topics: { topic: string; partitions: { partition: number; offset: string; metadata?: string }[] }[];
    },
  ): Promise<unknown>;
  offsetFetch(request: { groupId: string; topics: { topic: string; partitions: { partition: number }[] }[] }): Promise<{
    responses: { topic: string; partitions: { partition: number; offset: string }[] }[];
  }>;
}

interface GroupRequest {
  groupId: string;
  memberId: string;
}

interface PartitionMetadata {
  partitionId: number;
  leader: number;
}

export interface JoinRequest extends GroupRequest {
  sessionTimeout: number;
  rebalanceTimeout: number;
  groupProtocols: { name: string; metadata: Buffer }[];
}

export interface JoinedGroup {
  generationId: number;
  leaderId: string;
  memberId: string;
  members: { memberId: string; memberMetadata: Buffer }[];
}

interface ProduceRequest {
  acks: -1;
  timeout: number;
  producerId: string;
  producerEpoch: number;
  topicData: { topic: string; partitions: { partition: number; firstSequence: number; messages: ProducedMessage[] }[] }[];
}

export interface ProducedMessage {
  key: Buffer | null;
  value: Buffer;
  headers: Record<string, string>;
  timestamp: string;
}

interface FetchRequest {
  replicaId: -1;
  isolationLevel: number;
  maxWaitTime: number;
  minBytes: number;
  maxBytes: number;
  topics: { topic: string; partitions: { partition: number; fetchOffset: string; maxBytes: number }[] }[];
}

export interface FetchedMessages {
  partition: number;
  highWatermark: string;
  abortedTransactions: { producerId: string; firstOffset: string }[] | null;
  messages: FetchedMessage[];
}

export interface FetchedMessage {
  offset: string;
  timestamp: string;
  key: Buffer | null;
  value: Buffer | null;
  headers: Record<string, Buffer | Buffer[] | null>;
  isControlRecord?: boolean;
  batchContext?: { firstOffset: string; lastOffsetDelta: number; producerId: string; inTransaction: boolean };
}

export interface Cluster {
  connect(): Promise<void>;
  disconnect(): Promise<void>;
  isConnected(): boolean;
  addTargetTopic(topic: string): Promise<void>;
  refreshMetadata(): Promise<void>;
  removeBroker(address: { host: string; port: number }): void;
  findTopicPartitionMetadata(topic: string): PartitionMetadata[];
  findBroker(which: { nodeId: number }): Promise<Broker>;
  findControllerBroker(): Promise<Broker>;
  findGroupCoordinator(which: { groupId: string }): Promise<Broker>;
  fetchTopicsOffset(
    topics: { topic: string; partitions: { partition: number }[]; fromBeginning: boolean }[],
  ): Promise<{ topic: string; partitions: { partition: number; offset: string }[] }[]>;
}

const METADATA_MAX_AGE_MS = 60_000;
const CONNECT_TIMEOUT_MS = 5_000;
const REQUEST_TIMEOUT_MS = 10_000;
/** The driver retries; more here would only hide from it that a broker is gone. */
const RETRY = { initialRetryTime: 50, maxRetryTime: 200, retries: 2 };
const READ_COMMITTED = 1;
const CREATE_CLUSTER = 'private:Kafka:createCluster';

export function kafkaOf(config: ClientConfig): Kafka {
  const settings: KafkaConfig = {
    brokers: [...config.brokers],
    clientId: config.clientId,
    connectionTimeout: CONNECT_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    retry: RETRY,
    logLevel: logLevel.WARN,
    // Its errors are those that the driver sees and handles; once is enough.
    logCreator:
      () =>
      ({ namespace, log }) =>
        config.logger.debug({ namespace, ...log }, 'kafkajs reports.'),
    ssl: config.ssl,
  };
  if (config.sasl) settings.sasl = config.sasl as SASLOptions;
  return new Kafka(settings);
}

/** Connections and metadata of their own; connects when asked to. */
export function createCluster(config: ClientConfig): Cluster {
  const kafka = kafkaOf(config);
  const symbol = Object.getOwnPropertySymbols(kafka).find(({ description }) => description === CREATE_CLUSTER);
  const create: unknown = symbol === undefined ? undefined : Reflect.get(kafka, symbol);
  if (typeof create !== 'function')
    throw new Error('This is not kafkajs 2.2.4: it has no createCluster; pin the version, or use the client "platformatic".');
  return create({ metadataMaxAge: METADATA_MAX_AGE_MS, allowAutoTopicCreation: false, isolationLevel: READ_COMMITTED }) as Cluster;
}

/** After a failed request: drops what may be stale, so that the next one looks again. Never rejects. */
export async function recover(cluster: Cluster, error: unknown): Promise<void> {
  try {
    for (const one of causes(error)) {
      const host: unknown = Reflect.get(one, 'host');
      const port: unknown = Reflect.get(one, 'port');
      if (typeof host === 'string' && typeof port === 'number') cluster.removeBroker({ host, port });
    }
    if (!cluster.isConnected()) await cluster.connect();
    await cluster.refreshMetadata();
  } catch {
    // The next request fails too, and comes here again.
  }
}

export function hasType(error: unknown, ...types: string[]): boolean {
  return causes(error).some((one) => types.includes(String(Reflect.get(one, 'type'))));
}

export function mapError(error: unknown, topic: string): Error {
  if (error instanceof UnknownTopic || error instanceof LogUnavailable) return error;
  if (hasType(error, 'UNKNOWN_TOPIC_OR_PARTITION')) return new UnknownTopic(topic, { cause: error });
  if (hasType(error, 'MESSAGE_TOO_LARGE', 'RECORD_LIST_TOO_LARGE')) return brokerTakesLess(topic, error);
  return new LogUnavailable(`Kafka is not available: ${error instanceof Error ? error.message : String(error)}`, { cause: error });
}

/** kafkajs wraps errors without copying the broker's error type. */
function causes(error: unknown): Error[] {
  const found: Error[] = [];
  for (let one = error; one instanceof Error && !found.includes(one); one = one.cause) found.push(one);
  return found;
}
