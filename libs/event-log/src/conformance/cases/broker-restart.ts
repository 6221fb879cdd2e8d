import { expect } from '@jest/globals';
import { LogUnavailable } from '../../errors.js';
import { firstSequences, inOrder, record, type Bench } from '../bench.js';

const COUNT = 300;

export function brokerRestartCases(bench: Bench): void {
  bench.it('loses nothing and keeps the order when the broker restarts in the middle', async () => {
    const { log, topic, group } = await bench.withTopic(3);
    const reader = await bench.read(log, { topic, group, maxBatchRecords: 20 });
    let written = 0;
    const caller = async (key: number): Promise<void> => {
      for (let sequence = 0; sequence < COUNT; sequence++) {
        await appendUntilTaken(`key-${key}`, `key-${key}:${sequence}`);
        written++;
      }
    };
    const appendUntilTaken = async (key: string, value: string): Promise<void> => {
      await bench.eventually(async () => {
        try {
          await log.append(topic, [record(key, value)]);
          return true;
        } catch (error) {
          // Transient, and said to be: anything else fails the case.
          expect(error).toBeInstanceOf(LogUnavailable);
          return false;
        }
      }, `the append of ${value}`);
    };
    const writing = Promise.all([0, 1, 2, 3, 4].map(caller));
    await bench.eventually(async () => written > COUNT, 'some records');
    await bench.harness.restartBroker?.();
    await writing;
    await reader.until(() => new Set(reader.values).size === 5 * COUNT, 'all records');
    // A rejected append may have been written: repeats are allowed, gaps and changes of order are not.
    expect(firstSequences(reader.values)).toEqual(inOrder(5, COUNT));
    const ends = new Map((await log.offsets(topic)).map(({ partition, end }) => [partition, end]));
    await bench.eventually(async () => {
      const committed = await log.committed(group, topic);
      return [...committed].every(([partition, offset]) => offset === ends.get(partition));
    }, 'the commits after the restart');
  });
}
