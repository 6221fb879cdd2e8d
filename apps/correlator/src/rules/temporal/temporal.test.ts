import { describe, expect, it } from '@jest/globals';
import { GRACE, inWindows, named, runRuleKindContract } from '../contract.js';
import type { Match } from '../rule-kind.js';
import { temporal } from './temporal.js';

const create = (parts: object = {}) => temporal.create(temporal.config.parse({ timespan: '1m', rules: ['a', 'b', 'c'], ...parts }), { grace: GRACE });
const oracle = (least: number) => (set: readonly Match[]) => inWindows(set, (window) => new Set(window.map(({ k }) => k)).size >= least);

runRuleKindContract('temporal of all', { create: () => create(), keys: ['a', 'b', 'c'], members: oracle(3) });
runRuleKindContract('temporal of two', { create: () => create({ condition: { gte: 2 } }), keys: ['a', 'b', 'c'], members: oracle(2) });

describe('temporal', () => {
  it('takes one violation that two rules matched as two matches', () => {
    const both = ['a', 'b', 'c'].map((k): Match => ({ id: 'one', t: 0, s: 3, k, d: '[[],[]]' }));
    expect(named(create(), both)).toHaveLength(3);
  });
});
