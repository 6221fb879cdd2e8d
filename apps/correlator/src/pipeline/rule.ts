import { createHash } from 'node:crypto';
import { canonicalJson, type Attack, type SeverityId } from '@tocsin/domain';
import { compileFilter, requiredEquals, type CorrelationRuleSpec, type Filter, type RequiredEquals } from '@tocsin/policy';
import type { MatchKey, Reducer, RuleKind } from '../rules/rule-kind.js';
import { KEY_FIELDS, type GroupField } from './group.js';

/** A correlation rule as its document says it, checked and defaulted. */
export type RuleDefinition = { name: string } & Omit<CorrelationRuleSpec, 'description' | 'enabled' | 'tests'>;

export interface CompiledRule {
  name: string;
  /** Hash of what decides the matches, also of the rules that it is chained to. */
  version: string;
  title: string;
  severity: SeverityId;
  escalate: readonly { to: SeverityId; when: Filter }[];
  attacks: readonly Attack[];
  /** Whether its members make incidents, or only feed rules that name it. */
  generate: boolean;
  /** Absent when its matches are the members of other rules. */
  filter: Filter | undefined;
  /** A violation that lacks one of these values cannot match. */
  requires: readonly RequiredEquals[];
  groupBy: readonly GroupField[];
  /** The names of `groupBy` as one text. */
  grouping: string;
  /** What `Match.k` holds, and the path of a `field`. */
  input: MatchKey;
  field: string | undefined;
  /** True when all matches of a group that has a workload are found on one partition of violations, so that they are counted there. */
  local: boolean;
  /** Rules that take the members of this one. */
  dependents: readonly CompiledRule[];
  /** Paths whose values members must carry for the dependents. */
  carries: readonly string[];
  reducer: Reducer;
  /** Milliseconds, as the three below. */
  suppress: number;
  resolveAfter: number | undefined;
  reopenWithin: number;
  inhibits: readonly { rules: readonly string[]; equal: readonly string[] }[];
}

/** Repeats that come faster than this are told together; see `suppress`. */
const DEFAULT_SUPPRESS_MS = 10_000;

/** `inputs` are the compiled rules that this one is chained to, `grace` is how far out of order violations may come, milliseconds. */
export function compileRule(
  definition: RuleDefinition,
  kinds: ReadonlyMap<string, RuleKind>,
  inputs: readonly CompiledRule[],
  grace: number,
): CompiledRule {
  const kind = kinds.get(definition.kind);
  if (kind === undefined) throw new Error(`Rule "${definition.name}" has the unknown kind "${definition.kind}".`);
  const { name, filter, suppress } = definition;
  return {
    name,
    version: versionOf(definition, inputs),
    title: definition.title,
    severity: definition.severity,
    escalate: definition.escalate.map(({ to, when }) => ({ to, when: compileFilter(when, 'incident') })),
    attacks: definition.attacks,
    generate: definition.generate,
    filter: filter === undefined ? undefined : compileFilter(filter, 'violation'),
    requires: filter === undefined ? [] : requiredEquals(filter, 'violation'),
    groupBy: definition.groupBy.map((field) => groupField(field, definition.aliases[field])),
    grouping: JSON.stringify(definition.groupBy),
    input: kind.input,
    field: kind.input === 'field' ? fieldOf(definition) : undefined,
    local: KEY_FIELDS.every((field) => definition.groupBy.includes(field)) && inputs.every((input) => input.local),
    dependents: [],
    carries: [],
    reducer: kind.create(definition.kindConfig, { grace: Math.max(grace, ...inputs.map((input) => lagOf(input, grace))) }),
    suppress: suppress ?? DEFAULT_SUPPRESS_MS,
    resolveAfter: definition.resolveAfter,
    reopenWithin: definition.reopenWithin,
    inhibits: definition.inhibits,
  };
}

/** How late its members come to rules that are chained to it. Ticks go by the event time of one partition, which may be behind that of others by grace. */
function lagOf({ reducer }: CompiledRule, grace: number): number {
  return reducer.lag + (reducer.namesOnTick === true ? grace : 0);
}

function groupField(name: string, alias: Record<string, string> | undefined): GroupField {
  if (alias === undefined) return { name, pathOf: () => name };
  return { name, pathOf: (rule) => alias[rule] ?? name };
}

function fieldOf({ name, kindConfig }: RuleDefinition): string {
  const field = (kindConfig as { condition?: { field?: unknown } }).condition?.field;
  if (typeof field !== 'string') throw new Error(`Rule "${name}" counts values but names no field.`);
  return field;
}

/** What only names, words or tells the incident is left out: when it changes, the windows go on. */
function versionOf({ filter, rules, groupBy, aliases, kind, kindConfig }: RuleDefinition, inputs: readonly CompiledRule[]): string {
  const chained = inputs.map((input) => input.version);
  const decisive = { filter, rules, groupBy, aliases, kind, kindConfig, chained };
  return createHash('sha256').update(canonicalJson(decisive)).digest('hex').slice(0, 12);
}
