import { expect } from '@jest/globals';
import type { ChildMessage } from '../child.js';
import { firstSequences, inOrder, sequences, type Bench } from '../bench.js';

export function crashCases(bench: Bench): void {
  bench.it('gives everything after the last commit again when the consumer is killed', async () => {
    const { log, topic, group } = await bench.withTopic(4);
    await log.append(topic, sequences(40, 10));
    // An embedded log belongs to one process, so it has to be let go for the child.
    await bench.close(log);
    const child = bench.spawn({ role: 'consume', topic, group, maxBatchRecords: 10, hangAfter: 150 });
    await child.until(() => hanging(child.messages) !== undefined, 'a batch in flight that never ends');
    await child.kill();

    const again = await bench.open();
    const committed = await again.committed(group, topic);
    for (const [partition, offset] of hanging(child.messages)?.committed ?? []) {
      expect(committed.get(partition)).toBeGreaterThanOrEqual(offset);
    }
    const offsets = await again.offsets(topic);
    const remaining = offsets.reduce((sum, { partition, end }) => sum + end - (committed.get(partition) ?? 0), 0);
    const reader = await bench.read(again, { topic, group });
    await reader.untilHandled(remaining);
    for (const { partition, end } of offsets) {
      const from = committed.get(partition) ?? 0;
      const read = reader.handled.filter((record) => record.partition === partition).map(({ offset }) => offset);
      expect(read).toEqual(Array.from({ length: end - from }, (_, index) => from + index));
    }
    const before = child.messages.flatMap((message) => (message.type === 'handled' ? message.values : []));
    expect(firstSequences([...before, ...reader.values])).toEqual(inOrder(40, 10));
  });

  bench.it('keeps every append that it acknowledged when the producer is killed', async () => {
    const { log, topic } = await bench.withTopic(3);
    await bench.close(log);
    const child = bench.spawn({ role: 'append', topic, concurrency: 20 });
    await child.until(() => child.messages.length >= 200, '200 appends');
    await child.kill();
    const acknowledged = child.messages.flatMap((message) => (message.type === 'appended' ? [message.value] : []));

    const again = await bench.open();
    const { values } = await bench.readAll(again, topic);
    const found = new Set(values);
    expect(acknowledged.filter((value) => !found.has(value))).toEqual([]);
    await again.append(topic, sequences(1, 1));
    expect((await bench.readAll(again, topic)).values).toContain('key-0:0');
  });
}

function hanging(messages: readonly ChildMessage[]): (ChildMessage & { type: 'hanging' }) | undefined {
  return messages.find((message) => message.type === 'hanging');
}
