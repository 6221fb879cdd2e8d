import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Batch, Consumer, EventLog } from '../port.js';
import { openEmbeddedLog } from './embedded.js';

const TOPIC = 'topic';
const PARTITIONS = 4;

describe('a group of the embedded log', () => {
  let log: EventLog;

  beforeEach(async () => {
    log = await openEmbeddedLog({ file: ':memory:' });
    await log.ensureTopics([{ name: TOPIC, partitions: PARTITIONS, retentionMs: 60_000 }]);
  });

  afterEach(async () => await log.close());

  async function append(count: number): Promise<void> {
    await log.append(
      TOPIC,
      Array.from({ length: count }, (_, index) => ({ key: null, value: Buffer.from(`${index}`), headers: {} })),
    );
  }

  it('has one owner per partition and loses nothing, whoever comes and goes at any moment', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat({ max: 5 }), { minLength: 5, maxLength: 40 }), fc.uuid(), async (steps, group) => {
        const owners = new Map<number, number>();
        const offsets = new Map<number, number[]>();
        const members: Consumer[] = [];
        const leaving: Promise<void>[] = [];
        let names = 0;
        const join = async (): Promise<void> => {
          const name = names++;
          const onAssigned = async (partition: number): Promise<void> => {
            expect(owners.has(partition)).toBe(false);
            owners.set(partition, name);
            await turn();
          };
          const onRevoked = async (partition: number): Promise<void> => {
            expect(owners.get(partition)).toBe(name);
            await turn();
            owners.delete(partition);
          };
          const onBatch = async ({ partition, records }: Batch): Promise<void> => {
            expect(owners.get(partition)).toBe(name);
            await turn();
            offsets.set(partition, [...(offsets.get(partition) ?? []), ...records.map(({ offset }) => offset)]);
          };
          members.push(await log.consume({ topic: TOPIC, group, maxBatchRecords: 3, onAssigned, onRevoked, onBatch }));
        };
        for (const step of steps) {
          if (step <= 1) await join();
          else if (step === 2) await append(10);
          else if (step === 3) await turn();
          else leaving.push(members.shift()?.stop() ?? Promise.resolve());
        }
        await join();
        const ends = new Map((await log.offsets(TOPIC)).map(({ partition, end }) => [partition, end]));
        const seen = (): boolean => [...ends].every(([partition, end]) => (offsets.get(partition)?.length ?? 0) >= end);
        while (!seen()) await turn();
        await Promise.all([...leaving, ...members.map((member) => member.stop())]);
        for (const [partition, end] of ends) expect(offsets.get(partition) ?? []).toEqual(Array.from({ length: end }, (_, offset) => offset));
        expect(owners.size).toBe(0);
      }),
      { numRuns: 50 },
    );
  });

  it('does not let a slow batch of one partition keep another from changing hands', async () => {
    await append(8);
    const slow = Promise.withResolvers<void>();
    const started = Promise.withResolvers<void>();
    const first = await log.consume({
      topic: TOPIC,
      group: 'group',
      onBatch: async ({ partition }) => {
        if (partition !== 1) return;
        started.resolve();
        await slow.promise;
      },
    });
    await started.promise;
    const got = Promise.withResolvers<number>();
    const onAssigned = async (partition: number): Promise<void> => got.resolve(partition);
    const second = await log.consume({ topic: TOPIC, group: 'group', onAssigned, onBatch: async () => {} });
    expect(await got.promise).toBe(3);
    slow.resolve();
    await Promise.all([first.stop(), second.stop()]);
  });

  it('begins anew when the position belongs to a log that is gone', async () => {
    await append(4);
    const read: number[] = [];
    const all = Promise.withResolvers<void>();
    const consumer = await log.consume({
      topic: TOPIC,
      group: 'group',
      onAssigned: async () => ({ resumeAt: 1_000 }),
      onBatch: async ({ partition }) => {
        if (read.push(partition) === PARTITIONS) all.resolve();
      },
    });
    await all.promise;
    expect(read.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3]);
    await consumer.stop();
  });
});
