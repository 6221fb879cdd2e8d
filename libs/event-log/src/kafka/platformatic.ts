/** The event log's Kafka client on @platformatic/kafka: producer, administration. The group member is beside it. */
import { Admin, type ClusterMetadata, Producer } from '@platformatic/kafka';
import { UnknownTopic } from '../errors.js';
import type { LogRecord, TopicOffsets, TopicSpec } from '../port.js';
import type { ClientConfig, KafkaClient, Member, MemberOptions, PartitionedRecords, ProducerSession } from './client.js';
import { closeQuietly, commonOptions, hasApiId, mapError } from './platformatic-common.js';
import { openPlatformaticMember } from './platformatic-member.js';

const SEND_RETRY_MS = 200;
/** More than any append's deadline leaves room for: the driver closes the session first. */
const SEND_RETRIES = 1_000;
const EARLIEST = -2n;
const LATEST = -1n;

export function createPlatformaticClient(config: ClientConfig): KafkaClient {
  const common = commonOptions(config);
  const admin = new Admin({ ...common, retries: 0 });

  const metadata = async (topic: string): Promise<ClusterMetadata> => {
    try {
      return await admin.metadata({ topics: [topic], forceUpdate: true });
    } catch (error) {
      throw mapError(error, topic);
    }
  };

  const listOffsets = async (topic: string, partitions: number, timestamp: bigint): Promise<Map<number, number>> => {
    const request = {
      topics: [{ name: topic, partitions: Array.from({ length: partitions }, (_, partitionIndex) => ({ partitionIndex, timestamp })) }],
    };
    const listed = await admin.listOffsets(request);
    return new Map(listed.flatMap(({ partitions: found }) => found.map(({ partitionIndex, offset }) => [partitionIndex, Number(offset)])));
  };

  return {
    maxSendRecords: 10_000,

    async partitionCount(topic) {
      const found = (await metadata(topic)).topics.get(topic);
      if (!found) throw new UnknownTopic(topic);
      return found.partitionsCount;
    },

    async createTopics(topics: readonly TopicSpec[], replicationFactor) {
      for (const { name, partitions, retentionMs } of topics) {
        const configs = [{ name: 'retention.ms', value: String(retentionMs) }];
        try {
          await admin.createTopics({ topics: [name], partitions, replicas: replicationFactor, configs });
        } catch (error) {
          if (!hasApiId(error, 'TOPIC_ALREADY_EXISTS')) throw mapError(error, name);
        }
      }
    },

    async offsets(topic): Promise<TopicOffsets[]> {
      try {
        const partitions = (await metadata(topic)).topics.get(topic)?.partitionsCount ?? 0;
        const [starts, ends] = [await listOffsets(topic, partitions, EARLIEST), await listOffsets(topic, partitions, LATEST)];
        return Array.from({ length: partitions }, (_, partition) => ({
          partition,
          start: starts.get(partition) ?? 0,
          end: ends.get(partition) ?? 0,
        }));
      } catch (error) {
        throw mapError(error, topic);
      }
    },

    async committed(group, topic, partitions) {
      const partitionIndexes = Array.from({ length: partitions }, (_, index) => index);
      try {
        const groups = await admin.listConsumerGroupOffsets({ groups: [{ groupId: group, topics: [{ name: topic, partitionIndexes }] }] });
        const found = groups.flatMap(({ topics }) => topics).flatMap((entry) => entry.partitions);
        return new Map(
          found.flatMap(({ partitionIndex, committedOffset }) => (committedOffset < 0n ? [] : [[partitionIndex, Number(committedOffset)]])),
        );
      } catch (error) {
        throw mapError(error, topic);
      }
    },

    async ping() {
      try {
        await admin.metadata({ topics: [], forceUpdate: true });
      } catch (error) {
        throw mapError(error, '');
      }
    },

    openProducer: () => new PlatformaticProducer(config),
    openMember: (options: MemberOptions): Member => openPlatformaticMember(config, options),
    close: () => closeQuietly(admin),
  };
}

class PlatformaticProducer implements ProducerSession {
  readonly #producer: Producer;
  /** The same few header names come with every record. */
  readonly #headerNames = new Map<string, Buffer>();

  constructor(config: ClientConfig) {
    this.#producer = new Producer({ ...commonOptions(config), idempotent: true, retries: SEND_RETRIES, retryDelay: SEND_RETRY_MS });
  }

  async send(topic: string, records: PartitionedRecords): Promise<void> {
    const messages = [...records].flatMap(([partition, list]) => list.map((record) => this.#message(topic, partition, record)));
    try {
      await this.#producer.send({ messages });
    } catch (error) {
      throw mapError(error, topic);
    }
  }

  close(): Promise<void> {
    return closeQuietly(this.#producer);
  }

  #message(topic: string, partition: number, record: LogRecord): Parameters<Producer['send']>[0]['messages'][number] {
    const headers = new Map<Buffer, Buffer>();
    for (const [name, value] of Object.entries(record.headers)) headers.set(this.#headerName(name), Buffer.from(value));
    const message = { topic, partition, value: record.value, headers };
    return record.key === null ? message : { ...message, key: Buffer.from(record.key) };
  }

  #headerName(name: string): Buffer {
    const known = this.#headerNames.get(name);
    if (known) return known;
    const encoded = Buffer.from(name);
    if (this.#headerNames.size < 100) this.#headerNames.set(name, encoded);
    return encoded;
  }
}
