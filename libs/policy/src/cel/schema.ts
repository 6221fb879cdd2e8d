import type { Action, Incident, Violation } from '@tocsin/domain';
import type { EventVariable } from './filter.js';

/**
 * What a value is: of a field, or of a term (`int`: a whole number that the condition itself makes; numbers of events are doubles to
 * CEL). `[x]`: a list of such; `{ '*': x }`: a map of such, with any keys; else a map with these fields. `any`: not known.
 */
export type Schema = 'text' | 'number' | 'int' | 'boolean' | 'null' | 'any' | readonly [Schema] | { readonly [field: string]: Schema };

/** The compiler keeps a tree complete: a field that the domain gains is missing here. */
type Fields<T> = { readonly [K in keyof Required<T>]: FieldsOf<NonNullable<T[K]>> };
type FieldsOf<V> = [unknown] extends [V]
  ? 'any'
  : [V] extends [string]
    ? 'text'
    : [V] extends [number]
      ? 'number'
      : [V] extends [boolean]
        ? 'boolean'
        : V extends readonly (infer Item)[]
          ? readonly [FieldsOf<Item>]
          : string extends keyof V
            ? { readonly '*': FieldsOf<V[keyof V]> }
            : Fields<V>;

const endpoint = { ip: 'text', port: 'number', hostname: 'text', workload: 'text', namespace: 'text' } as const;
const attack = { tactic: 'text', technique: 'text' } as const;

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
  attacks: [attack],
  tags: ['text'],
  labels: { '*': 'text' },
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
  group: { '*': 'text' },
  entities: [{ type: 'text', name: 'text' }],
  attacks: [attack],
  count: 'number',
  late: 'number',
  first_seen: 'text',
  last_seen: 'text',
  violations: [{ id: 'text', time: 'text' }],
  assignee: 'text',
  acknowledged_by: 'text',
  resolution: { reason: 'text', comment: 'text', by: 'text', time: 'text' },
  merged_into: 'text',
  containment: { order: 'number', since: 'text' },
  muted: [{ by: 'text', id: 'text', comment: 'text' }],
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
    changes: ['text'],
    warnings: ['text'],
    details: { '*': 'any' },
  },
  plan_hash: 'text',
  approvals: { required: 'number', from: ['text'], given: [{ actor: 'text', time: 'text', comment: 'text' }], expires_at: 'text', why: 'text' },
  refused_by: 'text',
  started_at: 'text',
  expires_at: 'text',
  verification: { ok: 'boolean', message: 'text', time: 'text', contained: 'text' },
  evidence: ['text'],
  actor: 'text',
  comment: 'text',
};

export const EVENTS: Readonly<Record<EventVariable, Schema>> = { violation, incident, action };

export function isList(schema: Schema): schema is readonly [Schema] {
  return Array.isArray(schema);
}

/** What a map with any keys holds; undefined for all else. */
export function valuesOf(schema: Schema): Schema | undefined {
  return typeof schema === 'object' && !isList(schema) && Object.hasOwn(schema, '*') ? schema['*'] : undefined;
}

/** What stands under that name in a map; undefined where nothing does. */
export function under(schema: Schema, name: string): Schema | undefined {
  if (schema === 'any') return 'any';
  if (typeof schema === 'string' || isList(schema)) return undefined;
  return valuesOf(schema) ?? (Object.hasOwn(schema, name) ? schema[name] : undefined);
}
