import { beforeEach, describe, expect, it } from '@jest/globals';
import { buildRegistry } from '@tocsin/extension';
import { createMetrics } from '@tocsin/runtime';
import { createCorrelatorMetrics } from '../metrics.js';
import { ruleKinds } from '../rules/index.js';
import { Groups } from './groups.js';
import { compileRule, type CompiledRule } from './rule.js';

const MINUTE = 60_000;

describe('groups', () => {
  let clock: number;
  let rule: CompiledRule;
  let groups: Groups;
  beforeEach(() => {
    clock = Date.UTC(2026, 8, 14, 12);
    rule = compileRule(
      {
        name: 'burst',
        title: 'burst',
        severity: 3,
        filter: 'true',
        groupBy: ['cluster', 'workload.namespace', 'workload.name'],
        attacks: [],
        kind: 'event_count',
        kindConfig: { timespan: 5 * MINUTE, condition: { gte: 3 } },
      },
      buildRegistry('rule kind', ruleKinds),
    );
    groups = new Groups(new Map([['burst', rule]]), 3, createCorrelatorMetrics(createMetrics('test', '0')), () => clock);
  });

  let serial = 0;
  const step = (group: string, t: number): number =>
    groups.step(rule, { values: {}, key: group }, { id: `m${serial++}`, t, s: 3, e: [], a: [] }).length;
  const kept = (): string[] => {
    const { saved, removed } = groups.takeChanges();
    return [...saved.map(({ group }) => `+${group}`), ...removed.map(({ group }) => `-${group}`)];
  };

  it('writes what changed, once', () => {
    step('a', clock);
    step('a', clock + 1);
    expect(kept()).toEqual(['+a']);
    expect(groups.changed).toBe(false);
  });

  it('drops a group once event time has passed it and it was silent', () => {
    step('a', clock);
    clock += 20 * MINUTE;
    step('b', clock);
    groups.expire();
    expect(kept()).toEqual(['+b', '-a']);
  });

  it('keeps windows of old events while a backlog is worked off, however late it is by our clock', () => {
    const backlog = clock - 48 * 60 * MINUTE;
    step('a', backlog);
    for (let minute = 1; minute <= 15; minute++) {
      clock += MINUTE;
      step('b', backlog + minute * 1000);
      groups.expire();
    }
    step('a', backlog + 2 * MINUTE);
    expect(step('a', backlog + 3 * MINUTE)).toBe(3);
  });

  it('drops old groups of a partition that fell silent', () => {
    step('a', clock - 60 * MINUTE);
    clock += 11 * MINUTE;
    groups.expire();
    expect(kept()).toEqual(['-a']);
  });

  it('drops the least recently changed group beyond the bound', () => {
    for (const group of ['a', 'b', 'c']) step(group, clock);
    step('a', clock + 1);
    step('d', clock);
    expect(kept().toSorted()).toEqual(['+a', '+c', '+d', '-b']);
  });

  it('forgets states of a rule that has changed since', () => {
    groups.load([
      { rule: 'burst', ruleVersion: 'old', group: 'a', state: '[]', wakeAt: clock },
      { rule: 'removed', ruleVersion: '1', group: 'b', state: '[]', wakeAt: clock },
    ]);
    expect(kept()).toEqual(['-a', '-b']);
  });
});
