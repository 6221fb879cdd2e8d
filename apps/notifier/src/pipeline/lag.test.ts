import { beforeEach, describe, expect, it } from '@jest/globals';
import { createMetrics, type Registry } from '@tocsin/runtime';
import { createNotifierMetrics } from '../metrics.js';
import { Lag } from './lag.js';

describe('lag', () => {
  let registry: Registry;
  let lag: Lag;
  beforeEach(() => {
    registry = createMetrics('test', '0');
    lag = new Lag('siem', createNotifierMetrics(registry), () => 70_000);
  });
  const series = async (name: string) => (await registry.getSingleMetric(`tocsin_notifier_lag_${name}`)?.get())?.values.map(({ value }) => value);

  it('is the sum of the partitions, and the age of the oldest', async () => {
    lag.set(0, { next: 5, end: 15, oldest: 40_000 });
    lag.set(1, { next: 7, end: 8, oldest: 10_000 });
    lag.set(2, { next: 3, end: 3, oldest: undefined });
    expect([await series('events'), await series('seconds')]).toEqual([[11], [60]]);
    lag.grown([{ partition: 0, start: 0, end: 20 }]);
    lag.remove(1);
    expect([await series('events'), await series('seconds')]).toEqual([[15], [30]]);
  });

  // The log may still be asked how far it has grown when the subscription is stopped.
  it('does not come back after it was closed', async () => {
    lag.set(0, { next: 5, end: 15, oldest: 40_000 });
    lag.close();
    lag.grown([{ partition: 0, start: 0, end: 20 }]);
    lag.remove(0);
    expect([await series('events'), await series('seconds')]).toEqual([[], []]);
  });
});
