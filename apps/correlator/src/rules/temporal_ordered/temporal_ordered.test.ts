import { describe, expect, it } from '@jest/globals';
import { GRACE, named, runRuleKindContract } from '../contract.js';
import type { Match } from '../rule-kind.js';
import { temporalOrdered } from './temporal_ordered.js';

const create = (rules: readonly string[]) => temporalOrdered.create(temporalOrdered.config.parse({ timespan: '1m', rules }), { grace: GRACE });

/** All chains, by brute force. */
function chains(set: readonly Match[], rules: readonly string[], before: readonly Match[] = []): Match[][] {
  if (before.length === rules.length) return [[...before]];
  const [first, last] = [before[0], before.at(-1)];
  return set
    .filter((one) => one.k === rules[before.length] && (last === undefined || one.t >= last.t) && (first === undefined || one.t - first.t <= 60_000))
    .flatMap((one) => chains(set, rules, [...before, one]));
}

for (const rules of [
  ['a', 'b'],
  ['a', 'b', 'c'],
]) {
  runRuleKindContract(`temporal_ordered of ${rules.length}`, {
    create: () => create(rules),
    keys: rules,
    members: (set) => chains(set.slice(0, 40), rules).flat(),
  });
}

describe('temporal_ordered', () => {
  it('does not name what came in the wrong order', () => {
    const match = (k: string, t: number): Match => ({ id: `${k}${t}`, t, s: 3, k, d: '[[],[]]' });
    expect(named(create(['a', 'b']), [match('b', 0), match('a', 1000)])).toEqual([]);
  });

  it('refuses a rule twice', () => {
    expect(() => create(['a', 'a'])).toThrow(/names a rule twice/);
  });
});
