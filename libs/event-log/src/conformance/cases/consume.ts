import { expect } from '@jest/globals';
import { firstSequences, inOrder, record, sequences, type Bench } from '../bench.js';

export function consumeCases(bench: Bench): void {
  bench.it('keeps the order of each key over many partitions', async () => {
    const { log, topic, group } = await bench.withTopic(6);
    const reader = await bench.read(log, { topic, group, maxBatchRecords: 50 });
    for (let round = 0; round < 5; round++) await log.append(topic, sequences(40, 5, round * 5));
    await reader.untilHandled(1000);
    expect(reader.values).toHaveLength(1000);
    expect(firstSequences(reader.values)).toEqual(inOrder(40, 25));
  });

  bench.it('describes each batch as it is', async () => {
    const { log, topic, group } = await bench.withTopic(3);
    await log.append(topic, sequences(10, 10));
    const ends = new Map((await log.offsets(topic)).map(({ partition, end }) => [partition, end]));
    const reader = await bench.read(log, { topic, group, onBatch: async (batch) => await batch.heartbeat() });
    await reader.untilHandled(100);
    const next = new Map<number, number>();
    for (const batch of reader.batches) {
      expect(batch.topic).toBe(topic);
      expect(batch.records.length).toBeGreaterThan(0);
      expect(batch.highWatermark).toBe(ends.get(batch.partition));
      expect(batch.signal.aborted).toBe(false);
      for (const { offset } of batch.records) {
        expect(offset).toBeGreaterThanOrEqual(next.get(batch.partition) ?? 0);
        next.set(batch.partition, offset + 1);
      }
    }
  });

  bench.it('commits after the effect, never before', async () => {
    const { log, topic, group } = await bench.withTopic(1);
    await log.append(topic, [record('key', 'one'), record('key', 'two')]);
    const effect = Promise.withResolvers<void>();
    const reader = await bench.read(log, { topic, group, maxBatchRecords: 2, onBatch: async () => await effect.promise });
    await reader.until(() => reader.batches.length > 0, 'a batch in flight');
    // A round trip through the log gives a premature commit the time to show.
    await bench.readAll(log, topic);
    expect(await log.committed(group, topic)).toEqual(new Map());
    effect.resolve();
    await bench.eventually(async () => (await log.committed(group, topic)).get(0) === 2, 'the commit after the effect');
  });

  bench.it('wakes up for records that come while it waits', async () => {
    const { log, topic, group } = await bench.withTopic(2);
    const reader = await bench.read(log, { topic, group });
    for (let index = 0; index < 10; index++) {
      await log.append(topic, [record(`key-${index}`, `${index}`)]);
      await reader.untilHandled(index + 1);
    }
    expect(reader.values).toEqual(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
  });

  bench.it('begins with the oldest record, by default', async () => {
    const { log, topic, group } = await bench.withTopic(2);
    await log.append(topic, [record('a', 'old'), record('b', 'old')]);
    const reader = await bench.read(log, { topic, group });
    await reader.untilHandled(2);
    expect(reader.values).toEqual(['old', 'old']);
  });

  bench.it('begins with what comes next, when asked to', async () => {
    const { log, topic, group } = await bench.withTopic(2);
    await log.append(topic, [record('a', 'old'), record('b', 'old'), record('c', 'old')]);
    const reader = await bench.read(log, { topic, group, from: 'latest' });
    // The broker may look up where "latest" is after the assignment, so that one record is not enough to show it.
    await bench.eventually(async () => {
      await log.append(topic, [record('a', 'new'), record('b', 'new'), record('c', 'new')]);
      return reader.handled.length > 0;
    }, 'a new record');
    expect(new Set(reader.values)).toEqual(new Set(['new']));
  });

  bench.it('goes on where its group stopped, wherever a new group would begin', async () => {
    const { log, topic, group } = await bench.withTopic(1);
    await log.append(topic, [record('key', 'before')]);
    const first = await bench.read(log, { topic, group });
    await first.untilHandled(1);
    await first.stop();
    await log.append(topic, [record('key', 'meanwhile')]);
    const second = await bench.read(log, { topic, group, from: 'latest' });
    await second.untilHandled(1);
    expect(second.values).toEqual(['meanwhile']);
  });
}
