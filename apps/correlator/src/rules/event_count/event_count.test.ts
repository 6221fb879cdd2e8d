import { describe, expect, it } from '@jest/globals';
import { GRACE, inWindows, named, runRuleKindContract } from '../contract.js';
import type { Match, RuleState } from '../rule-kind.js';
import { eventCount } from './event_count.js';

const create = (gte: number, timespan = '1m') => eventCount.create(eventCount.config.parse({ timespan, condition: { gte } }), { grace: GRACE });
const at = (seconds: number, id = `at-${seconds}`): Match => ({ id, t: seconds * 1000, s: 3, k: '', d: '[[],[]]' });
const ids = (list: string[]) => list.map((text) => text.split(' ')[1]);

for (const gte of [2, 3, 7]) {
  runRuleKindContract(`event_count of ${gte}`, {
    create: () => create(gte),
    keys: [''],
    members: (set) => inWindows(set, (window) => window.length >= gte),
  });
}

describe('event_count', () => {
  it('slides: the window may begin at any match', () => {
    expect(ids(named(create(3), [at(0), at(50), at(70), at(80)]))).toEqual(['at-50', 'at-70', 'at-80']);
  });

  it('counts a window of exactly the time span', () => {
    expect(named(create(2), [at(0), at(60)])).toHaveLength(2);
    expect(named(create(2), [at(0), at(60.001)])).toHaveLength(0);
  });

  it('counts exactly through a storm that it keeps little of', () => {
    const storm = Array.from({ length: 20_000 }, (_, n) => at(n / 100, `m${n}`));
    const reducer = create(50);
    let state: RuleState | undefined;
    let named = 0;
    for (const match of storm) {
      const step = reducer.step(state, match);
      named += step.members.length;
      state = step.state;
      expect((state as { r: unknown[] }).r.length).toBeLessThanOrEqual(4 * 49 + 1);
    }
    expect(named).toBe(20_000);
    // 50 of the storm lie in its last half second: that they were thinned does not matter to what comes late.
    for (const late of [at(150.003, 'amid'), at(199.75 + 59, 'after')]) {
      const step = reducer.step(state, late);
      expect(step.members).toEqual([late]);
      state = step.state;
    }
    expect(reducer.step(state, at(199.75 + 62, 'too late')).members).toEqual([]);
  });
});
