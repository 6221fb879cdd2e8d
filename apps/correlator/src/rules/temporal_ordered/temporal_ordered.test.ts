import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { GRACE, identities, named, runRuleKindContract, TIMESPAN } from '../contract.js';
import type { Match, RuleState } from '../rule-kind.js';
import { temporalOrdered } from './temporal_ordered.js';

const create = (rules: readonly string[]) => temporalOrdered.create(temporalOrdered.config.parse({ timespan: '1m', rules }), { grace: GRACE });

/** All chains, by brute force; too slow for bursts. */
function chains(set: readonly Match[], rules: readonly string[], before: readonly Match[] = []): Match[][] {
  if (before.length === rules.length) return [[...before]];
  const [first, last] = [before[0], before.at(-1)];
  return set
    .filter((one) => one.k === rules[before.length] && (last === undefined || one.t >= last.t) && (first === undefined || one.t - first.t <= 60_000))
    .flatMap((one) => chains(set, rules, [...before, one]));
}

/** For each match that may begin a chain: what can be reached from it, and from what of that the end can be reached. */
function inChains(set: readonly Match[], rules: readonly string[]): readonly Match[] {
  const members = new Set<Match>();
  for (const first of set.filter(({ k }) => k === rules[0])) {
    const reached: Match[][] = [[first]];
    for (const rule of rules.slice(1)) {
      const before = reached.at(-1) ?? [];
      reached.push(set.filter(({ k, t }) => k === rule && t <= first.t + TIMESPAN && before.some((one) => one.t <= t)));
    }
    let after = reached.at(-1) ?? [];
    for (const match of after) members.add(match);
    for (const list of reached.slice(0, -1).toReversed()) {
      after = list.filter(({ t }) => after.some((one) => one.t >= t));
      for (const match of after) members.add(match);
    }
  }
  return [...members];
}

for (const rules of [
  ['a', 'b'],
  ['a', 'b', 'c'],
  ['c', 'a', 'd', 'b'],
]) {
  runRuleKindContract(`temporal_ordered of ${rules.length}`, { create: () => create(rules), keys: rules, members: (set) => inChains(set, rules) });
}

describe('temporal_ordered', () => {
  it('names all chains and nothing else', () => {
    const rules = ['a', 'b', 'c'];
    const match = fc.record({
      id: fc.uuid(),
      t: fc.nat({ max: 40 }).map((n) => n * 5_000),
      s: fc.constant(3),
      k: fc.constantFrom(...rules),
      d: fc.constant(''),
    });
    fc.assert(
      fc.property(fc.array(match, { maxLength: 15 }), (set) => {
        const brute = identities(chains(set, rules).flat());
        expect(identities(inChains(set, rules))).toEqual(brute);
        expect(
          named(
            create(rules),
            set.toSorted((x, y) => x.t - y.t),
          ),
        ).toEqual(brute);
      }),
    );
  });

  it('does not name what came in the wrong order', () => {
    const match = (k: string, t: number): Match => ({ id: `${k}${t}`, t, s: 3, k, d: '[[],[]]' });
    expect(named(create(['a', 'b']), [match('b', 0), match('a', 1000)])).toEqual([]);
  });

  it('names all of a storm, of which it keeps little, and what comes late', () => {
    const reducer = create(['a', 'b', 'c']);
    const match = (k: string, t: number): Match => ({ id: `${k}${t}`, t: 1_000_000 + t, s: 3, k, d: '' });
    let state: RuleState | undefined;
    const named: Match[] = [];
    const step = (input: Match): void => {
      const taken = reducer.step(state, input);
      state = taken.state;
      named.push(...taken.members);
    };
    for (let n = 0; n < 9_000; n++) step(match('abc'[n % 3] as string, n * 10));
    expect(named).toHaveLength(9_000);
    expect(JSON.stringify(state).length).toBeLessThan(4_000);
    for (const late of [match('b', 45_001), match('a', -3), match('c', 89_990 + 30_000)]) {
      step(late);
      expect(named.at(-1)).toEqual(late);
    }
    step(match('c', -4));
    expect(named).toHaveLength(9_003);
  });
});
