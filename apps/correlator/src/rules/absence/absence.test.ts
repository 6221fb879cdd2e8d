import { describe, expect, it } from '@jest/globals';
import { runRuleKindContract, GRACE } from '../contract.js';
import type { Match, Reducer, RuleState, Tick } from '../rule-kind.js';
import { absence } from './absence.js';

const create = (after: string, expected: string) =>
  absence.create(absence.config.parse({ timespan: '1m', rules: [...new Set([after, expected])], after, expect: expected }), { grace: GRACE });
const oracle = (after: string, expected: string) => (set: readonly Match[]) =>
  set.filter((one) => one.k === after && !set.some((other) => other.k === expected && other.t > one.t && other.t <= one.t + 60_000));

runRuleKindContract('absence', { create: () => create('a', 'b'), keys: ['a', 'b'], members: oracle('a', 'b') });
runRuleKindContract('absence of a sign of life', { create: () => create('a', 'a'), keys: ['a'], members: oracle('a', 'a') });

describe('absence', () => {
  const match = (k: string, t: number): Match => ({ id: `${k}${t}`, t, s: 3, k, d: '' });
  const run = (reducer: Reducer, inputs: (Match | Tick)[]): { members: string[]; state: RuleState | undefined; forgotten: number } => {
    let state: RuleState | undefined;
    const members: string[] = [];
    let forgotten = 0;
    for (const input of inputs) {
      const step = reducer.step(state, input);
      state = step.state;
      members.push(...step.members.map(({ id }) => id));
      forgotten += step.forgotten ?? 0;
    }
    return { members, state, forgotten };
  };

  it('is decided by a tick only, and not before the grace is over', () => {
    const { members } = run(create('a', 'b'), [match('a', 0), match('a', 1_000_000), { now: 60_000 + GRACE - 1 }]);
    expect(members).toEqual([]);
    expect(run(create('a', 'b'), [match('a', 0), { now: 60_000 + GRACE }]).members).toEqual(['a0']);
  });

  it('stays decided when what was expected comes too late', () => {
    expect(run(create('a', 'b'), [match('a', 0), match('a', 1_000), { now: 60_000 + GRACE }, match('b', 60_000), { now: 500_000 }]).members).toEqual([
      'a0',
    ]);
  });

  it('does not judge what comes after its time, for what followed it may be forgotten', () => {
    const inputs = [match('a', 0), match('b', 1), match('a', 900_000), { now: 900_000 }, match('a', 0), { now: 900_001 }];
    expect(run(create('a', 'b'), inputs).members).toEqual([]);
  });

  it('wants a tick for the oldest that waits', () => {
    expect(create('a', 'b').step(undefined, match('a', 7))).toMatchObject({ wakeAt: 7 + 60_000 + GRACE, members: [] });
  });

  it('keeps some of all the time when too many wait', () => {
    const flood = Array.from({ length: 5_000 }, (_, n) => match('a', n));
    const { members, forgotten } = run(create('a', 'b'), [...flood, { now: 5_000 + 60_000 + GRACE }]);
    expect(members[0]).toBe('a0');
    expect(members.length + forgotten).toBe(5_000);
  });
});
