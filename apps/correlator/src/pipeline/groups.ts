import type { RuleStateRow } from '@tocsin/store';
import type { CorrelatorMetrics } from '../metrics.js';
import { type Match, type RuleState } from '../rules/rule-kind.js';
import type { CompiledRule, Group } from './rule.js';

/** How long, by our clock, a group or a whole partition must have been silent before our clock may stand in for event time. */
const QUIET_MS = 10 * 60_000;

interface Entry {
  rule: string;
  ruleVersion: string;
  group: string;
  state: RuleState;
  wakeAt: number;
  /** Our clock when the group last changed. */
  touched: number;
}

export type RuleStateKey = Pick<RuleStateRow, 'rule' | 'ruleVersion' | 'group'>;

/** The state of every group of one partition, bounded per rule; knows what changed since it was last written. */
export class Groups {
  readonly #rules: ReadonlyMap<string, CompiledRule>;
  readonly #maxPerRule: number;
  readonly #metrics: CorrelatorMetrics;
  readonly #now: () => number;
  /** By rule; a Map keeps the order of insertion, so that the first entry is the one least recently changed. */
  readonly #entries = new Map<string, Map<string, Entry>>();
  readonly #saved = new Map<string, Entry>();
  readonly #removed = new Map<string, RuleStateKey>();
  #latest = 0;
  /** Our clock at the last match. */
  #stepped = 0;

  constructor(rules: ReadonlyMap<string, CompiledRule>, maxPerRule: number, metrics: CorrelatorMetrics, now: () => number) {
    this.#now = now;
    this.#rules = rules;
    this.#maxPerRule = maxPerRule;
    this.#metrics = metrics;
  }

  load(rows: readonly RuleStateRow[]): void {
    for (const row of rows) {
      const rule = this.#rules.get(row.rule);
      // States of rules that were changed or removed are of no more use.
      if (rule === undefined || rule.version !== row.ruleVersion) this.#forget(row);
      else
        this.#keep({
          rule: row.rule,
          ruleVersion: row.ruleVersion,
          group: row.group,
          state: JSON.parse(row.state),
          wakeAt: row.wakeAt,
          touched: this.#now(),
        });
    }
  }

  /** Steps the group's reducer and says which matches became members. */
  step(rule: CompiledRule, group: Group, match: Match): readonly Match[] {
    const before = this.#entries.get(rule.name)?.get(group.key);
    const step = rule.reducer.step(before?.state, match);
    this.#latest = Math.max(this.#latest, match.t);
    this.#stepped = this.#now();
    const identity = { rule: rule.name, ruleVersion: rule.version, group: group.key };
    if (step.state === undefined || step.wakeAt === undefined) {
      if (before !== undefined) this.#drop(identity);
    } else if (step.state !== before?.state) {
      const entry = { ...identity, state: step.state, wakeAt: step.wakeAt, touched: this.#now() };
      this.#keep(entry);
      this.#saved.set(keyOf(entry), entry);
      this.#removed.delete(keyOf(entry));
    }
    return step.members;
  }

  /**
   * Drops groups past their time. That is event time while matches come, also when they are hours old (a backlog is
   * being worked off); only when the partition has fallen silent does our clock say how late it is.
   */
  expire(): void {
    const now = this.#now();
    const silent = this.#stepped < now - QUIET_MS;
    const eventTime = silent ? Math.max(this.#latest, now - QUIET_MS) : this.#latest;
    for (const groups of this.#entries.values()) {
      for (const entry of groups.values()) {
        if (entry.wakeAt < eventTime && entry.touched < now - QUIET_MS) this.#drop(entry);
      }
    }
  }

  get changed(): boolean {
    return this.#saved.size > 0 || this.#removed.size > 0;
  }

  takeChanges(): { saved: RuleStateRow[]; removed: RuleStateKey[] } {
    const saved = [...this.#saved.values()].map(({ rule, ruleVersion, group, state, wakeAt }) => ({
      rule,
      ruleVersion,
      group,
      wakeAt,
      state: JSON.stringify(state),
    }));
    const removed = [...this.#removed.values()];
    this.#saved.clear();
    this.#removed.clear();
    return { saved, removed };
  }

  #keep(entry: Entry): void {
    let groups = this.#entries.get(entry.rule);
    if (groups === undefined) this.#entries.set(entry.rule, (groups = new Map<string, Entry>()));
    groups.delete(entry.group);
    groups.set(entry.group, entry);
    if (groups.size <= this.#maxPerRule) return;
    const [oldest] = groups.values();
    if (oldest !== undefined) {
      this.#drop(oldest);
      this.#metrics.evicted.inc({ rule: entry.rule });
    }
  }

  #drop(key: RuleStateKey): void {
    this.#entries.get(key.rule)?.delete(key.group);
    this.#saved.delete(keyOf(key));
    this.#forget(key);
  }

  #forget({ rule, ruleVersion, group }: RuleStateKey): void {
    this.#removed.set(keyOf({ rule, ruleVersion, group }), { rule, ruleVersion, group });
  }
}

function keyOf({ rule, ruleVersion, group }: RuleStateKey): string {
  return JSON.stringify([rule, ruleVersion, group]);
}
