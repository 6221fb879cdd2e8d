import { describe, expect, it } from '@jest/globals';
import { z } from 'zod';
import { ruleKinds } from './index.js';

const kind = (type: string): z.ZodType => ruleKinds.find((one) => one.type === type)?.config ?? z.never();
const issues = (type: string, config: object): string[] =>
  (kind(type).safeParse({ timespan: '5m', ...config }).error?.issues ?? []).map(({ path, message }) => `${path.join('.')}: ${message}`);
const NOT_MONOTONE = /^condition\.\w+: only "gte" and "gt" are possible, .* there is the kind "absence"$/;

describe('the keys of rule kinds', () => {
  it.each(['event_count', 'value_count', 'temporal'])('%s takes "gt" as one more', (type) => {
    const field = type === 'value_count' ? { field: 'name' } : {};
    const rules = type === 'temporal' ? { rules: ['a', 'b', 'c', 'd', 'e'] } : {};
    expect(kind(type).parse({ timespan: '5m', ...rules, condition: { ...field, gt: 3 } })).toMatchObject({ condition: { gte: 4 } });
  });

  it.each(['lt', 'lte', 'eq', 'neq'])('say why there is no "%s"', (key) => {
    expect(issues('event_count', { condition: { [key]: 3 } })).toEqual([expect.stringMatching(NOT_MONOTONE)]);
    expect(issues('value_count', { condition: { field: 'name', [key]: 3 } })).toEqual([expect.stringMatching(NOT_MONOTONE)]);
    expect(issues('temporal', { rules: ['a', 'b'], condition: { [key]: 3 } })).toEqual([expect.stringMatching(NOT_MONOTONE)]);
  });

  it.each([
    ['event_count', { condition: {} }, 'condition: has neither "gte" (this many or more) nor "gt" (more than this many)'],
    ['event_count', { condition: { gte: 3, gt: 3 } }, 'condition: has both "gte" and "gt"; keep one'],
    ['event_count', { condition: { gte: 1 } }, 'condition.gte: Too small: expected number to be >=2'],
    ['event_count', { condition: { gt: 0 } }, 'condition.gt: Too small: expected number to be >=1'],
    ['event_count', { timespan: '1ms', condition: { gte: 2 } }, 'timespan: expected a duration from 1s to 30d'],
    ['value_count', { condition: { gte: 3 } }, /^condition\.field: Invalid option/],
    ['temporal', { rules: ['a', 'b'], condition: { gte: 3 } }, 'condition: asks for 3 rules, but "rules" has only 2'],
    ['temporal', { rules: ['a'] }, /^rules: Too small/],
    ['temporal_ordered', { rules: ['a', 'a'] }, 'rules: names a rule twice; for repeats there is the kind "event_count"'],
    ['absence', { rules: ['a', 'b'], after: 'a', expect: 'bb' }, 'expect: is "bb", which is none of "rules"; did you mean "b"? known: b, a'],
    ['absence', { rules: ['a', 'b'], after: 'a', expect: 'a' }, 'rules.1: is "b", which is neither "after" nor "expect"'],
    [
      'risk',
      { halfLife: '1h', condition: { gte: 50 }, rules: ['scan'], scores: { scn: 5 } },
      /^scores\.scn: is none of "rules"; did you mean "scan"\?/,
    ],
  ])('%s refuses %j', (type, config, message) => {
    expect(issues(type, config)).toContainEqual(message instanceof RegExp ? expect.stringMatching(message) : message);
  });

  it('tell of a misspelt rule once', () => {
    expect(issues('absence', { rules: ['a', 'b'], after: 'a', expect: 'bb' })).toHaveLength(1);
  });

  it('are those of a map, so that the document can be asked for "rules"', () => {
    for (const { config } of ruleKinds) expect(config).toBeInstanceOf(z.ZodObject);
  });
});
