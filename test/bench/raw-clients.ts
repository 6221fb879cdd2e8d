import { randomBytes } from 'node:crypto';
import { Consumer, MessagesStreamModes, Producer } from '@platformatic/kafka';
import { Kafka, logLevel } from 'kafkajs';

/** A raw limit: what the client does with 1 KB records, acks from all, 500 per request, one request in flight. */
export interface RawClient {
  produce(topic: string, records: number): Promise<number>;
  consume(topic: string, records: number): Promise<number>;
}

const VALUE = randomBytes(1024);
const BATCH = 500;

/** Both return records per second. */
export function rawPlatformatic(brokers: string): RawClient {
  const common = { clientId: 'bench', bootstrapBrokers: [brokers] };
  return {
    async produce(topic, records) {
      const producer = new Producer<string, Buffer, string, string>({ ...common, acks: -1 });
      const messages = Array.from({ length: BATCH }, (_, index) => ({ topic, key: Buffer.from(`key-${index % 48}`), value: VALUE }));
      await producer.send({ messages: messages as never });
      const rate = await perSecond(records, async () => {
        for (let sent = 0; sent < records; sent += BATCH) await producer.send({ messages: messages as never });
      });
      await producer.close();
      return rate;
    },
    async consume(topic, records) {
      const consumer = new Consumer({ ...common, groupId: `bench-${Math.random()}`, autocommit: false });
      // The clock includes joining the group, for both clients: the stream has read ahead when its first message is seen.
      const rate = await perSecond(records, async () => {
        const stream = await consumer.consume({ topics: [topic], mode: MessagesStreamModes.EARLIEST });
        let seen = 0;
        for await (const _ of stream) if (++seen >= records) break;
      });
      await consumer.close(true);
      return rate;
    },
  };
}

/** What the raw client does from one topic to another, with the batches and the acknowledgements that we use; records per second from the first to the last. */
export async function passThrough(brokers: string, from: string, to: string, records: number): Promise<number> {
  const common = { clientId: 'bench', bootstrapBrokers: [brokers] };
  const consumer = new Consumer({ ...common, groupId: `bench-${Math.random()}`, autocommit: false });
  const producer = new Producer<string, Buffer, string, string>({ ...common, acks: -1 });
  const stream = await consumer.consume({ topics: [from], mode: MessagesStreamModes.EARLIEST });
  let seen = 0;
  let started = 0;
  let batch: object[] = [];
  for await (const { key, value, headers } of stream) {
    if (started === 0) started = performance.now();
    seen += 1;
    batch.push({ topic: to, key, value, headers });
    if (batch.length < BATCH && seen < records) continue;
    await producer.send({ messages: batch as never });
    batch = [];
    if (seen >= records) break;
  }
  const rate = records / ((performance.now() - started) / 1000);
  await consumer.close(true);
  await producer.close();
  return rate;
}

export function rawKafkajs(brokers: string): RawClient {
  const kafka = new Kafka({ clientId: 'bench', brokers: [brokers], logLevel: logLevel.NOTHING });
  return {
    async produce(topic, records) {
      const producer = kafka.producer({ idempotent: false });
      await producer.connect();
      const messages = Array.from({ length: BATCH }, (_, index) => ({ key: `key-${index % 48}`, value: VALUE }));
      await producer.send({ topic, messages, acks: -1 });
      const rate = await perSecond(records, async () => {
        for (let sent = 0; sent < records; sent += BATCH) await producer.send({ topic, messages, acks: -1 });
      });
      await producer.disconnect();
      return rate;
    },
    async consume(topic, records) {
      const consumer = kafka.consumer({ groupId: `bench-${Math.random()}` });
      await consumer.connect();
      await consumer.subscribe({ topic, fromBeginning: true });
      const { promise, resolve } = Promise.withResolvers<void>();
      const rate = await perSecond(records, async () => {
        let seen = 0;
        await consumer.run({
          autoCommit: false,
          eachBatch: async ({ batch }) => {
            seen += batch.messages.length;
            if (seen >= records) resolve();
          },
        });
        await promise;
      });
      await consumer.disconnect();
      return rate;
    },
  };
}

async function perSecond(count: number, work: () => Promise<void>): Promise<number> {
  const started = performance.now();
  await work();
  return count / ((performance.now() - started) / 1000);
}
