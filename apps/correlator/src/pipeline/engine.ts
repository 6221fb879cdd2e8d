import type { Violation } from '@tocsin/domain';
import type { Match } from '../rules/rule-kind.js';
import { groupOf, hasWorkload, readText, type Group } from './group.js';
import type { Groups, TickMembers } from './groups.js';
import { incidentIdOf } from './incident.js';
import { chainedMatch, detailsOf, matchOf } from './match.js';
import type { CompiledRule } from './rule.js';
import type { RuleSet } from './rule-set.js';

/** A match that is counted on another partition than its violation's. Value of `tocsin.signals`. */
export interface Signal {
  rule: string;
  ruleVersion: string;
  /** The names of the rule's `groupBy` as one text. */
  grouping: string;
  groupKey: string;
  group: Record<string, string>;
  match: Match;
}

/** Matches that belong to one incident from now on. */
export interface IncidentMembers {
  rule: CompiledRule;
  group: Group;
  matches: Match[];
}

/** What a batch has brought about, before it is written. */
export interface Effects {
  /** By incident id. */
  members: Map<string, IncidentMembers>;
  signals: Signal[];
}

export interface EngineDeps {
  rules: RuleSet;
  groups: Groups;
  /** True on a partition of violations, where groups of the log key are counted; false on one of signals. */
  keyed: boolean;
  grace: number;
  onMatch(rule: CompiledRule): void;
}

/**
 * Leads violations and signals of one partition through the rules: filter → group → reducer → members → the rules that
 * are chained to it. Where all matches of a group are found on one partition of violations, they are counted there; all
 * others go through `tocsin.signals`, keyed by rule and group, so that each group is counted in exactly one place.
 */
export class Engine {
  readonly #deps: EngineDeps;
  readonly effects: Effects = { members: new Map(), signals: [] };

  constructor(deps: EngineDeps) {
    this.#deps = deps;
  }

  violation(violation: Violation): void {
    const { rules, grace, onMatch } = this.#deps;
    let details: string | undefined;
    rules.index.match(violation, (rule) => {
      details ??= detailsOf(violation, grace);
      const match = matchOf(rule, violation, details);
      if (match === undefined) return;
      onMatch(rule);
      this.#feed(
        rule,
        groupOf(rule.groupBy, rule.name, (path) => readText(violation, path)),
        match,
      );
    });
  }

  /** A signal of a rule that is not in force, or groups otherwise by now, has nothing to be counted by. */
  signal(signal: Signal): void {
    const rule = this.#deps.rules.byName.get(signal.rule);
    if (rule === undefined || rule.grouping !== signal.grouping) return;
    this.#count(rule, { values: signal.group, key: signal.groupKey }, signal.match);
  }

  /**
   * Event time has passed `now`. It goes there from one due time to the next, so that rules chained to what is named hear of it before
   * time has passed them, too.
   */
  tick(now: number): void {
    const { groups } = this.#deps;
    for (let due = groups.nextTick; due !== undefined && due <= now; due = groups.nextTick) {
      for (const { rule, group, members } of groups.tick(due)) this.#named(rule, group, members);
    }
  }

  #feed(rule: CompiledRule, group: Group, match: Match): void {
    if (this.#deps.keyed && rule.local && hasWorkload(group)) this.#count(rule, group, match);
    else {
      const { name, version, grouping } = rule;
      this.effects.signals.push({ rule: name, ruleVersion: version, grouping, group: group.values, groupKey: group.key, match });
    }
  }

  #count(rule: CompiledRule, group: Group, match: Match): void {
    this.#named(rule, group, this.#deps.groups.step(rule, group, match));
  }

  #named(rule: CompiledRule, group: Group, members: TickMembers['members']): void {
    for (const member of members) {
      if (rule.generate) this.#join(rule, group, member);
      for (const dependent of rule.dependents) {
        const match = chainedMatch(dependent, rule, member);
        if (match === undefined) continue;
        this.#feed(
          dependent,
          groupOf(dependent.groupBy, rule.name, (path) => member.c?.[path] ?? ''),
          match,
        );
      }
    }
  }

  #join(rule: CompiledRule, group: Group, member: Match): void {
    const id = incidentIdOf(rule, group, member.t);
    const joined = this.effects.members.get(id);
    if (joined === undefined) this.effects.members.set(id, { rule, group, matches: [member] });
    else joined.matches.push(member);
  }
}
