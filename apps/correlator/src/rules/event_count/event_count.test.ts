import { describe, expect, it } from '@jest/globals';
import { members, runRuleKindContract } from '../contract.js';
import type { Match } from '../rule-kind.js';
import { eventCount } from './event_count.js';

const create = (gte: number, timespan = 60_000) => eventCount.create({ timespan, condition: { gte } }, undefined);
const at = (seconds: number, id = `at-${seconds}`): Match => ({ id, t: seconds * 1000, s: 3, e: [], a: [] });

runRuleKindContract('event_count', () => create(3));

describe('event_count', () => {
  it('names all matches of a hot window once the threshold is reached', () => {
    expect(members(create(3), [at(0), at(10)])).toEqual([]);
    expect(members(create(3), [at(0), at(10), at(20)])).toEqual(['at-0', 'at-10', 'at-20']);
  });

  it('slides: the window may begin at any match', () => {
    expect(members(create(3), [at(0), at(50), at(70), at(80)]).toSorted()).toEqual(['at-50', 'at-70', 'at-80']);
  });

  it('counts a window of exactly the time span', () => {
    expect(members(create(2), [at(0), at(60)])).toHaveLength(2);
    expect(members(create(2), [at(0), at(60.001)])).toHaveLength(0);
  });

  it('finds the neighbours of a match that comes late', () => {
    expect(members(create(3), [at(0), at(20), at(10)]).toSorted()).toEqual(['at-0', 'at-10', 'at-20']);
  });

  it('counts a repeated match once', () => {
    expect(members(create(3), [at(0), at(0), at(0)])).toEqual([]);
  });

  it('keeps bounded state through a storm', () => {
    const reducer = create(5);
    let state: unknown;
    for (let n = 0; n < 5_000; n++) state = reducer.step(state, at(n / 1000, `m${n}`)).state;
    expect((state as unknown[]).length).toBeLessThan(100);
  });
});
