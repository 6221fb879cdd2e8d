// A rule chained to another hears of a match only when the other has named it: for an absence or a full window that is later, by event
// time, than a violation may come by itself. Windows were closed to such matches, or not, depending on what had come before them.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Incident, Violation } from '@tocsin/domain';
import { at, rule, ruleSet, Stage } from './testing.js';

const of = (name: string) => ({ filter: `violation.name == "${name}"`, generate: false });
const named = (second: number, name: string, workload = 'web') => at(second, { name, workload: { namespace: 'shop', name: workload } });

describe('a chain', () => {
  let stage: Stage;
  beforeEach(async () => {
    stage = new Stage();
    await stage.open(1);
  });
  afterEach(() => stage.close());

  async function play(rules: Parameters<typeof ruleSet>, violations: readonly Violation[]): Promise<Incident[]> {
    const set = ruleSet(...rules);
    await stage.start(() => set, { maxBatchRecords: 1 });
    for (const one of violations) await stage.push(one);
    return stage.incidents();
  }

  const together = [
    rule('shells', of('shell')),
    rule('writes', of('write')),
    rule('others', of('other')),
    rule('unanswered', {
      kind: 'absence',
      generate: false,
      rules: ['shells', 'writes'],
      kindConfig: { timespan: '1m', rules: ['shells', 'writes'], after: 'shells', expect: 'writes' },
    }),
    rule('both', { kind: 'temporal', rules: ['unanswered', 'others'], kindConfig: { timespan: '10s', rules: ['unanswered', 'others'] } }),
  ];
  const [shell, near, far, elsewhere] = [named(0, 'shell'), named(5, 'other'), named(400, 'other'), named(365, 'other', 'api')];

  it.each([
    ['before', [shell, near, elsewhere, far]],
    ['with', [shell, near, far, elsewhere]],
  ])('finds what was beside an absence, which is known %s the first match that is later than it by its span and grace', async (_when, violations) => {
    const incidents = await play(together, violations);
    expect(incidents.map(({ count, rule: { name } }) => [name, count])).toEqual([['both', 2]]);
  });

  it('waits for what is expected until the window that names it can have been filled', async () => {
    const rules = [
      rule('shells', of('shell')),
      rule('burst', { ...of('egress'), kind: 'event_count', kindConfig: { timespan: '1m', condition: { gte: 3 } } }),
      rule('unanswered', {
        kind: 'absence',
        rules: ['shells', 'burst'],
        kindConfig: { timespan: '10s', rules: ['shells', 'burst'], after: 'shells', expect: 'burst' },
      }),
    ];
    // The third egress, which makes the first one a member, comes late by less than grace.
    const incidents = await play(rules, [
      shell,
      named(5, 'egress'),
      named(50, 'egress'),
      named(345, 'other'),
      named(60, 'egress'),
      named(900, 'other'),
    ]);
    expect(incidents).toEqual([]);
  });
});
