// A short run of `npm run chaos` for each mode, and every run that once found something.
import { describe, expect, it } from '@jest/globals';
import { describeReal } from '@tocsin/testing';
import { chaos, type ChaosOptions } from './chaos.ts';
import { scheduleOf, type Mode } from './schedule.ts';

const QUIET_SECONDS = 180;

async function expectNothing(options: Pick<ChaosOptions, 'mode' | 'seed' | 'seconds'>): Promise<void> {
  const { found, outputs, schedule } = await chaos({ ...options, rate: 40, quietSeconds: QUIET_SECONDS });
  expect({ found, ...(found.length > 0 && { schedule, outputs }) }).toEqual({ found: [] });
}

describe('the schedule of faults', () => {
  const options = { mode: 'kafka' as Mode, seed: 3, ms: 60_000, canFillDisk: true };

  it('is a function of its options', () => {
    expect(scheduleOf(options)).toEqual(scheduleOf(options));
    expect(scheduleOf(options)).not.toEqual(scheduleOf({ ...options, seed: 4 }));
  });

  it('has every fault of its mode in some run, and none of the other', () => {
    const kinds = (mode: Mode): string[] => [
      ...new Set(Array.from({ length: 40 }, (_, seed) => scheduleOf({ ...options, mode, seed }).map(({ kind }) => kind as string)).flat()),
    ];
    const common = ['clock', 'freeze', 'kill', 'terminate', 'tickets', 'webhook'];
    const kafka = ['broker freeze', 'broker kill', 'broker restart', 'postgres cut', 'postgres freeze', 'postgres kill', 'postgres restart'];
    expect(kinds('kafka').toSorted()).toEqual([...kafka, ...common].toSorted());
    expect(kinds('standalone').toSorted()).toEqual(['disk full', ...common].toSorted());
  });
});

describe('chaos in one process', () => {
  it('finds nothing', () => expectNothing({ mode: 'standalone', seed: 2, seconds: 12 }), 600_000);
});

describeReal(['kafka-process', 'postgres-process'], 'chaos of services', () => {
  it('finds nothing', () => expectNothing({ mode: 'kafka', seed: 5, seconds: 12 }), 600_000);
});
