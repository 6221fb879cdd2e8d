import type { Violation } from '@tocsin/domain';
import { compilePolicies } from '@tocsin/correlator/policies';
import { parsePolicies } from '@tocsin/policy';
import type * as Bounds from '../../apps/correlator/src/pipeline/bounds.ts';
import type * as EngineModule from '../../apps/correlator/src/pipeline/engine.ts';
import type * as GroupsModule from '../../apps/correlator/src/pipeline/groups.ts';
import type { CompiledRule } from '../../apps/correlator/src/pipeline/rule.ts';
import type { RuleSet } from '../../apps/correlator/src/pipeline/rule-set.ts';

// The parts of the correlator that touch no log and no store, from the build: Node does not run their sources.
const built = new URL('../../apps/correlator/dist/', import.meta.url);
const { Engine } = (await import(new URL('pipeline/engine.js', built).href)) as typeof EngineModule;
const { Groups } = (await import(new URL('pipeline/groups.js', built).href)) as typeof GroupsModule;
const { MemoryBudget } = (await import(new URL('pipeline/bounds.js', built).href)) as typeof Bounds;
const { ruleKindRegistry } = (await import(new URL('policies.js', built).href)) as { ruleKindRegistry: never };

const GRACE_MS = 300_000;
const START = Date.UTC(2026, 8, 14, 14);
const BATCH = 500;
const UNBOUNDED = 1e12;

export function* violations(count: number): Generator<Violation> {
  for (let index = 0; index < count; index++) {
    const time = new Date(START + index * 10).toISOString();
    const hex = index.toString(16).padStart(12, '0');
    yield {
      schema: 1,
      id: `00000000-0000-5000-8000-${hex}`,
      source: 'falco',
      kind: 'process',
      name: `event ${index % 100}`,
      message: 'x'.repeat(200),
      severity_id: 3,
      time,
      received_time: time,
      cluster: 'prod',
      workload: { namespace: 'shop', name: `app${index % 48}` },
      pod: { name: `app${index % 48}-6d5f7c9b8d-x2lqp` },
      process: { name: 'tee', cmd_line: 'tee /etc/ld.so.preload' },
      attacks: [],
      tags: ['mitre_persistence'],
    } as unknown as Violation;
  }
}

export function ruleSet(documents: readonly string[]): RuleSet {
  const { rules } = parsePolicies(documents.join('---\n'), 'bench.yaml', { ruleKinds: ruleKindRegistry });
  return compilePolicies(rules, GRACE_MS) as RuleSet;
}

export function rule(name: string, spec: string): string {
  return `apiVersion: tocsin.dev/v1\nkind: CorrelationRule\nmetadata: { name: ${name} }\nspec: { title: T, severity: low, ${spec} }\n`;
}

/** Events per second through the rules, without log and store. `matching`: the share of rules that every event meets. */
export function engineRate(rules: number, matching: number, events: number): number {
  const meets = Math.round(rules * matching);
  const set = ruleSet(
    Array.from({ length: rules }, (_, index) => {
      const filter =
        index < meets
          ? `violation.severity_id >= 2 && violation.process.name == "tee"`
          : `violation.name == "never ${index}" && violation.severity_id >= 2`;
      return rule(`r${index}`, `kind: event_count, timespan: 1m, condition: { gte: 5 }, filter: '${filter}'`);
    }),
  );
  const stream = [...violations(events)];
  let now = START;
  const groups = new Groups(set, { maxGroupsPerRule: UNBOUNDED, newGroupsPerMinute: UNBOUNDED, memory: new MemoryBudget(UNBOUNDED) }, () => now);
  const started = performance.now();
  for (let start = 0; start < stream.length; start += BATCH) {
    const engine = new Engine({ rules: set, groups, keyed: true, grace: GRACE_MS, onMatch: (_rule: CompiledRule) => undefined });
    for (const violation of stream.slice(start, start + BATCH)) engine.violation(violation);
    now = START + start * 10;
    engine.tick(now);
    groups.takeChanges();
  }
  return events / ((performance.now() - started) / 1000);
}

/** One event for each of so many groups; returns the groups, for whoever weighs them. */
export function fill(kindSpec: readonly string[], name: string, keys: number, budget: number, newGroupsPerMinute = UNBOUNDED) {
  const set = ruleSet(kindSpec);
  const memory = new MemoryBudget(budget);
  const groups = new Groups(set, { maxGroupsPerRule: UNBOUNDED, newGroupsPerMinute, memory }, () => START);
  const compiled = set.byName.get(name);
  if (compiled === undefined) throw new Error(`There is no rule "${name}".`);
  for (let key = 0; key < keys; key++) {
    const text = `app-${key.toString(36)}-${(key * 7919).toString(36)}`;
    const id = `00000000-0000-5000-8000-${key.toString(16).padStart(12, '0')}`;
    groups.step(compiled, { key: JSON.stringify(['prod', 'shop', text]), values: {} }, {
      id,
      t: START + key,
      s: 3,
      k: kindSpec.length > 1 ? 'a' : '',
      d: '[[],[]]',
    } as never);
    if (key % BATCH === 0) groups.takeChanges();
  }
  groups.takeChanges();
  return { groups, memory };
}
