import type { Action, Incident, Violation } from '@tocsin/domain';
import { describeKnown, nearest } from '@tocsin/extension';
import { fieldSteps, walk } from './ast.js';
import { parseFilter, type EventVariable } from './filter.js';

/** The compiler keeps a tree complete: a field that the domain gains is missing here. */
type Fields<T> = { [K in keyof Required<T>]: FieldsOf<NonNullable<T[K]>> };
type FieldsOf<V> = [V] extends [string]
  ? 'text'
  : [V] extends [number]
    ? 'number'
    : [V] extends [boolean]
      ? 'boolean'
      : [V] extends [readonly unknown[]]
        ? 'list'
        : string extends keyof V
          ? 'map'
          : Fields<V>;

const endpoint = { ip: 'text', port: 'number', hostname: 'text', workload: 'text', namespace: 'text' } as const;

const violation: Fields<Violation> = {
  schema: 'number',
  id: 'text',
  source: 'text',
  kind: 'text',
  name: 'text',
  message: 'text',
  severity_id: 'number',
  time: 'text',
  received_time: 'text',
  clock_skew_ms: 'number',
  cluster: 'text',
  workload: { namespace: 'text', name: 'text' },
  pod: { name: 'text', uid: 'text' },
  container: { id: 'text', name: 'text' },
  image: { name: 'text', tag: 'text', digest: 'text' },
  node: { name: 'text' },
  user: { name: 'text', uid: 'number' },
  process: { name: 'text', path: 'text', cmd_line: 'text', pid: 'number', parent: { name: 'text', cmd_line: 'text', pid: 'number' } },
  file: { path: 'text' },
  src_endpoint: endpoint,
  dst_endpoint: endpoint,
  protocol: 'text',
  disposition: 'text',
  attacks: 'list',
  tags: 'list',
  labels: 'map',
  count: 'number',
  raw: 'text',
  raw_truncated: 'boolean',
};

const incident: Fields<Incident> = {
  schema: 'number',
  id: 'text',
  version: 'number',
  change: 'text',
  status: 'text',
  rule: { name: 'text', version: 'text', title: 'text' },
  title: 'text',
  reason: 'text',
  severity_id: 'number',
  cluster: 'text',
  group: 'map',
  entities: 'list',
  attacks: 'list',
  count: 'number',
  late: 'number',
  first_seen: 'text',
  last_seen: 'text',
  violations: 'list',
  assignee: 'text',
  acknowledged_by: 'text',
  resolution: { reason: 'text', comment: 'text', by: 'text', time: 'text' },
  merged_into: 'text',
  muted: 'list',
  updated_at: 'text',
  told: { version: 'number', time: 'text' },
  actor: 'text',
  comment: 'text',
};

const action: Fields<Action> = {
  schema: 'number',
  id: 'text',
  version: 'number',
  state: 'text',
  policy: 'text',
  step: 'text',
  type: 'text',
  target: { type: 'text', name: 'text' },
  cluster: 'text',
  incident: 'text',
  violation: 'text',
  severity_id: 'number',
  mode: 'text',
  reason: 'text',
  time: 'text',
  created_at: 'text',
  plan: {
    summary: 'text',
    scope: {
      cluster: 'text',
      namespace: 'text',
      node: 'text',
      pod: { name: 'text', uid: 'text' },
      workload: { kind: 'text', name: 'text', uid: 'text', replicas: 'number' },
    },
    changes: 'list',
    warnings: 'list',
    details: 'map',
  },
  plan_hash: 'text',
  approvals: { required: 'number', from: 'list', given: 'list', expires_at: 'text', why: 'text' },
  refused_by: 'text',
  started_at: 'text',
  expires_at: 'text',
  verification: { ok: 'boolean', message: 'text', time: 'text', contained: 'text' },
  evidence: 'list',
  actor: 'text',
  comment: 'text',
};

/** What a field holds. What a list or a map holds is not checked. */
export type FieldType = 'text' | 'number' | 'boolean' | 'list' | 'map';

export type Tree = FieldType | { readonly [field: string]: Tree };

const TREES: Record<EventVariable, Tree> = { violation, incident, action };

/** What stands at a path below the variable; undefined where nothing does, or it is not known. */
export function fieldAt(variable: EventVariable, steps: readonly string[]): Tree | undefined {
  let tree: Tree | undefined = TREES[variable];
  for (const step of steps) {
    if (tree === undefined || typeof tree === 'string') return undefined;
    tree = Object.hasOwn(tree, step) ? tree[step] : undefined;
  }
  return tree;
}

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
  return misfitsBelow(parts, tree, [], variable);
}

function misfitsBelow(value: unknown, tree: Tree, path: readonly string[], variable: string): { path: string[]; message: string }[] {
  if (typeof tree === 'string' || value === null) return [];
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
    if (typeof current === 'string') return undefined;
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
