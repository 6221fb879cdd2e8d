import type { Incident, Violation } from '@tocsin/domain';
import { describeKnown, nearest } from '@tocsin/extension';
import { fieldSteps, walk } from './ast.js';
import { parseFilter, type EventVariable } from './filter.js';

/** The compiler keeps a tree complete: a field that the domain gains is missing here. */
type Fields<T> = { [K in keyof Required<T>]: FieldsOf<NonNullable<T[K]>> };
/** `true`: a value, or a list or a map of anything, whose content is not checked. */
type FieldsOf<V> = V extends string | number | boolean | readonly unknown[] ? true : string extends keyof V ? true : Fields<V>;

const endpoint = { ip: true, port: true, hostname: true, workload: true, namespace: true } as const;

const violation: Fields<Violation> = {
  schema: true,
  id: true,
  source: true,
  kind: true,
  name: true,
  message: true,
  severity_id: true,
  time: true,
  received_time: true,
  clock_skew_ms: true,
  cluster: true,
  workload: { namespace: true, name: true },
  pod: { name: true, uid: true },
  container: { id: true, name: true },
  image: { name: true, tag: true, digest: true },
  node: { name: true },
  user: { name: true, uid: true },
  process: { name: true, path: true, cmd_line: true, pid: true, parent: { name: true, cmd_line: true, pid: true } },
  file: { path: true },
  src_endpoint: endpoint,
  dst_endpoint: endpoint,
  protocol: true,
  disposition: true,
  attacks: true,
  tags: true,
  labels: true,
  count: true,
  raw: true,
  raw_truncated: true,
};

const incident: Fields<Incident> = {
  schema: true,
  id: true,
  version: true,
  change: true,
  status: true,
  rule: { name: true, version: true, title: true },
  title: true,
  reason: true,
  severity_id: true,
  cluster: true,
  group: true,
  entities: true,
  attacks: true,
  count: true,
  late: true,
  first_seen: true,
  last_seen: true,
  violations: true,
  assignee: true,
  acknowledged_by: true,
  resolution: { reason: true, comment: true, by: true, time: true },
  merged_into: true,
  muted: true,
  updated_at: true,
  told: { version: true, time: true },
  actor: true,
  comment: true,
};

type Tree = true | { readonly [field: string]: Tree };

const TREES: Partial<Record<EventVariable, Tree>> = { violation, incident };

export interface UnknownField {
  message: string;
  offset: number;
}

/**
 * Fields that no event has. A condition with one is valid CEL and never passes, which nobody would notice, so a
 * policy document that has one is refused.
 */
export function unknownFields(source: string, variable: EventVariable): UnknownField[] {
  const tree = TREES[variable];
  if (tree === undefined) return [];
  const found = new Map<string, UnknownField>();
  for (const node of walk(parseFilter(source, variable))) {
    const steps = fieldSteps(node, variable);
    if (steps === undefined) continue;
    const wrong = firstUnknown(tree, steps, variable);
    // The path to a field is a node too, and the same mistake lies in both.
    if (wrong !== undefined && !found.has(wrong)) found.set(wrong, { message: wrong, offset: node.range.start });
  }
  return [...found.values()];
}

/** Where the parts of an event are not what events of that kind have: fields that none has, and texts where maps belong. */
export function misfits(parts: Readonly<Record<string, unknown>>, variable: EventVariable): { path: string[]; message: string }[] {
  const tree = TREES[variable];
  return tree === undefined ? [] : misfitsBelow(parts, tree, [], variable);
}

function misfitsBelow(value: unknown, tree: Tree, path: readonly string[], variable: string): { path: string[]; message: string }[] {
  if (tree === true || value === null) return [];
  if (typeof value !== 'object' || Array.isArray(value)) return [{ path: [...path], message: `expected a map with ${Object.keys(tree).join(', ')}` }];
  return Object.entries(value).flatMap(([key, below]) => {
    const next = Object.hasOwn(tree, key) ? tree[key] : undefined;
    if (next !== undefined) return misfitsBelow(below, next, [...path, key], variable);
    return [{ path: [...path, key], message: `is no field of a ${variable}; ${describeKnown(key, Object.keys(tree))}` }];
  });
}

function firstUnknown(tree: Tree, steps: readonly string[], variable: string): string | undefined {
  let current = tree;
  let path = variable;
  for (const step of steps) {
    if (current === true) return undefined;
    const next: Tree | undefined = Object.hasOwn(current, step) ? current[step] : undefined;
    if (next === undefined) {
      const near = nearest(step, Object.keys(current));
      const advice = near === undefined ? `known: ${Object.keys(current).toSorted().join(', ')}` : `did you mean "${path}.${near}"?`;
      return `names "${path}.${step}", which no ${variable} has; ${advice}`;
    }
    path += `.${step}`;
    current = next;
  }
  return undefined;
}
