import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { describeReal, type KafkaBroker, startKafka, topicName } from '@tocsin/testing';
import { LogUnavailable } from '../errors.js';
import type { EventLog, LogRecord } from '../port.js';
import { type KafkaLogOptions, openKafkaLog } from './driver.js';

const START_MS = 120_000;
const CASE_MS = 60_000;
const SESSION_MS = 2_000;

describeReal('kafka-process', 'Kafka that goes away', () => {
  let kafka: KafkaBroker;
  const opened: EventLog[] = [];

  beforeAll(async () => {
    kafka = await startKafka();
  }, START_MS);
  afterAll(async () => {
    // Of a case that failed; the others closed theirs.
    await Promise.all(opened.map((log) => log.close()));
    await kafka.close();
  });

  const open = async (client: KafkaLogOptions['client'], appendTimeoutMs = 10_000, sessionTimeoutMs = SESSION_MS): Promise<EventLog> => {
    const log = await openKafkaLog({ brokers: [kafka.brokers], clientId: 'outage', client, sessionTimeoutMs, appendTimeoutMs });
    opened.push(log);
    return log;
  };
  const withTopic = async (log: EventLog, partitions: number): Promise<string> => {
    const name = topicName('outage');
    await log.ensureTopics([{ name, partitions, retentionMs: 3_600_000 }]);
    return name;
  };
  const numbered = (from: number, to: number): LogRecord[] =>
    Array.from({ length: to - from }, (_, index) => ({ key: 'key', value: Buffer.from(String(from + index)), headers: {} }));

  for (const client of ['platformatic', 'kafkajs'] as const) {
    describe(client, () => {
      it(
        'rejects an append in its time while the broker is down, and takes it when it is back',
        async () => {
          const log = await open(client, 1_500);
          const topic = await withTopic(log, 1);
          await log.append(topic, numbered(0, 1));
          await kafka.kill();
          const started = performance.now();
          await expect(log.append(topic, numbered(1, 2))).rejects.toThrow(LogUnavailable);
          expect(performance.now() - started).toBeLessThan(3_000);
          await expect(log.ping(AbortSignal.timeout(500))).rejects.toThrow(LogUnavailable);
          await kafka.start();
          await log.append(topic, numbered(2, 3)).catch(() => log.append(topic, numbered(2, 3)));
          await log.ping();
          await log.close();
        },
        CASE_MS,
      );

      it(
        'rejects when the broker accepts connections but does not answer, and orders what comes after',
        async () => {
          const log = await open(client, 1_000);
          const topic = await withTopic(log, 1);
          await log.append(topic, numbered(0, 1));
          process.kill(kafka.pid ?? 0, 'SIGSTOP');
          await expect(log.append(topic, numbered(1, 2))).rejects.toThrow(LogUnavailable);
          process.kill(kafka.pid ?? 0, 'SIGCONT');
          await eventually(() => log.append(topic, numbered(2, 3)));
          const read = await readUntil(log, topic, (values) => values.includes('2'));
          // The refused one may have been written, but not behind the one that was appended later.
          expect(read.filter((value, index) => read.indexOf(value) === index)).toEqual(read.includes('1') ? ['0', '1', '2'] : ['0', '2']);
          await log.close();
        },
        CASE_MS,
      );

      it(
        'goes on consuming after an outage that outlasts the session',
        async () => {
          const log = await open(client);
          const topic = await withTopic(log, 3);
          const seen: string[] = [];
          const assignments: number[] = [];
          const changed = new Condition();
          const consumer = await log.consume({
            topic,
            group: topicName('group'),
            onAssigned: async (partition) => void assignments.push(partition),
            onBatch: async ({ records }) => {
              seen.push(...records.map(({ value }) => value.toString()));
              changed.notify();
            },
          });
          await log.append(topic, numbered(0, 10));
          await changed.until(() => seen.includes('9'));
          await kafka.kill();
          // The length of the outage is what the case is about.
          await new Promise((resolve) => setTimeout(resolve, SESSION_MS * 2));
          await kafka.start();
          await eventually(() => log.append(topic, numbered(10, 20)));
          await changed.until(() => seen.includes('19'));
          const first = [...new Set(seen)].map(Number);
          expect(first).toEqual(Array.from({ length: 20 }, (_, index) => index));
          await consumer.stop();
          await log.close();
        },
        CASE_MS,
      );

      it(
        'gives the partition on when a handler does not end, but never runs two handlers of its own at once',
        async () => {
          const [slow, other] = [await open(client), await open(client)];
          const topic = await withTopic(slow, 2);
          const group = topicName('group');
          await slow.append(
            topic,
            Array.from({ length: 20 }, (_, index) => ({ key: `key-${index}`, value: Buffer.from('x'), headers: {} })),
          );
          const release = Promise.withResolvers<void>();
          const running = new Map<number, number>();
          let overlaps = 0;
          let held = 0;
          const changed = new Condition();
          const first = await slow.consume({
            topic,
            group,
            async onBatch({ partition }) {
              running.set(partition, (running.get(partition) ?? 0) + 1);
              if ((running.get(partition) ?? 0) > 1) overlaps += 1;
              held += 1;
              changed.notify();
              await release.promise;
              running.set(partition, (running.get(partition) ?? 0) - 1);
            },
          });
          await changed.until(() => held === 2);
          const taken: number[] = [];
          const second = await other.consume({
            topic,
            group,
            async onBatch({ records }) {
              taken.push(...records.map(({ offset }) => offset));
              changed.notify();
            },
          });
          await changed.until(() => taken.length > 0);
          release.resolve();
          await first.stop();
          await second.stop();
          expect(overlaps).toBe(0);
          await slow.close();
          await other.close();
        },
        CASE_MS,
      );

      it(
        'does not wait for the slow members of its group when it stops while joining',
        async () => {
          const log = await open(client, undefined, 30_000);
          const topic = await withTopic(log, 2);
          const group = topicName('group');
          await log.append(topic, numbered(0, 1));
          const [held, rebalancing, release] = [Promise.withResolvers<void>(), Promise.withResolvers<void>(), Promise.withResolvers<void>()];
          const holder = await log.consume({
            topic,
            group,
            async onBatch({ signal }) {
              signal.addEventListener('abort', () => rebalancing.resolve());
              held.resolve();
              await release.promise;
            },
          });
          await held.promise;
          const joining = await log.consume({ topic, group, onBatch: async () => undefined });
          await rebalancing.promise;
          const started = performance.now();
          await joining.stop();
          expect(performance.now() - started).toBeLessThan(5_000);
          release.resolve();
          await holder.stop();
          expect(await log.committed(group, topic)).toHaveProperty('size', 1);
          await log.close();
        },
        CASE_MS,
      );
    });
  }

  it(
    'lets members on both clients share a group, so that the client can be changed in a rolling update',
    async () => {
      const [one, two] = [await open('platformatic'), await open('kafkajs')];
      const topic = await withTopic(one, 4);
      const group = topicName('group');
      const owners = new Map<number, string>();
      const seen: string[] = [];
      const changed = new Condition();
      const consumers = await Promise.all(
        [one, two].map(
          async (log, index) =>
            await log.consume({
              topic,
              group,
              async onAssigned(partition) {
                owners.set(partition, String(index));
                changed.notify();
              },
              async onBatch({ records }) {
                seen.push(...records.map(({ value }) => value.toString()));
                changed.notify();
              },
            }),
        ),
      );
      await changed.until(() => owners.size === 4 && new Set(owners.values()).size === 2);
      await one.append(
        topic,
        Array.from({ length: 40 }, (_, index) => ({ key: `key-${index}`, value: Buffer.from(String(index)), headers: {} })),
      );
      await changed.until(() => new Set(seen).size === 40);
      await Promise.all(consumers.map((consumer) => consumer.stop()));
      await Promise.all([one.close(), two.close()]);
    },
    CASE_MS,
  );

  async function readUntil(log: EventLog, topic: string, enough: (values: string[]) => boolean): Promise<string[]> {
    const values: string[] = [];
    const changed = new Condition();
    const consumer = await log.consume({
      topic,
      group: topicName('reader'),
      onBatch: async ({ records }) => {
        values.push(...records.map(({ value }) => value.toString()));
        changed.notify();
      },
    });
    await changed.until(() => enough(values));
    await consumer.stop();
    return values;
  }
});

/** Waits for what handlers bring about. */
class Condition {
  #waiting: (() => void)[] = [];

  notify(): void {
    for (const resolve of this.#waiting.splice(0)) resolve();
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}

async function eventually(attempt: () => Promise<void>): Promise<void> {
  for (;;) {
    try {
      await attempt();
      return;
    } catch (error) {
      if (!(error instanceof LogUnavailable)) throw error;
    }
  }
}
