import { describe, expect, it } from '@jest/globals';
import { GRACE, named, runRuleKindContract } from '../contract.js';
import type { Match, RuleState } from '../rule-kind.js';
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

  it('lets no rule alone add more than the cap', () => {
    const match = (n: number, k: string): Match => ({ id: `${n}`, t: n, s: 4, k, d: '[[],[]]' });
    const noise = Array.from({ length: 20 }, (_, n) => match(n, 'a'));
    expect(named(create({ cap: 35 }), noise)).toHaveLength(0);
    expect(named(create({ cap: 35 }), [...noise, match(20, 'b')])).toHaveLength(21);
  });

  it('names all of a storm, of which it keeps little', () => {
    const reducer = create();
    let state: RuleState | undefined;
    let count = 0;
    for (let n = 0; n < 20_000; n++) {
      const step = reducer.step(state, { id: `m${n}`, t: 1_000_000 + n * 10, s: 4, k: 'b', d: '' });
      state = step.state;
      count += step.members.length;
    }
    expect(count).toBe(20_000);
    expect(JSON.stringify(state).length).toBeLessThan(6_000);
  });

  it('keeps what may yet reach the threshold before a storm, though the storm is all that counts after it', () => {
    const match = (t: number, id: string): Match => ({ id, t, s: 3, k: 'a', d: '' });
    const early = match(0, 'early');
    // 40 points at 50 s, which is not enough; from 65 s on it is more than enough, for all from 5 s on.
    const before = [early, match(50_000, 'x'), match(50_000, 'y')];
    const storm = Array.from({ length: 100 }, (_, n) => match(65_000 + n * 100, `m${n}`));
    const late = match(51_000, 'late');
    const reducer = create();
    let state: RuleState | undefined;
    for (const one of [...before, ...storm]) {
      const step = reducer.step(state, one);
      expect(step.members).not.toContain(early);
      state = step.state;
    }
    expect(JSON.stringify(state)).not.toContain('"m10"');
    expect(reducer.step(state, late).members).toEqual([early, late]);
  });
});
