import { afterEach, beforeEach, expect, it, jest } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { openKafkaLog, type EventLog, type StoredRecord } from '@tocsin/event-log';
import { createLogger } from '@tocsin/runtime';
import { buildIncident, buildViolation, describeReal, freePort, sharedKafka } from '@tocsin/testing';
import type { Channel } from '../channel.js';
import { delivery, deliveryOf, runChannelContract } from '../contract.js';
import { channelDeps } from '../testing.js';
import { kafka } from './kafka.js';

jest.setTimeout(60_000);
const never = new AbortController().signal;

describeReal('kafka', 'events in a topic of a real Kafka', () => {
  let brokers: string[];
  let log: EventLog | undefined;
  let topic: string;
  const records: StoredRecord[] = [];
  beforeEach(async () => {
    brokers = (await sharedKafka()).brokers.split(',');
    const opened = (log = await openKafkaLog({ brokers, client: 'platformatic', clientId: 'test', logger: createLogger('test', 'silent') }));
    topic = `test-${randomUUID()}`;
    await opened.ensureTopics([{ name: topic, partitions: 2, retentionMs: 3_600_000 }]);
    records.length = 0;
    await opened.consume({
      topic,
      group: topic,
      onBatch: async (batch) => {
        records.push(...batch.records);
      },
    });
  });
  afterEach(() => log?.close());

  const create = (config: object = {}): Channel => kafka.create(kafka.config.parse({ brokers, topic, timeout: '10s', ...config }), channelDeps());
  const until = async (count: number): Promise<StoredRecord[]> => {
    while (records.length < count) await new Promise((resolve) => setTimeout(resolve, 20));
    return records;
  };

  runChannelContract('kafka', {
    canary: 'no secrets',
    healthy: async () => ({
      // One workload: its violations are in order.
      channel: create(),
      received: async () => (await until(5)).map(({ headers }) => JSON.stringify(headers)),
    }),
    refused: async () => {
      const channel = create({ brokers: [`127.0.0.1:${await freePort()}`], timeout: '5s' });
      return {
        takes: 'stream',
        send: async (batch, signal) =>
          (await channel.send(batch, signal)).map((one) => (one.ok || one.reason !== 'timeout' ? one : { ...one, reason: 'connection' })),
        close: () => channel.close(),
      };
    },
  });

  it('have the subject as their key, the ids as headers, and the bytes that the format wrote', async () => {
    const channel = create();
    const incident = deliveryOf('incident', buildIncident());
    const violation = delivery({ data: buildViolation() });
    expect(await channel.send([incident, violation], never)).toEqual([{ ok: true }, { ok: true }]);
    const found = await until(2);
    const of = (id: string): StoredRecord | undefined => found.find(({ headers }) => headers['tocsin-delivery'] === id);
    expect(of(incident.id)?.key).toBe(buildIncident().id);
    expect(of(incident.id)?.headers).toMatchObject({
      ce_id: incident.event.id,
      ce_type: 'dev.tocsin.incident.v1',
      'content-type': 'application/json',
    });
    expect(of(incident.id)?.value).toEqual(incident.content.body);
    expect(of(violation.id)?.key).toMatch(/^test\/shop\//);
    await channel.close();
  });

  it('go on without the one that is too large', async () => {
    const channel = create();
    const content = { format: 'tocsin', mediaType: 'application/json', body: Buffer.alloc(64 * 1024 * 1024, 'x') };
    const batch = [delivery(), delivery({ content }), delivery()];
    expect(await channel.send(batch, never)).toMatchObject([{ ok: true }, { ok: false, retry: false, reason: 'too_large' }, { ok: true }]);
    await until(2);
    await channel.close();
  });

  it('wait for a topic that is not there', async () => {
    const channel = create({ topic: `missing-${randomUUID()}` });
    expect(await channel.send([delivery()], never)).toMatchObject([{ ok: false, retry: true, reason: 'config' }]);
    await channel.close();
  });
});

it('refuses to write into a topic that it reads', () => {
  expect(kafka.config.safeParse({ brokers: ['k:1'], topic: 'tocsin.violations' }).success).toBe(false);
});
