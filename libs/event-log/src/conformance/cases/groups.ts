import { expect } from '@jest/globals';
import { RetryLater } from '../../errors.js';
import { firstSequences, inOrder, sequences, type Bench } from '../bench.js';

export function groupCases(bench: Bench): void {
  bench.it('gives every record to each group, and lets no group delay another', async () => {
    const { log, topic } = await bench.withTopic(3);
    const [works, fails] = [bench.harness.uniqueName('works'), bench.harness.uniqueName('fails')];
    await log.append(topic, sequences(10, 10));
    const failing = await bench.read(log, {
      topic,
      group: fails,
      onBatch: async () => {
        throw new RetryLater(50, 'the receiver is down');
      },
    });
    const working = await bench.read(log, { topic, group: works });
    await working.untilHandled(100);
    await bench.eventually(async () => sum((await log.committed(works, topic)).values()) === 100, 'the commits of the working group');
    expect(failing.handled).toEqual([]);
    expect(await log.committed(fails, topic)).toEqual(new Map());
  });

  bench.it('shares the partitions among the members of a group', async () => {
    const { log, topic, group } = await bench.withTopic(6);
    const first = await bench.read(log, { topic, group });
    const second = await bench.read(await bench.open(), { topic, group });
    const held = (reader: typeof first): number => reader.partitionsOf('assigned').length - reader.partitionsOf('revoked').length;
    // While the group is being divided anew, one of them may have all for a moment.
    await bench.eventually(async () => held(first) > 0 && held(second) > 0 && held(first) + held(second) === 6, 'partitions of both members');
    await log.append(topic, sequences(50, 10));
    const total = (): string[] => [...first.values, ...second.values];
    await bench.eventually(async () => new Set(total()).size === 500, 'all records');
    expect(first.handled.length).toBeGreaterThan(0);
    expect(second.handled.length).toBeGreaterThan(0);
    expect(firstSequences(total())).toEqual(inOrder(50, 10));
  });

  bench.it('reads several topics by several groups with one client', async () => {
    const { log, topic, group } = await bench.withTopic(2);
    const other = await bench.harness.topic(3);
    const readers = await Promise.all([
      bench.read(log, { topic, group }),
      bench.read(log, { topic: other, group: bench.harness.uniqueName('other') }),
      bench.read(log, { topic: other, group: bench.harness.uniqueName('another') }),
    ]);
    await Promise.all([log.append(topic, sequences(4, 5)), log.append(other, sequences(4, 7))]);
    await Promise.all([readers[0]?.untilHandled(20), readers[1]?.untilHandled(28), readers[2]?.untilHandled(28)]);
    expect(firstSequences(readers[0]?.values ?? [])).toEqual(inOrder(4, 5));
    expect(firstSequences(readers[2]?.values ?? [])).toEqual(inOrder(4, 7));
  });
}

function sum(values: Iterable<number>): number {
  return [...values].reduce((total, value) => total + value, 0);
}
