import { expect } from '@jest/globals';
import { deadLetter, readDeadLetter } from '../../dead-letters.js';
import { RetryLater } from '../../errors.js';
import { firstSequences, inOrder, record, sequences, type Bench } from '../bench.js';

export function retryCases(bench: Bench): void {
  bench.it('gives the same records again in the same order when the handler rejects', async () => {
    const { log, topic, group } = await bench.withTopic(1);
    await log.append(topic, sequences(2, 10));
    let failures = 3;
    const reader = await bench.read(log, {
      topic,
      group,
      maxBatchRecords: 5,
      onBatch: async () => {
        if (failures-- > 0) throw new RetryLater(1, 'not yet');
      },
    });
    await reader.untilHandled(20);
    expect(reader.batches.slice(0, 4).map(({ records }) => records[0]?.offset)).toEqual([0, 0, 0, 0]);
    expect(reader.handled.map(({ offset }) => offset)).toEqual(Array.from({ length: 20 }, (_, offset) => offset));
    expect(firstSequences(reader.values)).toEqual(inOrder(2, 10));
  });

  bench.it('gives the records again after any other error too', async () => {
    const { log, topic, group } = await bench.withTopic(1);
    await log.append(topic, [record('key', 'value')]);
    let attempts = 0;
    const reader = await bench.read(log, {
      topic,
      group,
      onBatch: async () => {
        attempts++;
        if (attempts < 3) throw new Error('The receiver is down.');
      },
    });
    await reader.untilHandled(1);
    expect(attempts).toBe(3);
    expect(reader.values).toEqual(['value']);
  });

  bench.it('waits as long as RetryLater says', async () => {
    const { log, topic, group } = await bench.withTopic(1);
    await log.append(topic, [record('key', 'value')]);
    const attempts: number[] = [];
    const reader = await bench.read(log, {
      topic,
      group,
      onBatch: async () => {
        attempts.push(performance.now());
        if (attempts.length === 1) throw new RetryLater(400, 'come back');
      },
    });
    await reader.untilHandled(1);
    const waited = (attempts[1] ?? 0) - (attempts[0] ?? 0);
    // Timers may fire a millisecond early.
    expect(waited).toBeGreaterThanOrEqual(395);
    expect(waited).toBeLessThan(5_000);
  });

  bench.it('gives only the rest again when the handler rejects after done()', async () => {
    const { log, topic, group } = await bench.withTopic(1);
    await log.append(topic, sequences(1, 10));
    let failed = false;
    const reader = await bench.read(log, {
      topic,
      group,
      onBatch: async (batch) => {
        const sixth = batch.records.find(({ offset }) => offset === 6);
        if (failed || sixth === undefined) return;
        failed = true;
        batch.done(6);
        throw new RetryLater(1, 'the seventh fails');
      },
    });
    await reader.until(() => reader.handled.at(-1)?.offset === 9, 'the last record');
    const failedBatch = reader.batches.findIndex(({ records }) => records.some(({ offset }) => offset === 6));
    expect(reader.batches[failedBatch + 1]?.records[0]?.offset).toBe(7);
    await bench.eventually(async () => (await log.committed(group, topic)).get(0) === 10, 'the commit of all');
  });

  bench.it('commits what was done when the rest keeps failing', async () => {
    const { log, topic, group } = await bench.withTopic(1);
    await log.append(topic, sequences(1, 5));
    await bench.read(log, {
      topic,
      group,
      onBatch: async (batch) => {
        for (const { offset } of batch.records) {
          if (offset === 3) throw new RetryLater(20, 'the fourth fails');
          batch.done(offset);
        }
      },
    });
    await bench.eventually(async () => (await log.committed(group, topic)).get(0) === 3, 'the commit of what was done');
  });

  bench.it('does not let a failing partition hold up another', async () => {
    const { log, topic, group } = await bench.withTopic(2);
    await log.append(
      topic,
      Array.from({ length: 40 }, (_, index) => record(`key-${index}`, 'value')),
    );
    const ends = (await log.offsets(topic)).map(({ end }) => end);
    expect(Math.min(...ends)).toBeGreaterThan(0);
    let failures = 0;
    const reader = await bench.read(log, {
      topic,
      group,
      onBatch: async ({ partition }) => {
        if (partition !== 0) return;
        failures++;
        throw new RetryLater(20, 'partition 0 fails');
      },
    });
    await reader.untilHandled(ends[1] ?? 0);
    await reader.until(() => failures > 1, 'another attempt on the failing partition');
    expect(new Set(reader.handled.map(({ partition }) => partition))).toEqual(new Set([1]));
  });

  bench.it('lets the handler put poison aside as a dead letter and go on', async () => {
    const { log, topic, group } = await bench.withTopic(1);
    const deadLetters = await bench.harness.topic(1);
    await log.append(topic, [record('a', 'good'), record('b', 'poison'), record('a', 'good too')]);
    const good: string[] = [];
    const reader = await bench.read(log, {
      topic,
      group,
      onBatch: async (batch) => {
        for (const read of batch.records) {
          if (read.value.toString() !== 'poison') {
            good.push(read.value.toString());
            continue;
          }
          const time = new Date(read.timestamp).toISOString();
          const origin = { topic: batch.topic, partition: batch.partition, offset: read.offset };
          const error = {
            stage: 'decode',
            reason: 'undecodable',
            message: 'poison',
            component: 'test',
            attempts: 1,
            firstTime: time,
            lastTime: time,
            origin,
          } as const;
          await log.append(deadLetters, [deadLetter(read, error)]);
        }
      },
    });
    await reader.untilHandled(3);
    await bench.eventually(async () => (await log.committed(group, topic)).get(0) === 3, 'the commit past the poison');
    expect(good).toEqual(['good', 'good too']);
    const [letter] = (await bench.readAll(log, deadLetters)).handled;
    expect(letter?.value.toString()).toBe('poison');
    expect(letter && readDeadLetter(letter)?.origin).toEqual({ topic, partition: 0, offset: 1 });
  });
}
