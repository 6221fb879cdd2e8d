import { createHmac } from 'node:crypto';
import type { Violation } from '@tocsin/domain';
import { replacer } from './replace-values.js';

export interface Mask {
  /** One of `MASKABLE`, or `labels.<key>`. */
  path: string;
  with: 'hash' | 'remove';
}

/** Text of a violation that may be masked. A cluster is no person, and all else has a vocabulary of its own. */
const TEXTS = [
  'name',
  'message',
  'workload.namespace',
  'workload.name',
  'pod.name',
  'pod.uid',
  'container.id',
  'container.name',
  'image.name',
  'image.tag',
  'image.digest',
  'node.name',
  'user.name',
  'process.name',
  'process.path',
  'process.cmd_line',
  'process.parent.name',
  'process.parent.cmd_line',
  'file.path',
  'src_endpoint.ip',
  'src_endpoint.hostname',
  'src_endpoint.workload',
  'src_endpoint.namespace',
  'dst_endpoint.ip',
  'dst_endpoint.hostname',
  'dst_endpoint.workload',
  'dst_endpoint.namespace',
  'labels',
  'tags',
];
/** Numbers stay numbers, so they can only be removed. `raw` holds everything, so a hash of it would say nothing. */
export const REMOVABLE_ONLY: readonly string[] = ['user.uid', 'process.pid', 'process.parent.pid', 'src_endpoint.port', 'dst_endpoint.port', 'raw'];
export const MASKABLE: readonly string[] = [...TEXTS, ...REMOVABLE_ONLY];
export const LABEL = 'labels.';

export type MaskViolation = (violation: Violation) => Violation;

/**
 * Masks personal data. The rule: where a masked field has a value,
 *
 * - the field holds its hash, or is gone (`name` and `message`, which every violation has, say `[removed]`);
 * - the value is replaced wherever else it occurs in the violation, in any case, because sensors repeat it in messages
 *   and labels: as any part of a text when it has four characters or more, else as a word;
 * - `raw`, which may hold it in an escaped or longer form, is left out as a whole.
 *
 * A violation without a value in any masked field stays as it is; `raw` among the masked fields is left out of all.
 */
export function masker(masks: readonly Mask[], salt: string): MaskViolation {
  if (masks.length === 0) return (violation) => violation;
  const hash = (value: string): string => `masked:${createHmac('sha256', salt).update(value).digest('hex').slice(0, 16)}`;
  const places = masks
    .filter(({ path }) => path !== RAW)
    .map((mask) => ({ steps: stepsOf(mask.path), substitute: mask.with === 'hash' ? hash : undefined }));
  const neverRaw = places.length < masks.length;
  return (violation) => {
    const found = places.flatMap(({ steps, substitute }) => leaves(violation, steps).map((leaf) => ({ ...leaf, substitute })));
    if (found.length === 0) return neverRaw ? withoutRaw(violation) : violation;
    const substitutes = new Map<string, string>();
    for (const { value, substitute } of found) if (typeof value === 'string') substitutes.set(value, substitute?.(value) ?? REMOVED);
    const masked = replacedIn(violation, substitutes);
    for (const { path, value, substitute } of found) put(masked, path, typeof value === 'string' ? substitute?.(value) : undefined);
    return withoutRaw(masked);
  };
}

const RAW = 'raw';
const REMOVED = '[removed]';

function withoutRaw(violation: Violation): Violation {
  return violation.raw === '' ? violation : { ...violation, raw: '', raw_truncated: true };
}

function stepsOf(path: string): string[] {
  return path.startsWith(LABEL) ? ['labels', path.slice(LABEL.length)] : path.split('.');
}

interface Leaf {
  path: (string | number)[];
  value: string | number;
}

/** The values at the path, or all below it. */
function leaves(value: unknown, steps: readonly string[], path: (string | number)[] = []): Leaf[] {
  const [step, ...rest] = steps;
  if (typeof value === 'string' || typeof value === 'number') return step === undefined && value !== '' ? [{ path, value }] : [];
  if (value === null || typeof value !== 'object') return [];
  if (step !== undefined) return Object.hasOwn(value, step) ? leaves((value as Record<string, unknown>)[step], rest, [...path, step]) : [];
  if (Array.isArray(value)) return value.flatMap((item, index) => leaves(item, [], [...path, index]));
  return Object.entries(value).flatMap(([key, item]) => leaves(item, [], [...path, key]));
}

/** What these hold is ours or of a closed list. */
const FIXED = new Set(['schema', 'id', 'source', 'kind', 'time', 'received_time', 'cluster', 'disposition', 'attacks', 'raw']);

/** A copy with every occurrence of the values replaced. */
function replacedIn(violation: Violation, substitutes: ReadonlyMap<string, string>): Violation {
  if (substitutes.size === 0) return structuredClone(violation);
  const replace = replacer(substitutes, REMOVED);
  const walk = (value: unknown): unknown => {
    if (typeof value === 'string') return replace(value);
    if (value === null || typeof value !== 'object') return value;
    if (Array.isArray(value)) return value.map(walk);
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, walk(item)]));
  };
  const copy = Object.fromEntries(Object.entries(violation).map(([key, item]) => [key, FIXED.has(key) ? structuredClone(item) : walk(item)]));
  const masked = copy as unknown as Violation;
  // The names of labels come from the sender as well; one cannot be replaced without meaning another label.
  for (const key of Object.keys(masked.labels ?? {})) if (replace(key) !== key) delete masked.labels?.[key];
  return masked;
}

/** Sets the leaf, or removes it together with what it leaves empty. */
function put(violation: Violation, path: readonly (string | number)[], value: string | undefined): void {
  const [first] = path;
  const parents: Record<string | number, unknown>[] = [];
  let parent: unknown = violation;
  for (const step of path) {
    // A label may have gone already, with its name.
    if (parent === null || typeof parent !== 'object') return;
    parents.push(parent as Record<string | number, unknown>);
    parent = (parent as Record<string | number, unknown>)[step];
  }
  const last = path.at(-1) as string | number;
  const holder = parents.at(-1) as Record<string | number, unknown>;
  if (!Object.hasOwn(holder, last)) return;
  if (value !== undefined || first === 'name' || first === 'message' || Array.isArray(holder)) {
    holder[last] = value ?? REMOVED;
    return;
  }
  delete holder[last];
  for (let depth = parents.length - 1; depth > 0 && Object.keys(parents[depth] as object).length === 0; depth--) {
    // Every violation has a workload, though it may say nothing.
    if (path[depth - 1] !== 'workload') delete parents[depth - 1]?.[path[depth - 1] as string];
  }
}
