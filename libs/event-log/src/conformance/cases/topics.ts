import { expect } from '@jest/globals';
import { TopicMismatch, UnknownTopic } from '../../errors.js';
import { record, type Bench } from '../bench.js';

const DAY_MS = 24 * 60 * 60 * 1000;

export function topicCases(bench: Bench): void {
  bench.it('creates missing topics, and does nothing when they are there', async () => {
    const log = await bench.open();
    const specs = ['a', 'b'].map((name) => ({ name: bench.harness.uniqueName(name), partitions: 3, retentionMs: DAY_MS }));
    await log.ensureTopics(specs);
    await log.append(specs[0]?.name ?? '', [record('key', 'value')]);
    await log.ensureTopics(specs);
    expect(await log.offsets(specs[1]?.name ?? '')).toEqual([0, 1, 2].map((partition) => ({ partition, start: 0, end: 0 })));
    expect((await bench.readAll(log, specs[0]?.name ?? '')).values).toEqual(['value']);
  });

  bench.it('lets several services create the same topics at once', async () => {
    const logs = [await bench.open(), await bench.open(), await bench.open()];
    const specs = [{ name: bench.harness.uniqueName('raced'), partitions: 2, retentionMs: DAY_MS }];
    await Promise.all(logs.map((log) => log.ensureTopics(specs)));
    expect(await logs[0]?.offsets(specs[0]?.name ?? '')).toHaveLength(2);
  });

  bench.it('refuses a topic that exists with another number of partitions', async () => {
    const { log, topic } = await bench.withTopic(3);
    await expect(log.ensureTopics([{ name: topic, partitions: 4, retentionMs: DAY_MS }])).rejects.toThrow(TopicMismatch);
    expect(await log.offsets(topic)).toHaveLength(3);
  });

  bench.it('refuses to append to and to consume from a topic that does not exist', async () => {
    const log = await bench.open();
    const topic = bench.harness.uniqueName('missing');
    await expect(log.append(topic, [record('key', 'value')])).rejects.toThrow(UnknownTopic);
    await expect(log.consume({ topic, group: bench.harness.uniqueName('group'), onBatch: async () => {} })).rejects.toThrow(UnknownTopic);
  });

  bench.it('counts what each partition holds', async () => {
    const { log, topic } = await bench.withTopic(4);
    await log.append(
      topic,
      Array.from({ length: 100 }, (_, index) => record(`key-${index}`, 'value')),
    );
    const offsets = await log.offsets(topic);
    expect(offsets.map(({ partition }) => partition)).toEqual([0, 1, 2, 3]);
    expect(offsets.map(({ start }) => start)).toEqual([0, 0, 0, 0]);
    expect(offsets.reduce((sum, { end }) => sum + end, 0)).toBe(100);
  });

  bench.it('knows no committed offset of a group that never was', async () => {
    const { log, topic, group } = await bench.withTopic(2);
    expect(await log.committed(group, topic)).toEqual(new Map());
  });

  bench.it('answers a ping', async () => {
    const log = await bench.open();
    await log.ping();
    await log.ping(AbortSignal.timeout(10_000));
  });
}
