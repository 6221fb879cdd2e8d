import { PlanOutdated, Refused } from '../failure.js';
import type { Cluster, KubeObject } from './cluster.js';

export type Field = 'labels' | 'annotations';

/** Values by key; null: the key is not there. */
export type Values = Record<string, string | null>;

export interface MetadataChange {
  labels?: Values;
  annotations?: Values;
}

/** What the keys are now. */
export function valuesOf(object: KubeObject, field: Field, keys: readonly string[]): Values {
  return Object.fromEntries(keys.map((key) => [key, object.metadata[field]?.[key] ?? null]));
}

/** The object, if it still is the one of the plan. */
export async function readSame<T extends KubeObject>(cluster: Cluster, path: readonly string[], uid: string, signal: AbortSignal): Promise<T> {
  const object = await cluster.get<T>({ path, signal });
  if (object.metadata.uid !== uid) throw new Refused('target_replaced', 'Another object has the name of the target by now.');
  return object;
}

/** Throws when a key is neither as it was planned nor as it is to be: the plan was made of other values. */
export function requireValues(object: KubeObject, field: Field, before: Values, after: Values): void {
  for (const [key, value] of Object.entries(valuesOf(object, field, Object.keys(before)))) {
    if (value !== before[key] && value !== after[key]) throw new PlanOutdated(`Its ${field.slice(0, -1)} "${key}" has changed since it was planned.`);
  }
}

/**
 * Changes metadata of exactly the object that was read: another one by that name, or one that changed in between, is left alone (422 and
 * 409). A merge patch, since server-side apply cannot take away what others own.
 */
export async function patchMetadata<T extends KubeObject>(
  cluster: Cluster,
  path: readonly string[],
  { metadata }: KubeObject,
  change: MetadataChange,
  { signal, dryRun = false }: { signal: AbortSignal; dryRun?: boolean },
): Promise<T> {
  const body = { metadata: { uid: metadata.uid, resourceVersion: metadata.resourceVersion, ...change } };
  return cluster.patch<T>({ path, signal, ...(dryRun && { query: { dryRun: 'All' } }) }, 'merge', body);
}

/** What of a change is still ours is put back; what others changed since is left as it is, and named. */
export function putBack(object: KubeObject, field: Field, before: Values, after: Values): { change: Values; left: string[] } {
  const now = valuesOf(object, field, Object.keys(after));
  const change: Values = {};
  const left: string[] = [];
  for (const [key, value] of Object.entries(after)) {
    const original = before[key] ?? null;
    if (now[key] === original) continue;
    if (now[key] === value) change[key] = original;
    else left.push(key);
  }
  return { change, left };
}
