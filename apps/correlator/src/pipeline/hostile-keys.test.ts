import { expect, it } from '@jest/globals';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { MemoryBudget } from './bounds.js';
import { Groups } from './groups.js';
import type { CompiledRule } from './rule.js';
import { rule, ruleSet } from './testing.js';

const KEYS = 1_000_000;
const BUDGET = 64 * 1024 * 1024;
const BATCH = 500;

// jest starts its workers without it.
setFlagsFromString('--expose-gc');
const collect = runInNewContext('gc') as () => void;

it('a million random keys take no more memory than the budget, and every eviction is counted', () => {
  const rules = ruleSet(rule('burst', { kind: 'event_count', kindConfig: { timespan: '1h', condition: { gte: 3 } } }));
  const burst = rules.byName.get('burst') as CompiledRule;
  const memory = new MemoryBudget(BUDGET);
  const now = Date.UTC(2026, 8, 14, 12);
  const groups = new Groups(rules, { maxGroupsPerRule: 1e9, newGroupsPerMinute: 1e9, memory }, () => now);
  let state = 1;
  const random = (): string => (state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0).toString(36);
  collect();
  const before = process.memoryUsage().heapUsed;
  let highest = 0;
  for (let index = 0; index < KEYS; index++) {
    const key = JSON.stringify(['prod', `ns-${random()}`, `app-${random()}-${index}`]);
    groups.step(burst, { values: {}, key }, { id: `m${index}`, t: now + index, s: 3, k: '', d: '[[],[]]' });
    if (index % BATCH !== 0) continue;
    groups.takeChanges();
    highest = Math.max(highest, memory.used);
  }
  groups.takeChanges();
  collect();
  const heap = process.memoryUsage().heapUsed - before;
  expect(highest).toBeLessThanOrEqual(BUDGET);
  const evicted = groups.degraded.take();
  expect(evicted).toMatchObject([{ rule: 'burst', cause: 'memory' }]);
  expect((evicted[0]?.count ?? 0) + groups.size).toBe(KEYS);
  // What is estimated is what is taken, give or take a quarter.
  expect(heap / memory.used).toBeGreaterThan(0.75);
  expect(heap / memory.used).toBeLessThan(1.25);
}, 120_000);
