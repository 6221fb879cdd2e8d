import { once } from 'node:events';
import { expect } from '@jest/globals';
import { RetryLater } from '../../errors.js';
import { firstSequences, inOrder, record, sequences, type Bench } from '../bench.js';

export function stopCases(bench: Bench): void {
  bench.it('ends the batch in flight, commits it, and gives none of it again after a restart', async () => {
    const { log, topic, group } = await bench.withTopic(2);
    await log.append(topic, sequences(10, 10));
    const slow = Promise.withResolvers<void>();
    const first = await bench.read(log, { topic, group, maxBatchRecords: 10, onBatch: async () => await slow.promise });
    await first.until(() => first.batches.length > 0, 'work in flight');
    const stopped = first.stop();
    slow.resolve();
    await stopped;
    const handled = first.handled.length;
    expect(handled).toBeGreaterThan(0);
    expect(sum((await log.committed(group, topic)).values())).toBe(handled);
    const second = await bench.read(await bench.open(), { topic, group });
    await second.untilHandled(100 - handled);
    expect(first.handled).toHaveLength(handled);
    expect([...first.values, ...second.values]).toHaveLength(100);
    expect(firstSequences([...first.values, ...second.values])).toEqual(inOrder(10, 10));
  });

  bench.it('tells the batch in flight by its signal, and waits for it', async () => {
    const { log, topic, group } = await bench.withTopic(1);
    await log.append(topic, [record('key', 'value')]);
    const reader = await bench.read(log, {
      topic,
      group,
      onBatch: async ({ signal }) => {
        if (!signal.aborted) await once(signal, 'abort');
      },
    });
    await reader.until(() => reader.batches.length > 0, 'work in flight');
    await reader.stop();
    expect(reader.values).toEqual(['value']);
    expect(reader.events.map(({ kind }) => kind)).toEqual(['assigned', 'start', 'end', 'revoked']);
    expect(await log.committed(group, topic)).toEqual(new Map([[0, 1]]));
  });

  bench.it('commits only what was done when the batch in flight rejects', async () => {
    const { log, topic, group } = await bench.withTopic(1);
    await log.append(topic, sequences(1, 4));
    const first = await bench.read(log, {
      topic,
      group,
      onBatch: async (batch) => {
        if (!batch.signal.aborted) await once(batch.signal, 'abort');
        batch.done(1);
        throw new Error('There was no time for the rest.');
      },
    });
    await first.until(() => first.batches[0]?.records.length === 4, 'work in flight');
    await first.stop();
    expect(await log.committed(group, topic)).toEqual(new Map([[0, 2]]));
    const second = await bench.read(log, { topic, group });
    await second.untilHandled(2);
    expect(second.values).toEqual(['key-0:2', 'key-0:3']);
  });

  bench.it('does not wait for the end of a back-off', async () => {
    const { log, topic, group } = await bench.withTopic(1);
    await log.append(topic, [record('key', 'value')]);
    const reader = await bench.read(log, {
      topic,
      group,
      onBatch: async () => {
        throw new RetryLater(600_000, 'come back in ten minutes');
      },
    });
    await reader.until(() => reader.events.some(({ kind }) => kind === 'failed'), 'a failure');
    await reader.stop();
    expect(reader.partitionsOf('revoked')).toEqual([0]);
    expect(await log.committed(group, topic)).toEqual(new Map());
  });

  bench.it('may be stopped twice, and without having had work', async () => {
    const { log, topic, group } = await bench.withTopic(2);
    const reader = await bench.read(log, { topic, group });
    await Promise.all([reader.stop(), reader.stop()]);
    await reader.stop();
  });

  bench.it('stops its consumers when the log closes', async () => {
    const { log, topic, group } = await bench.withTopic(1);
    await log.append(topic, [record('key', 'value')]);
    const reader = await bench.read(log, { topic, group });
    await reader.untilHandled(1);
    await bench.close(log);
    expect(reader.partitionsOf('revoked')).toEqual([0]);
    const again = await bench.open();
    expect(await again.committed(group, topic)).toEqual(new Map([[0, 1]]));
  });
}

function sum(values: Iterable<number>): number {
  return [...values].reduce((total, value) => total + value, 0);
}
