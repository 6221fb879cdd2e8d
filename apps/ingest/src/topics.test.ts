import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { LogUnavailable, readDeadLetter, Topic, type Consumer } from '@tocsin/event-log';
import { ingestConfig, registry, type TopicConfig } from './config.js';
import { alert, faulty, keepDeps, logger, openTestLog, readTopic, topicLength, type FaultyLog } from './pipeline/testing.js';
import type { Source } from './sources/source.js';
import { consumeTopic } from './topics.js';

describe('topics as input', () => {
  let log: FaultyLog;
  let consumer: Consumer | undefined;
  beforeEach(async () => {
    log = faulty(await openTestLog());
    await log.ensureTopics([{ name: 'falco-events', partitions: 1, retentionMs: 60_000 }]);
  });
  afterEach(async () => {
    await consumer?.stop();
    await log.close();
  });

  async function consume(source: string): Promise<void> {
    const [config] = ingestConfig.parse({ topics: [{ topic: 'falco-events', source }] }).topics;
    const adapter = registry.get(source) as Source;
    consumer = await consumeTopic({
      ...keepDeps(log),
      config: config as TopicConfig,
      decoder: adapter.create(adapter.config.parse({}), undefined),
      logger,
      received: { cluster: 'test', limits: { maxItems: 100, maxDepth: 64 } },
    });
  }
  const put = (text: string, headers: Record<string, string> = {}) => log.append('falco-events', [{ key: null, value: Buffer.from(text), headers }]);

  it('appends violations and dead letters, with their origin, before it commits', async () => {
    await put(JSON.stringify(alert('a')));
    await put('not JSON');
    await consume('falco');
    const [letter] = await readTopic(log, Topic.DeadLetters, 1);
    expect(readDeadLetter(letter!)).toMatchObject({ component: 'falco', origin: { topic: 'falco-events', partition: 0, offset: 1 } });
    expect(await topicLength(log)).toBe(1);
    await consumer?.stop();
    consumer = undefined;
    expect((await log.committed('tocsin-ingest-falco-events', 'falco-events')).get(0)).toBe(2);
  });

  it('commits nothing while the log does not take its appends', async () => {
    await put(JSON.stringify(alert('a')));
    let refused: () => void = () => undefined;
    const tried = new Promise<void>((resolve) => (refused = resolve));
    log.failing = (topic) => {
      if (topic !== Topic.Violations) return undefined;
      refused();
      return new LogUnavailable('away');
    };
    await consume('falco');
    await tried;
    await consumer?.stop();
    consumer = undefined;
    expect((await log.committed('tocsin-ingest-falco-events', 'falco-events')).get(0) ?? 0).toBe(0);
    log.failing = undefined;
    await consume('falco');
    expect(await readTopic(log, Topic.Violations, 1)).toHaveLength(1);
  });

  it('reads CloudEvents of the Kafka binding', async () => {
    await put('{"name":"Crypto miner"}', {
      ce_specversion: '1.0',
      ce_id: '1',
      ce_source: '/s',
      ce_type: 't',
      'content-type': 'application/json; charset=utf-8',
    });
    await consume('cloudevents');
    const [record] = await readTopic(log, Topic.Violations, 1);
    expect(JSON.parse(record!.value.toString())).toMatchObject({ name: 'Crypto miner', source: 'cloudevents' });
  });
});
