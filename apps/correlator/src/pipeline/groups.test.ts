import { beforeEach, describe, expect, it } from '@jest/globals';
import { MemoryBudget, type Bounds } from './bounds.js';
import { Groups } from './groups.js';
import type { CompiledRule } from './rule.js';
import { MINUTE, rule as definition, ruleSet } from './testing.js';

const RULES = ruleSet(
  definition('burst', { kind: 'event_count', kindConfig: { timespan: '5m', condition: { gte: 3 } } }),
  definition('quiet', { kind: 'event_count', kindConfig: { timespan: '5m', condition: { gte: 4 } } }),
);

describe('groups', () => {
  let clock: number;
  let groups: Groups;
  let bounds: Bounds;
  const burst = RULES.byName.get('burst') as CompiledRule;
  const quiet = RULES.byName.get('quiet') as CompiledRule;

  const open = (parts: Partial<Bounds> = {}): void => {
    bounds = { maxGroupsPerRule: 3, newGroupsPerMinute: 1_000_000, memory: new MemoryBudget(1e9), ...parts };
    groups = new Groups(RULES, bounds, () => clock);
  };
  beforeEach(() => {
    clock = Date.UTC(2026, 8, 14, 12);
    open();
  });

  let serial = 0;
  const step = (group: string, t: number, rule = burst): number =>
    groups.step(rule, { values: {}, key: JSON.stringify([group]) }, { id: `m${serial++}`, t, s: 3, k: '', d: '[[],[]]' }).length;
  const kept = (): string[] => {
    const { saved, removed } = groups.takeChanges();
    return [...saved.map(({ group }) => `+${JSON.parse(group)[0]}`), ...removed.map(({ group }) => `-${JSON.parse(group)[0]}`)];
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
      { rule: 'burst', ruleVersion: 'old', group: '["a"]', state: '[]', wakeAt: clock },
      { rule: 'removed', ruleVersion: '1', group: '["b"]', state: '[]', wakeAt: clock },
    ]);
    expect(kept()).toEqual(['-a', '-b']);
  });

  it('goes on after it has come to rest, and after it was loaded', () => {
    step('a', clock);
    const { saved } = groups.takeChanges();
    step('a', clock + 1);
    open();
    groups.load(saved);
    step('a', clock + 1);
    expect(step('a', clock + 2)).toBe(3);
  });

  it('keeps the windows of rules that count as before when others come in force', () => {
    step('a', clock);
    step('a', clock + 1);
    step('a', clock, quiet);
    groups.adopt(ruleSet(definition('burst', { title: 'renamed', kind: 'event_count', kindConfig: { timespan: '5m', condition: { gte: 3 } } })));
    expect(groups.size).toBe(1);
    expect(step('a', clock + 2)).toBe(3);
  });

  it('takes new groups only up to the quota of a minute, and says how many matches that cost', () => {
    open({ maxGroupsPerRule: 100, newGroupsPerMinute: 2 });
    for (const group of ['a', 'b', 'c', 'd', 'a']) step(group, clock);
    expect(groups.size).toBe(2);
    expect(groups.degraded.take()).toEqual([{ rule: 'burst', cause: 'new_groups', count: 2 }]);
    clock += MINUTE;
    step('c', clock);
    expect(groups.size).toBe(3);
    expect(groups.degraded.take()).toEqual([]);
  });

  it('drops from the rule that takes most when memory is used up', () => {
    open({ maxGroupsPerRule: 1e6, memory: new MemoryBudget(100_000) });
    step('kept', clock, quiet);
    groups.takeChanges();
    for (let n = 0; n < 2_000; n++) {
      step(`flood-${n}`, clock);
      if (n % 100 === 0) groups.takeChanges();
    }
    groups.takeChanges();
    expect(bounds.memory.used).toBeLessThanOrEqual(100_000);
    const [degraded, ...others] = groups.degraded.take();
    expect(others).toEqual([]);
    expect(degraded).toMatchObject({ rule: 'burst', cause: 'memory', count: 2_001 - groups.size });
    for (const n of [1, 2, 3]) step('kept', clock + n, quiet);
    expect(step('kept', clock + 4, quiet)).toBe(1);
  });

  it('gives its memory back', () => {
    step('a', clock);
    step('b', clock, quiet);
    groups.takeChanges();
    expect(bounds.memory.used).toBeGreaterThan(0);
    groups.close();
    expect(bounds.memory.used).toBe(0);
  });

  it('loads what matters longest when not all fits, whatever the order', () => {
    const row = (group: string, wakeAt: number) => ({
      rule: 'burst',
      ruleVersion: burst.version,
      group: JSON.stringify([group]),
      state: '{}',
      wakeAt,
    });
    groups.load([row('a', 5), row('b', 50), row('c', 1), row('d', 30)]);
    groups.load([row('e', 40), row('f', 2)]);
    groups.loaded();
    expect(kept().toSorted()).toEqual(['-a', '-c', '-f']);
    step('new', clock);
    expect(kept().toSorted()).toEqual(['+new', '-d']);
  });
});
