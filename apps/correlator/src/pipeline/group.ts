import type { Violation } from '@tocsin/domain';

/** One value of a rule's `groupBy`. */
export interface Group {
  /** The values by name; a missing one is the empty text. */
  values: Record<string, string>;
  /** The values as one text, the same for the same values. */
  key: string;
}

/** A name in `groupBy`, and where its value stands: one path, or with an alias one for each rule that is chained to. */
export interface GroupField {
  name: string;
  pathOf(rule: string): string;
}

/** `read` gives the text at a path of the violation, `via` is the rule that the match came through. */
export function groupOf(fields: readonly GroupField[], via: string, read: (path: string) => string): Group {
  const values: Record<string, string> = {};
  const list: string[] = [];
  for (const field of fields) {
    const value = read(field.pathOf(via));
    values[field.name] = value;
    list.push(value);
  }
  return { values, key: JSON.stringify(list) };
}

const STEPS = new Map<string, readonly string[]>();

/** The text at a path such as `workload.namespace`; the empty text when there is none. Only paths of policies come here. */
export function readText(violation: Violation, path: string): string {
  let steps = STEPS.get(path);
  if (steps === undefined) STEPS.set(path, (steps = path.split('.')));
  let value: unknown = violation;
  for (const step of steps) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, step)) return '';
    value = (value as Record<string, unknown>)[step];
  }
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : '';
}

/** Fields of the violations' log key; a group that has them all lies on one partition. */
export const KEY_FIELDS = ['cluster', 'workload.namespace', 'workload.name'];

/** Events of a host have no workload and are keyed by node, so that a group by workload spans partitions for them. */
export function hasWorkload({ values }: Group): boolean {
  return values['workload.namespace'] !== '' || values['workload.name'] !== '';
}
