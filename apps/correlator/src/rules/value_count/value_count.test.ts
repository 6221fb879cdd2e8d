import { describe, expect, it } from '@jest/globals';
import { GRACE, inWindows, named, runRuleKindContract } from '../contract.js';
import type { Match, RuleState } from '../rule-kind.js';
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

  it('finds the slow scan behind a flood of one value, and says what it had to forget', () => {
    const reducer = create(4);
    const at = (t: number, k: string): Match => ({ id: `${k}-${t}`, t: 1_000_000 + t, s: 3, k, d: '' });
    const slow = [at(1, 'b'), at(10_000, 'c')];
    const flood = Array.from({ length: 50_000 }, (_, n) => at(n + 2, 'a'));
    const list = [...slow, ...flood].toSorted((x, y) => x.t - y.t);
    let state: RuleState | undefined;
    let [forgotten, members] = [0, new Set<string>()];
    for (const match of [...list, at(55_000, 'd')]) {
      const step = reducer.step(state, match);
      state = step.state;
      forgotten += step.forgotten ?? 0;
      for (const { id } of step.members) members.add(id);
    }
    expect([...members]).toEqual(expect.arrayContaining(['b-1', 'c-10000', 'd-55000']));
    expect(forgotten + members.size).toBe(50_003);
  });

  it('refuses a field that is not counted, and other comparisons', () => {
    expect(() => valueCount.config.parse({ timespan: '1m', condition: { field: 'raw', gte: 3 } })).toThrow(/raw|Invalid/i);
    expect(() => valueCount.config.parse({ timespan: '1m', condition: { field: 'name', lte: 3 } })).toThrow(/what a window holds can only grow/);
  });
});
