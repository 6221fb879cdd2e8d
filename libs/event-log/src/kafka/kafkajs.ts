/** The event log's Kafka client on kafkajs: producer, administration. The group member is beside it. */
import { setTimeout as sleep } from 'node:timers/promises';
import { retryDelay } from '../backoff.js';
import { LogUnavailable, UnknownTopic } from '../errors.js';
import type { LogRecord, TopicSpec } from '../port.js';
import type { ClientConfig, KafkaClient, MemberOptions, PartitionedRecords, ProducerSession } from './client.js';
import { type Cluster, createCluster, hasType, kafkaOf, mapError, type ProducedMessage, recover } from './kafkajs-cluster.js';
import { openKafkajsMember } from './kafkajs-member.js';

const PRODUCE_TIMEOUT_MS = 5_000;
const RETRY_MAX_MS = 500;
/** Not used without transactions, but the request has the field. */
const TRANSACTION_TIMEOUT_MS = 60_000;
/** Sequence numbers are 32 bits and wrap; a new session well before that is simpler than wrapping with them. */
const SEQUENCE_MAX = 2 ** 31 - 1_000_000;

export function createKafkajsClient(config: ClientConfig): KafkaClient {
  const kafka = kafkaOf(config);
  const admin = kafka.admin();

  /** The library connects again by itself once it was connected; connecting twice is free. */
  const ask = async <T>(topic: string, question: () => Promise<T>): Promise<T> => {
    try {
      await admin.connect();
      return await question();
    } catch (error) {
      throw mapError(error, topic);
    }
  };

  return {
    maxSendRecords: 10_000,

    async partitionCount(topic) {
      return await ask(topic, async () => {
        const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
        const count = topics.find(({ name }) => name === topic)?.partitions.length ?? 0;
        if (count === 0) throw new UnknownTopic(topic);
        return count;
      });
    },

    async createTopics(topics: readonly TopicSpec[], replicationFactor) {
      for (const { name, partitions, retentionMs } of topics) {
        const configEntries = [{ name: 'retention.ms', value: String(retentionMs) }];
        const spec = { topic: name, numPartitions: partitions, replicationFactor, configEntries };
        await ask(name, async () => await admin.createTopics({ topics: [spec], waitForLeaders: true }));
      }
    },

    async offsets(topic) {
      const found = await ask(topic, async () => await admin.fetchTopicOffsets(topic));
      return found
        .map(({ partition, low, high }) => ({ partition, start: Number(low), end: Number(high) }))
        .sort((a, b) => a.partition - b.partition);
    },

    async committed(group, topic) {
      const found = await ask(topic, async () => await admin.fetchOffsets({ groupId: group, topics: [topic] }));
      const entries = found.flatMap(({ partitions }) => partitions);
      return new Map(entries.flatMap(({ partition, offset }) => (Number(offset) < 0 ? [] : [[partition, Number(offset)]])));
    },

    async ping() {
      await ask('', async () => await admin.describeCluster());
    },

    openProducer: () => new KafkajsProducer(config),
    openMember: (options: MemberOptions) => openKafkajsMember(config, options),
    close: async () => await admin.disconnect().catch(() => undefined),
  };
}

/**
 * An idempotent producer: each batch carries the producer's id and the sequence number of its first record, and is
 * sent again under the same number until it is acknowledged, so that the broker drops repeats.
 */
class KafkajsProducer implements ProducerSession {
  readonly #cluster: Cluster;
  readonly #logger: ClientConfig['logger'];
  readonly #sequences = new Map<string, number>();
  #identity: { producerId: string; producerEpoch: number } | undefined;
  #topic: string | undefined;
  #closed = false;

  constructor(config: ClientConfig) {
    this.#cluster = createCluster(config);
    this.#logger = config.logger;
  }

  async send(topic: string, records: PartitionedRecords): Promise<void> {
    const now = String(Date.now());
    const unsent = new Map([...records].map(([partition, list]) => [partition, list.map((record) => toMessage(record, now))]));
    for (let attempt = 0; unsent.size > 0; attempt++) {
      if (this.#closed) throw new LogUnavailable('The producer is closed.');
      try {
        await this.#prepare(topic);
        await this.#sendOnce(topic, unsent);
      } catch (error) {
        if (this.#closed || !isTransient(error)) throw mapError(error, topic);
        this.#logger.debug({ topic, attempt, err: error }, 'Sending records failed, will try again.');
        await sleep(Math.min(RETRY_MAX_MS, retryDelay(undefined, attempt)));
        if (!this.#closed) await recover(this.#cluster, error);
      }
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#cluster.disconnect();
  }

  async #prepare(topic: string): Promise<void> {
    if (!this.#cluster.isConnected()) await this.#cluster.connect();
    if (this.#topic !== topic) {
      await this.#cluster.addTargetTopic(topic);
      this.#topic = topic;
    }
    if (!this.#identity) {
      const controller = await this.#cluster.findControllerBroker();
      this.#identity = await controller.initProducerId({ transactionTimeout: TRANSACTION_TIMEOUT_MS });
    }
  }

  /** One request to each leader, side by side. What is acknowledged is taken out of `unsent`. */
  async #sendOnce(topic: string, unsent: Map<number, ProducedMessage[]>): Promise<void> {
    const identity = this.#identity;
    if (!identity) throw new LogUnavailable('The producer has no id.');
    const leaders = new Map(this.#cluster.findTopicPartitionMetadata(topic).map(({ partitionId, leader }) => [partitionId, leader]));
    const byLeader = Map.groupBy(unsent.keys(), (partition) => {
      const leader = leaders.get(partition);
      if (leader === undefined || leader < 0) throw new LogUnavailable(`Partition ${partition} of "${topic}" has no leader.`);
      return leader;
    });
    const outcomes = await Promise.allSettled(
      [...byLeader].map(async ([nodeId, partitions]) => {
        const broker = await this.#cluster.findBroker({ nodeId });
        const batches = partitions.map((partition) => ({
          partition,
          firstSequence: this.#sequences.get(`${topic}:${partition}`) ?? 0,
          messages: unsent.get(partition) ?? [],
        }));
        if (batches.some(({ firstSequence }) => firstSequence > SEQUENCE_MAX)) throw new LogUnavailable('The producer is worn out.');
        await broker.produce({ acks: -1, timeout: PRODUCE_TIMEOUT_MS, ...identity, topicData: [{ topic, partitions: batches }] });
        for (const { partition, firstSequence, messages } of batches) {
          this.#sequences.set(`${topic}:${partition}`, firstSequence + messages.length);
          unsent.delete(partition);
        }
      }),
    );
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed) throw failed.reason;
  }
}

function toMessage(record: LogRecord, timestamp: string): ProducedMessage {
  return { key: record.key === null ? null : Buffer.from(record.key), value: record.value, headers: record.headers, timestamp };
}

/** Sequence errors end the session: whether the batch was taken is not known to this producer any more. */
function isTransient(error: unknown): boolean {
  return !hasType(
    error,
    'UNKNOWN_PRODUCER_ID',
    'OUT_OF_ORDER_SEQUENCE_NUMBER',
    'INVALID_PRODUCER_EPOCH',
    'INVALID_PRODUCER_ID_MAPPING',
    'MESSAGE_TOO_LARGE',
    'RECORD_LIST_TOO_LARGE',
    'UNKNOWN_TOPIC_OR_PARTITION',
    'TOPIC_AUTHORIZATION_FAILED',
    'CLUSTER_AUTHORIZATION_FAILED',
  );
}
