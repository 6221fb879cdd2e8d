import { describe, expect, it } from '@jest/globals';
import { GRACE, inWindows, named, runRuleKindContract } from '../contract.js';
import type { Match } from '../rule-kind.js';
import { valueCount } from './value_count.js';

const create = (gte: number) =>
  valueCount.create(valueCount.config.parse({ timespan: '1m', condition: { field: 'dst_endpoint.ip', gte } }), { grace: GRACE });

for (const gte of [2, 4]) {
  runRuleKindContract(`value_count of ${gte}`, {
    create: () => create(gte),
    keys: ['a', 'b', 'c', 'd', 'e'],
    members: (set) => inWindows(set, (window) => new Set(window.map(({ k }) => k)).size >= gte),
  });
}

describe('value_count', () => {
  it('counts exactly through a scan of ever new values that it keeps little of', () => {
    const scan = Array.from({ length: 5_000 }, (_, n): Match => ({ id: `m${n}`, t: n * 10, s: 3, k: `10.0.${n >> 8}.${n & 255}`, d: '[[],[]]' }));
    expect(named(create(20), scan)).toHaveLength(5_000);
  });

  it('refuses a field that is not counted, and other comparisons', () => {
    expect(() => valueCount.config.parse({ timespan: '1m', condition: { field: 'raw', gte: 3 } })).toThrow(/raw|Invalid/i);
    expect(() => valueCount.config.parse({ timespan: '1m', condition: { field: 'name', lte: 3 } })).toThrow(/what a window holds can only grow/);
  });
});
