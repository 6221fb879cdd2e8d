import { createHash } from 'node:crypto';
import { canonicalJson, type Attack, type SeverityId, type Violation } from '@tocsin/domain';
import { compileFilter, requiredEquals, type Filter, type RequiredEquals } from '@tocsin/policy';
import type { Reducer, RuleKind } from '../rules/rule-kind.js';

/** A correlation rule as its document says it, checked and defaulted. */
export interface RuleDefinition {
  name: string;
  title: string;
  severity: SeverityId;
  /** CEL over `violation`. */
  filter: string;
  /** Paths into the violation, for example `workload.namespace`. */
  groupBy: readonly string[];
  attacks: readonly Attack[];
  kind: string;
  /** Parsed by the kind's schema. */
  kindConfig: unknown;
}

export interface CompiledRule {
  name: string;
  /** Hash of what decides the matches: when only the title changes, open incidents go on. */
  version: string;
  title: string;
  severity: SeverityId;
  attacks: readonly Attack[];
  filter: Filter;
  /** A violation that lacks one of these values cannot match. */
  requires: readonly RequiredEquals[];
  groupBy: readonly GroupField[];
  /** True when all violations of a group share the log key, so that they are counted where they arrive. */
  keyed: boolean;
  reducer: Reducer;
}

export interface GroupField {
  path: string;
  steps: readonly string[];
}

/** Fields of the violations' log key; a group that has them all lies on one partition. */
const KEY_FIELDS = ['cluster', 'workload.namespace', 'workload.name'];

export function compileRule(definition: RuleDefinition, kinds: ReadonlyMap<string, RuleKind>): CompiledRule {
  const kind = kinds.get(definition.kind);
  if (kind === undefined) throw new Error(`Rule "${definition.name}" has the unknown kind "${definition.kind}".`);
  return {
    name: definition.name,
    version: ruleVersion(definition),
    title: definition.title,
    severity: definition.severity,
    attacks: definition.attacks,
    filter: compileFilter(definition.filter, 'violation'),
    requires: requiredEquals(definition.filter, 'violation'),
    groupBy: definition.groupBy.map((path) => ({ path, steps: path.split('.') })),
    keyed: KEY_FIELDS.every((field) => definition.groupBy.includes(field)),
    reducer: kind.create(definition.kindConfig, undefined),
  };
}

function ruleVersion({ filter, groupBy, kind, kindConfig }: RuleDefinition): string {
  return createHash('sha256').update(canonicalJson({ filter, groupBy, kind, kindConfig })).digest('hex').slice(0, 12);
}

export interface Group {
  /** The values by path; a missing one is the empty text. */
  values: Record<string, string>;
  /** The values as one text, the same for the same values. */
  key: string;
}

export function groupOf(rule: CompiledRule, violation: Violation): Group {
  const values: Record<string, string> = {};
  for (const { path, steps } of rule.groupBy) values[path] = readText(violation, steps);
  return { values, key: JSON.stringify(rule.groupBy.map(({ path }) => values[path])) };
}

function readText(root: unknown, steps: readonly string[]): string {
  let value = root;
  for (const step of steps) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, step)) return '';
    value = (value as Record<string, unknown>)[step];
  }
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/**
 * Whether this violation's matches are counted on its own partition. Events of a host have no workload and are keyed
 * by node, so for them even a group by workload spans partitions.
 */
export function countsHere(rule: CompiledRule, violation: Violation): boolean {
  return rule.keyed && (violation.workload.namespace !== undefined || violation.workload.name !== undefined);
}
