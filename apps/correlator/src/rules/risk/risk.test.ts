import { describe, expect, it } from '@jest/globals';
import { GRACE, named, runRuleKindContract } from '../contract.js';
import type { Match } from '../rule-kind.js';
import { risk } from './risk.js';

const SETTINGS = { timespan: '1m', halfLife: '20s', condition: { gte: 60 }, rules: ['a', 'b'], scores: { a: 20 } };
const BY_SEVERITY = [0, 0, 5, 15, 40, 80, 80];
const create = (parts: object = {}) => risk.create(risk.config.parse({ ...SETTINGS, ...parts }), { grace: GRACE });

const oracle =
  (cap = Infinity) =>
  (set: readonly Match[]) => {
    const score = (time: number): number => {
      const within = set.filter(({ t }) => t <= time && time - t <= 60_000);
      const of = (k: string): number =>
        within
          .filter((one) => one.k === k)
          .toSorted((x, y) => x.t - y.t || (x.id < y.id ? -1 : 1))
          .reduce((sum, one) => sum + (k === 'a' ? 20 : (BY_SEVERITY[one.s] ?? 0)) * 2 ** ((one.t - time) / 20_000), 0);
      return Math.min(of('a'), cap) + Math.min(of('b'), cap);
    };
    return set.filter((one) => set.some(({ t }) => t >= one.t && t - one.t <= 60_000 && score(t) >= 60));
  };

runRuleKindContract('risk', { create: () => create(), keys: ['a', 'b'], members: oracle() });
runRuleKindContract('risk with a cap', { create: () => create({ cap: 35 }), keys: ['a', 'b'], members: oracle(35) });

describe('risk', () => {
  it('decays', () => {
    const match = (seconds: number): Match => ({ id: `${seconds}`, t: seconds * 1000, s: 3, k: 'a', d: '[[],[]]' });
    expect(named(create(), [match(0), match(1), match(2)])).toHaveLength(0);
    expect(named(create(), [match(0), match(0.1), match(0.2), match(0.3)])).toHaveLength(4);
    expect(named(create(), [match(0), match(20), match(40), match(60)])).toHaveLength(0);
  });
});
