import { describe, expect, it } from '@jest/globals';
import { GRACE, inWindows, named, runRuleKindContract } from '../contract.js';
import type { Match } from '../rule-kind.js';
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
    expect(named(create(50), storm)).toHaveLength(20_000);
    const straggler = at(201, 'late');
    expect(named(create(50), [...storm, straggler])).toHaveLength(20_001);
  });

  it.each([
    [{ lte: 3 }, /what a window holds can only grow/],
    [{ gte: 1 }, />=2/],
    [{}, /neither \\"gte\\"/],
    [{ gte: 3, gt: 3 }, /both \\"gte\\" and \\"gt\\"/],
  ])('refuses the condition %j', (condition, message) => {
    expect(() => eventCount.config.parse({ timespan: '1m', condition })).toThrow(message);
  });

  it('takes "gt" as one more', () => {
    expect(eventCount.config.parse({ timespan: '1m', condition: { gt: 4 } }).condition.gte).toBe(5);
  });
});
