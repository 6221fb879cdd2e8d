import { ruleKindRegistry } from '@tocsin/correlator/policies';
import { describeKnown } from '@tocsin/extension';
import { GROUP_FIELDS } from '@tocsin/policy';
import { isMap, listOf, mapOf, textOf, type SigmaDocument, type SigmaMap } from './document.js';
import { fieldOf, type Source } from './fields.js';
import type { Remarks } from './report.js';

/** A rule that a correlation refers to. */
export interface Referred {
  /** What Sigma calls it, and what it is called here. */
  references: readonly string[];
  name: string;
  /** The log sources of the detections below it. */
  sources: readonly (Source | undefined)[];
}

const COUNTS: readonly string[] = ['event_count', 'value_count'];
const KINDS: readonly string[] = [...COUNTS, 'temporal', 'temporal_ordered'];

/** The keys of `spec` that a correlation decides; undefined where no kind of rule is like it. */
export function compileCorrelation({ value, remarks }: SigmaDocument, referred: readonly Referred[]): Record<string, unknown> | undefined {
  const correlation = mapOf(value, 'correlation');
  const type = textOf(correlation, 'type') ?? '';
  if (!KINDS.includes(type)) {
    remarks.lost(['correlation', 'type'], `is "${type}", which no kind of rule computes; ${describeKnown(type, KINDS)}`);
    return undefined;
  }
  if (referred.length === 0) {
    remarks.lost(['correlation', 'rules'], 'names no rule that was converted');
    return undefined;
  }
  const rules = referred.map(({ name }) => name);
  const condition = compileCondition(type, mapOf(correlation, 'condition'), referred, remarks);
  if (isMap(correlation['condition']) === false && correlation['condition'] !== undefined) {
    remarks.lost(['correlation', 'condition'], 'is no map such as { gte: 10 }');
  }
  const timespan = timespanOf(correlation, remarks);
  const { groupBy, aliases } = groupingOf(correlation, referred, remarks);
  const grouped = { rules, groupBy, ...(Object.keys(aliases).length > 0 && { aliases }) };
  if (type === 'event_count' && condition?.['gte'] === 1) return { kind: 'single', ...grouped };
  return { kind: type, ...grouped, timespan, ...(condition !== undefined && { condition }) };
}

const OTHERS: readonly string[] = ['lt', 'lte', 'eq', 'neq'];

function compileCondition(type: string, condition: SigmaMap, referred: readonly Referred[], remarks: Remarks): Record<string, unknown> | undefined {
  const place = (key: string): string[] => ['correlation', 'condition', key];
  for (const key of OTHERS.filter((other) => condition[other] !== undefined)) {
    const advice =
      condition['gte'] === undefined && condition['gt'] === undefined
        ? '; for what should have happened and did not there is the kind "absence"'
        : '';
    remarks.lost(place(key), `is a bound that more events can break, and what a rule has found stays found${advice}`);
  }
  const least = leastOf(condition);
  if (type === 'temporal_ordered' || (type === 'temporal' && (least === undefined || least >= referred.length))) {
    if (least !== undefined && least < referred.length)
      remarks.lost(place('gte'), 'asks for some of the rules, and in order there are only all of them');
    return undefined;
  }
  if (least === undefined && !OTHERS.some((other) => condition[other] !== undefined)) remarks.lost(['correlation', 'condition'], 'has no number');
  // What is not in force must be valid all the same, so that a person can go on from there.
  const gte = least ?? Math.max(2, toCount(condition['eq']) ?? 2);
  return type === 'value_count' ? { field: countedField(condition['field'], referred, remarks), gte } : { gte };
}

function leastOf({ gte, gt }: SigmaMap): number | undefined {
  const more = toCount(gt);
  return toCount(gte) ?? (more === undefined ? undefined : more + 1);
}

function toCount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) ? value : undefined;
}

function countedField(name: unknown, referred: readonly Referred[], remarks: Remarks): string {
  const place = ['correlation', 'condition', 'field'];
  const [first, ...more] = Array.isArray(name) ? (name as unknown[]) : [name];
  if (more.length > 0) remarks.lost(place, 'names several fields, and one is counted');
  const path = pathIn(String(first), referred);
  if (path !== undefined && isCounted(path)) return path;
  remarks.lost(place, `is "${String(first)}", which no rule counts the values of`);
  return 'message';
}

function isCounted(field: string): boolean {
  return ruleKindRegistry.get('value_count')?.config.safeParse({ timespan: '1m', condition: { field, gte: 2 } }).success === true;
}

const DAY_MAX = 30;
const DAYS: Readonly<Record<string, number>> = { s: 1 / 86_400, m: 1 / 1_440, h: 1 / 24, d: 1 };

function timespanOf(correlation: SigmaMap, remarks: Remarks): string {
  const timespan = textOf(correlation, 'timespan') ?? '';
  const [, number, unit = ''] = /^(\d{1,9})([smhd])$/.exec(timespan) ?? [];
  if (number === undefined) {
    remarks.lost(['correlation', 'timespan'], `is "${timespan}", expected a number with s, m, h or d`);
    return '5m';
  }
  if (Number(number) * (DAYS[unit] ?? 0) <= DAY_MAX) return timespan;
  remarks.lost(['correlation', 'timespan'], `is "${timespan}", and no rule looks further back than ${DAY_MAX}d`);
  return `${DAY_MAX}d`;
}

interface Grouping {
  groupBy: string[];
  aliases: Record<string, Record<string, string>>;
}

function groupingOf(correlation: SigmaMap, referred: readonly Referred[], remarks: Remarks): Grouping {
  const named = mapOf(correlation, 'aliases');
  const grouping: Grouping = { groupBy: [], aliases: {} };
  for (const name of listOf(correlation, 'group-by')) {
    const fields = referred.map((rule) => pathFor(name, rule, named));
    const paths = fields.map((path) => (path !== undefined && (GROUP_FIELDS as readonly string[]).includes(path) ? path : undefined));
    if (paths.includes(undefined)) {
      remarks.lost(['correlation', 'group-by'], `has "${name}", which no rule groups by; known: ${GROUP_FIELDS.join(', ')}`);
      continue;
    }
    const [path = '', ...others] = paths as string[];
    if (others.every((other) => other === path)) grouping.groupBy.push(path);
    else {
      const alias = aliasName(name);
      grouping.groupBy.push(alias);
      grouping.aliases[alias] = Object.fromEntries(referred.map((rule, index) => [rule.name, (paths as string[])[index] ?? '']));
    }
  }
  grouping.groupBy = [...new Set(grouping.groupBy)];
  if (grouping.groupBy.length === 0) {
    grouping.groupBy.push('cluster');
    if (listOf(correlation, 'group-by').length === 0) remarks.note(['correlation', 'group-by'], 'is missing; all events of a cluster are one group');
  }
  return grouping;
}

/** The path of a field, or of an alias, in the violations of one rule. */
function pathFor(name: string, rule: Referred, aliases: SigmaMap): string | undefined {
  const alias = aliases[name];
  if (!isMap(alias)) return pathIn(name, [rule]);
  const field = rule.references.map((reference) => alias[reference]).find((found) => typeof found === 'string');
  return field === undefined ? undefined : pathIn(field, [rule]);
}

/** Where the violations of all of these rules hold the field; undefined where that is not one place, or none. */
function pathIn(name: string, referred: readonly Referred[]): string | undefined {
  const paths = referred.flatMap(({ sources }) =>
    sources.map((source) => {
      const field = fieldOf(source, name);
      if (field === undefined || field.path.length === 0 || field.path[0] === 'labels') return undefined;
      return field.groupBy ?? field.path.join('.');
    }),
  );
  return new Set(paths).size === 1 ? paths[0] : undefined;
}

function aliasName(name: string): string {
  const plain = name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '_');
  // Fields have one-word names, too, which no alias may take.
  return /^[a-z]/.test(plain) && !(GROUP_FIELDS as readonly string[]).includes(plain) ? plain : `by_${plain}`;
}
