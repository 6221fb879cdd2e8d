import type { Match } from './rule-kind.js';
import { name, type Item, type Ring } from './ring.js';

/** Items of one value that are kept though they have not been named; an attack that repeats one value fills no more. */
const UNNAMED_PER_VALUE = 64;

/**
 * Names every item that lies, with the new one, in some window of length `span` that holds at least `threshold` distinct
 * `k`. Adding matches only ever adds members. Windows are tried by their first item, from the earliest that still holds
 * the new one.
 */
export function nameDistinct(ring: Ring, at: number, span: number, threshold: number, members: Match[]): void {
  const added = ring[at] as Item;
  let first = at;
  while (first > 0 && added.t - (ring[first - 1] as Item).t <= span) first--;
  const counts = new Map<string, number>();
  let end = first;
  let named = -1;
  for (; first <= at; first++) {
    const from = ring[first] as Item;
    for (; end < ring.length && (ring[end] as Item).t - from.t <= span; end++) count(counts, (ring[end] as Item).k, 1);
    if (counts.size >= threshold) {
      name(ring, Math.max(first, named + 1), end - 1, members);
      named = end - 1;
    }
    count(counts, from.k, -1);
  }
}

function count(counts: Map<string, number>, key: string, change: number): void {
  const next = (counts.get(key) ?? 0) + change;
  if (next === 0) counts.delete(key);
  else counts.set(key, next);
}

/**
 * Drops items that nothing needs any more, and beyond a bound some that were not named; returns how many of those.
 *
 * - A repeat between two repeats: with kept items of the same `k` before and after it, both within one `span` of each
 *   other, a window that holds the item can be stretched to hold one of those instead.
 * - An item in the thick: when `threshold` other values lie next to it on the left and as many on the right, all within
 *   one `span`, whoever shares a window with the item shares one with enough of those.
 */
export function thinDistinct(ring: Ring, at: number, span: number, threshold: number): number {
  const forgotten = thinRepeats(ring, at, span);
  // One item came, so one that goes keeps the ring as it is: the one whose neighbours on the right end with the new one.
  const start = Math.min(at, ring.length - 1);
  const index = walkDistinct(ring, start, -1, threshold);
  const item = index === undefined ? undefined : ring[index - 1];
  if (index === undefined || item?.m !== 1) return forgotten;
  const left = walkDistinct(ring, index - 2, -1, threshold);
  if (left !== undefined && (ring[start] as Item).t - (ring[left] as Item).t <= span) ring.splice(index - 1, 1);
  return forgotten;
}

/** Index at which, walking from `from`, the `threshold`th distinct value is met. */
function walkDistinct(ring: Ring, from: number, step: 1 | -1, threshold: number): number | undefined {
  const values = new Set<string>();
  for (let index = from; index >= 0 && index < ring.length; index += step) {
    values.add((ring[index] as Item).k);
    if (values.size === threshold) return index;
  }
  return undefined;
}

function thinRepeats(ring: Ring, at: number, span: number): number {
  const { k, t } = ring[at] as Item;
  const same: number[] = [];
  for (let index = at; index >= 0 && t - (ring[index] as Item).t <= span; index--) if ((ring[index] as Item).k === k) same.unshift(index);
  for (let index = at + 1; index < ring.length && (ring[index] as Item).t - t <= span; index++) if ((ring[index] as Item).k === k) same.push(index);
  let forgotten = 0;
  for (let middle = same.length - 2; middle >= 1; middle--) {
    const [before, item, after] = same.slice(middle - 1, middle + 2).map((index) => ring[index] as Item) as [Item, Item, Item];
    if (after.t - before.t > span) continue;
    if (item.m === 0) {
      if (same.length <= UNNAMED_PER_VALUE) continue;
      forgotten++;
    }
    ring.splice(same[middle] as number, 1);
    same.splice(middle, 1);
    for (let later = middle; later < same.length; later++) same[later] = (same[later] as number) - 1;
  }
  return forgotten;
}
