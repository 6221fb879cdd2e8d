import type { RuleStateKey, RuleStateRow } from '@tocsin/store';
import { type Match, type RuleState, type Step, type Tick } from '../rules/rule-kind.js';
import { Degraded, NewGroupQuota, type Bounds } from './bounds.js';
import type { Group } from './group.js';
import type { CompiledRule } from './rule.js';
import type { RuleSet } from './rule-set.js';
import { Timers } from './timers.js';

/** How long, by our clock, a group or a whole partition must have been silent before our clock may stand in for event time. */
const QUIET_MS = 10 * 60_000;
/** A state no longer than this rests as text, which takes a third of the memory; reading it costs microseconds. */
const REST_AS_TEXT_MAX = 1_024;
/** What a group takes beside its key and state, and how many bytes of objects one character of state becomes; measured. */
const ENTRY_BYTES = 240;
const BYTES_PER_CHARACTER = 3;

interface Entry {
  rule: CompiledRule;
  key: string;
  /** Either is there: the state at work, or as it rests. */
  state: RuleState | undefined;
  text: string | undefined;
  wakeAt: number;
  /** Our clock when the group last changed. */
  touched: number;
  bytes: number;
  alive: boolean;
}

/** Members that a tick has named. */
export interface TickMembers {
  rule: CompiledRule;
  group: Group;
  members: readonly Match[];
}

/** The state of every group of one partition, within bounds; knows what changed since it was last written. */
export class Groups {
  readonly #bounds: Bounds;
  readonly #quota: NewGroupQuota;
  readonly #now: () => number;
  #rules: RuleSet;
  /** By rule; a Map keeps the order of insertion, so that the first entry is the one least recently changed. */
  readonly #entries = new Map<string, Map<string, Entry>>();
  readonly #sizes = new Map<string, number>();
  readonly #changed = new Set<Entry>();
  readonly #removed = new Map<string, RuleStateKey>();
  /** Of the kinds that name members on ticks. An entry whose `wakeAt` has moved is in it more than once. */
  readonly #timers = new Timers<Entry>();
  readonly #oldest = new WeakMap<Map<string, Entry>, MapIterator<Entry>>();
  /** By rule, while states are loaded. */
  readonly #loading = new Map<string, Timers<Entry>>();
  readonly degraded = new Degraded();
  #latest = 0;
  /** Our clock at the last match. */
  #stepped = 0;

  constructor(rules: RuleSet, bounds: Bounds, now: () => number) {
    this.#rules = rules;
    this.#bounds = bounds;
    this.#quota = new NewGroupQuota(bounds.newGroupsPerMinute);
    this.#now = now;
  }

  /**
   * Takes over what was written, some rows at a time and in any order, until `loaded`. What does not fit within the bounds is, of all rows
   * so far, what matters for the shortest time.
   */
  load(rows: readonly RuleStateRow[]): void {
    for (const row of rows) {
      const rule = this.#rules.byName.get(row.rule);
      // States of rules that were changed or removed are of no more use.
      if (rule === undefined || rule.version !== row.ruleVersion) {
        this.#forget(row);
        continue;
      }
      let first = this.#loading.get(rule.name);
      if (first === undefined) this.#loading.set(rule.name, (first = new Timers<Entry>()));
      first.add(row.wakeAt, this.#keep(rule, row.group, { text: row.state, wakeAt: row.wakeAt }));
      this.#settleCount(rule.name);
    }
    this.#settleMemory();
  }

  /** All rows were loaded. From now on, the group goes first that has not changed for longest; of those loaded, the one that matters shortest. */
  loaded(): void {
    for (const [rule, entries] of this.#entries) {
      const ordered = [...entries].toSorted(([, a], [, b]) => a.wakeAt - b.wakeAt);
      this.#entries.set(rule, new Map(ordered));
    }
    this.#loading.clear();
  }

  /** Goes on with other rules: windows of those that count as before are kept. */
  adopt(rules: RuleSet): void {
    this.#rules = rules;
    for (const entries of [...this.#entries.values()]) {
      for (const entry of [...entries.values()]) {
        const rule = rules.byName.get(entry.rule.name);
        if (rule?.version === entry.rule.version) entry.rule = rule;
        else this.#drop(entry);
      }
    }
  }

  /** Gives back its share of the memory. */
  close(): void {
    for (const size of this.#sizes.values()) this.#bounds.memory.used -= size;
    this.#sizes.clear();
  }

  /** Steps the group's reducer and says which matches became members. */
  step(rule: CompiledRule, group: Group, match: Match): readonly Match[] {
    this.#latest = Math.max(this.#latest, match.t);
    this.#stepped = this.#now();
    const entry = this.#entries.get(rule.name)?.get(group.key);
    return this.#take(rule, group.key, entry, rule.reducer.step(stateOf(entry), match));
  }

  /** Tells groups that wait for it that event time has passed `now`. */
  tick(now: number): TickMembers[] {
    const named: TickMembers[] = [];
    for (let due = this.#timers.take(now); due !== undefined; due = this.#timers.take(now)) {
      const { at, item: entry } = due;
      if (!entry.alive || entry.wakeAt !== at) continue;
      const tick: Tick = { now };
      const members = this.#take(entry.rule, entry.key, entry, entry.rule.reducer.step(stateOf(entry), tick));
      if (members.length > 0) named.push({ rule: entry.rule, group: groupFrom(entry), members });
    }
    return named;
  }

  /** When the next group wants a tick, event time. */
  get nextTick(): number | undefined {
    return this.#timers.next;
  }

  /**
   * Drops groups past their time. That is event time while matches come, also when they are hours old (a backlog is
   * being worked off); only when the partition has fallen silent does our clock say how late it is.
   */
  expire(): void {
    const now = this.#now();
    const silent = this.#stepped < now - QUIET_MS;
    const eventTime = silent ? Math.max(this.#latest, now - QUIET_MS) : this.#latest;
    for (const entries of this.#entries.values()) {
      for (const entry of entries.values()) {
        // In order of their last change, so those after it have changed since, too.
        if (entry.touched >= now - QUIET_MS) break;
        if (entry.wakeAt < eventTime && entry.rule.reducer.namesOnTick !== true) this.#drop(entry);
      }
    }
  }

  get changed(): boolean {
    return this.#changed.size > 0 || this.#removed.size > 0;
  }

  get size(): number {
    return [...this.#entries.values()].reduce((sum, entries) => sum + entries.size, 0);
  }

  takeChanges(): { saved: RuleStateRow[]; removed: RuleStateKey[] } {
    const saved = [...this.#changed].map((entry) => {
      const text = entry.text ?? JSON.stringify(entry.state);
      this.#rest(entry, text);
      return { rule: entry.rule.name, ruleVersion: entry.rule.version, group: entry.key, wakeAt: entry.wakeAt, state: text };
    });
    const removed = [...this.#removed.values()];
    this.#changed.clear();
    this.#removed.clear();
    this.#settleMemory();
    return { saved, removed };
  }

  /** Takes over what a step gave. */
  #take(rule: CompiledRule, key: string, entry: Entry | undefined, step: Step): readonly Match[] {
    if (step.forgotten !== undefined && step.forgotten > 0) this.degraded.add(rule.name, 'window', step.forgotten);
    if (step.state === undefined || step.wakeAt === undefined) {
      if (entry !== undefined) this.#drop(entry);
      return step.members;
    }
    if (entry === undefined && !this.#quota.take(rule.name, this.#now())) {
      this.degraded.add(rule.name, 'new_groups', 1);
      return step.members;
    }
    this.#changed.add(this.#keep(rule, key, { state: step.state, wakeAt: step.wakeAt }));
    this.#settleCount(rule.name);
    return step.members;
  }

  #keep(rule: CompiledRule, key: string, { state, text, wakeAt }: { state?: RuleState; text?: string; wakeAt: number }): Entry {
    let entries = this.#entries.get(rule.name);
    if (entries === undefined) this.#entries.set(rule.name, (entries = new Map<string, Entry>()));
    const before = entries.get(key);
    const entry: Entry = before ?? { rule, key, state: undefined, text: undefined, wakeAt: NaN, touched: 0, bytes: 0, alive: true };
    entry.touched = this.#now();
    if (rule.reducer.namesOnTick === true && entry.wakeAt !== wakeAt) this.#timers.add(wakeAt, entry);
    entry.wakeAt = wakeAt;
    entry.state = state;
    entry.text = text;
    if (before !== undefined) entries.delete(key);
    else this.#resize(entry, ENTRY_BYTES + key.length + (text?.length ?? REST_AS_TEXT_MAX / 4));
    entries.set(key, entry);
    // A removal that is not yet written would come after the row.
    if (before === undefined) this.#removed.delete(identityText(rule.name, rule.version, key));
    return entry;
  }

  #rest(entry: Entry, text: string): void {
    const short = text.length <= REST_AS_TEXT_MAX;
    if (short) {
      entry.text = text;
      entry.state = undefined;
    }
    this.#resize(entry, ENTRY_BYTES + entry.key.length + text.length * (short ? 1 : BYTES_PER_CHARACTER));
  }

  #settleCount(rule: string): void {
    const entries = this.#entries.get(rule);
    if (entries !== undefined && entries.size > this.#bounds.maxGroupsPerRule) this.#evictOldest(entries, 'groups');
  }

  /** Evicts from the rule that takes most, which is the one that a flood has filled. */
  #settleMemory(): void {
    const { memory } = this.#bounds;
    while (memory.exceeded) {
      const [largest] = [...this.#sizes].toSorted(([, a], [, b]) => b - a);
      const entries = largest === undefined ? undefined : this.#entries.get(largest[0]);
      if (entries === undefined || entries.size === 0) return;
      // Some at a time, so that the largest is not looked for once per group.
      for (let count = Math.max(1, entries.size >> 6); count > 0 && memory.exceeded; count--) this.#evictOldest(entries, 'memory');
    }
  }

  #evictOldest(entries: Map<string, Entry>, cause: 'groups' | 'memory'): void {
    const oldest = this.#shortest(entries) ?? this.#first(entries);
    if (oldest === undefined) return;
    this.#drop(oldest);
    this.degraded.add(oldest.rule.name, cause, 1);
  }

  /** While states are loaded: of those of the rule the one that matters for the shortest time. */
  #shortest(entries: Map<string, Entry>): Entry | undefined {
    if (this.#loading.size === 0) return undefined;
    const loading = this.#loading.get(entries.values().next().value?.rule.name ?? '');
    for (let next = loading?.take(Infinity); next !== undefined; next = loading?.take(Infinity)) if (next.item.alive) return next.item;
    return undefined;
  }

  /**
   * The one least recently changed. One iterator goes on for as long as it can: a new one would step over the holes that those
   * deleted before have left, which makes a flood of evictions quadratic.
   */
  #first(entries: Map<string, Entry>): Entry | undefined {
    const found = this.#oldest.get(entries)?.next().value;
    if (found !== undefined) return found;
    const again = entries.values();
    this.#oldest.set(entries, again);
    return again.next().value;
  }

  #resize(entry: Entry, bytes: number): void {
    const grown = bytes - entry.bytes;
    entry.bytes = bytes;
    this.#bounds.memory.used += grown;
    this.#sizes.set(entry.rule.name, (this.#sizes.get(entry.rule.name) ?? 0) + grown);
  }

  #drop(entry: Entry): void {
    entry.alive = false;
    this.#entries.get(entry.rule.name)?.delete(entry.key);
    this.#changed.delete(entry);
    this.#resize(entry, 0);
    this.#forget({ rule: entry.rule.name, ruleVersion: entry.rule.version, group: entry.key });
  }

  #forget({ rule, ruleVersion, group }: RuleStateKey): void {
    this.#removed.set(identityText(rule, ruleVersion, group), { rule, ruleVersion, group });
  }
}

function stateOf(entry: Entry | undefined): RuleState | undefined {
  if (entry === undefined) return undefined;
  return entry.text === undefined ? entry.state : (JSON.parse(entry.text) as RuleState);
}

function groupFrom({ rule, key }: Entry): Group {
  const list = JSON.parse(key) as string[];
  return { key, values: Object.fromEntries(rule.groupBy.map(({ name }, index) => [name, list[index] ?? ''])) };
}

function identityText(rule: string, version: string, group: string): string {
  return JSON.stringify([rule, version, group]);
}
