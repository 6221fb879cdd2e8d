import { once } from 'node:events';
import { expect } from '@jest/globals';
import type { Batch } from '../../port.js';
import { firstSequences, inOrder, record, sequences, type Bench } from '../bench.js';
import type { ReaderEvent } from '../reader.js';

export function rebalanceCases(bench: Bench): void {
  bench.it('hands partitions over after the batch in flight, losing nothing', async () => {
    const { log, topic, group } = await bench.withTopic(4);
    await log.append(topic, sequences(20, 10));
    const events: ReaderEvent[] = [];
    // Work that ends only because the partition is wanted elsewhere, and then still has its effect.
    let joined = false;
    const onBatch = async (batch: Batch): Promise<void> => {
      if (!joined) await untilAborted(batch);
    };
    const first = await bench.read(log, { topic, group, maxBatchRecords: 5, onBatch }, events);
    await first.until(() => first.batches.length > 0, 'work in flight');
    const second = await bench.read(await bench.open(), { topic, group, maxBatchRecords: 5 }, events);
    await second.until(() => second.partitionsOf('assigned').length > 0, 'partitions of the second member');
    joined = true;
    // The first keeps some partitions: what it works on there may wait for an abort that does not come.
    await first.stop();
    const values = (): string[] => [...first.values, ...second.values];
    await bench.eventually(async () => new Set(values()).size === 200, 'all records');
    expect(firstSequences(values())).toEqual(inOrder(20, 10));
    expectOwnersInTurn(events);
  });

  bench.it('gives the partitions of a member that leaves to those who stay, from where it stopped', async () => {
    const { log, topic, group } = await bench.withTopic(4);
    const events: ReaderEvent[] = [];
    const first = await bench.read(log, { topic, group }, events);
    const second = await bench.read(await bench.open(), { topic, group }, events);
    await second.until(() => second.partitionsOf('assigned').length > 0, 'partitions of the second member');
    await log.append(topic, sequences(20, 5));
    await bench.eventually(async () => new Set([...first.values, ...second.values]).size === 100, 'all records');
    await first.stop();
    const before = [...first.values, ...second.values].length;
    await log.append(topic, sequences(20, 5, 5));
    await second.until(() => new Set([...first.values, ...second.values]).size === 200, 'the records after the leave');
    expect(firstSequences([...first.values, ...second.values])).toEqual(inOrder(20, 10));
    expect([...first.values, ...second.values]).toHaveLength(before + 100);
    expectOwnersInTurn(events);
  });

  bench.it('calls onAssigned once per partition, with or without records, before the first batch', async () => {
    const { log, topic, group } = await bench.withTopic(5);
    await log.append(topic, [record('key', 'value')]);
    const reader = await bench.read(log, { topic, group });
    await reader.until(() => reader.partitionsOf('assigned').length >= 5, 'all assignments');
    await reader.untilHandled(1);
    const ascending = (a: number, b: number): number => a - b;
    expect(reader.partitionsOf('assigned').toSorted(ascending)).toEqual([0, 1, 2, 3, 4]);
    await reader.stop();
    expect(reader.partitionsOf('revoked').toSorted(ascending)).toEqual([0, 1, 2, 3, 4]);
    expectOwnersInTurn(reader.events);
  });

  bench.it('gives no batch before onAssigned has resolved, and calls it again when it rejects', async () => {
    const { log, topic, group } = await bench.withTopic(1);
    await log.append(topic, [record('key', 'value')]);
    let calls = 0;
    const reader = await bench.read(log, {
      topic,
      group,
      onAssigned: async () => {
        calls++;
        if (calls < 3) throw new Error('The store is down.');
      },
    });
    await reader.untilHandled(1);
    expect(calls).toBe(3);
    expectOwnersInTurn(reader.events);
  });

  for (const [name, resumeAt] of [
    ['behind', 2],
    ['ahead of', 8],
  ] as const) {
    bench.it(`begins where onAssigned says, ${name} the committed offset`, async () => {
      const { log, topic, group } = await bench.withTopic(1);
      await log.append(topic, sequences(1, 5));
      const first = await bench.read(log, { topic, group });
      await first.untilHandled(5);
      await first.stop();
      expect(await log.committed(group, topic)).toEqual(new Map([[0, 5]]));
      await log.append(topic, sequences(1, 5, 5));
      const second = await bench.read(log, { topic, group, onAssigned: async () => ({ resumeAt }) });
      await second.until(() => second.handled.at(-1)?.offset === 9, 'the last record');
      expect(second.handled.map(({ offset }) => offset)).toEqual(Array.from({ length: 10 - resumeAt }, (_, index) => resumeAt + index));
      await bench.eventually(async () => (await log.committed(group, topic)).get(0) === 10, 'the commit');
    });
  }

  bench.it('begins where onAssigned says when nothing was ever committed, also at the end', async () => {
    const { log, topic, group } = await bench.withTopic(1);
    await log.append(topic, sequences(1, 6));
    const middle = await bench.read(log, { topic, group, onAssigned: async () => ({ resumeAt: 4 }) });
    await middle.untilHandled(2);
    expect(middle.values).toEqual(['key-0:4', 'key-0:5']);
    const end = await bench.read(log, { topic, group: bench.harness.uniqueName('group'), onAssigned: async () => ({ resumeAt: 6 }) });
    await end.until(() => end.partitionsOf('assigned').length > 0, 'the assignment');
    await log.append(topic, sequences(1, 1, 6));
    await end.untilHandled(1);
    expect(end.values).toEqual(['key-0:6']);
  });
}

async function untilAborted(batch: Batch): Promise<void> {
  if (!batch.signal.aborted) await once(batch.signal, 'abort');
}

/**
 * Reads the story of each partition: assigned → (start → end or failed)* → revoked, and the next owner only after that.
 */
function expectOwnersInTurn(events: readonly ReaderEvent[]): void {
  const state = new Map<number, { owner: unknown; working: boolean }>();
  for (const { reader, kind, partition } of events) {
    const held = state.get(partition);
    if (kind === 'assigned') {
      expect(held?.owner).toBeUndefined();
      state.set(partition, { owner: reader, working: false });
      continue;
    }
    expect(held?.owner).toBe(reader);
    expect(held?.working).toBe(kind === 'end' || kind === 'failed');
    if (kind === 'revoked') state.delete(partition);
    else state.set(partition, { owner: reader, working: kind === 'start' });
  }
}
