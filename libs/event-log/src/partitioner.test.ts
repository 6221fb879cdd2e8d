import { describe, expect, it } from '@jest/globals';
import { partitionOf } from './partitioner.js';

describe('partition of a key', () => {
  // The hashes are those of Kafka's own UtilsTest.testMurmur2.
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('puts %s where Kafka does', (key, hash) => {
    expect(partitionOf(key, 2 ** 31)).toBe(hash & 0x7fffffff);
    expect(partitionOf(key, 7)).toBe((hash & 0x7fffffff) % 7);
  });

  it('takes an empty key', () => {
    expect(partitionOf('', 12)).toBeGreaterThanOrEqual(0);
  });
});
