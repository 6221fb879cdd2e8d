import { expect } from '@jest/globals';
import { sequences, type Bench } from '../bench.js';

const DEFAULT_MAX_PREFETCH_BYTES = 4 * 1024 * 1024;

export function backPressureCases(bench: Bench): void {
  bench.it('never gives more records than maxBatchRecords', async () => {
    const { log, topic, group } = await bench.withTopic(2);
    await log.append(topic, sequences(10, 30));
    const reader = await bench.read(log, { topic, group, maxBatchRecords: 7 });
    await reader.untilHandled(300);
    expect(Math.max(...reader.batches.map(({ records }) => records.length))).toBeLessThanOrEqual(7);
  });

  bench.it('does not fetch on without end while a handler is slow', async () => {
    const { log, topic, group } = await bench.withTopic(1);
    const bytes = 64 * 1024;
    const limit = bench.harness.maxPrefetchBytes ?? DEFAULT_MAX_PREFETCH_BYTES;
    const total = Math.ceil((3 * limit) / bytes);
    const slow = Promise.withResolvers<void>();
    const reader = await bench.read(log, { topic, group, maxBatchRecords: 2, onBatch: async () => await slow.promise });
    const value = Buffer.alloc(bytes, 'x');
    for (let written = 0; written < total; written += 4) {
      await log.append(
        topic,
        Array.from({ length: 4 }, () => ({ key: 'key', value, headers: {} })),
      );
    }
    await reader.until(() => reader.batches.length > 0, 'a slow batch');
    // Reading all of it elsewhere gives a greedy consumer the time to show.
    await bench.readAll(log, topic);
    const end = (await log.offsets(topic))[0]?.end ?? 0;
    await log.append(topic, [{ key: 'key', value: Buffer.from('last'), headers: {} }]);
    slow.resolve();
    await reader.until(() => reader.handled.at(-1)?.value.toString() === 'last', 'the last record');
    // A batch says how long its partition was when it was fetched: this tells what had been fetched ahead.
    const ahead = reader.batches.slice(1).filter(({ highWatermark }) => highWatermark <= end);
    expect(ahead.reduce((sum, { records }) => sum + records.length, 0) * bytes).toBeLessThanOrEqual(limit);
    expect(reader.handled).toHaveLength(end + 1);
  });

  bench.it('has one batch of a partition in flight at a time', async () => {
    const { log, topic, group } = await bench.withTopic(3);
    await log.append(topic, sequences(20, 20));
    const inFlight = new Set<number>();
    let overlaps = 0;
    const reader = await bench.read(log, {
      topic,
      group,
      maxBatchRecords: 10,
      onBatch: async (batch) => {
        if (inFlight.has(batch.partition)) overlaps++;
        inFlight.add(batch.partition);
        await batch.heartbeat();
        await new Promise((resolve) => setImmediate(resolve));
        inFlight.delete(batch.partition);
      },
    });
    await reader.untilHandled(400);
    expect(overlaps).toBe(0);
  });
}
