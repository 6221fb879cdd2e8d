import { describe, expect, it } from '@jest/globals';
import { members, runRuleKindContract } from '../contract.js';
import { single } from './single.js';

runRuleKindContract('single', () => single.create({}, undefined));

describe('single', () => {
  it('names every match', () => {
    const match = { id: 'a', t: 1, s: 3, e: [], a: [] };
    expect(members(single.create({}, undefined), [match])).toEqual(['a']);
  });
});
