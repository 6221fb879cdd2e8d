import type { Match } from './rule-kind.js';

/** A match in a window, with what the kind notes beside it. */
export interface Item extends Match {
  /** 1 when the item has been named as a member. */
  m: 0 | 1;
}

/** Items kept of one group at most, whatever the rule and the sender. */
export const RING_MAX = 20_000;

/**
 * Matches of one group in the order of time, then id, then `k`. Changed in place: a storm appends to its end, which
 * costs no copy.
 */
export type Ring = Item[];

/** Where the match stands or would stand, and whether it is there. One violation may come through several rules, as several `k`. */
export function place(ring: Ring, match: Match): { at: number; found: boolean } {
  let low = 0;
  let high = ring.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(ring[middle] as Item, match) < 0) low = middle + 1;
    else high = middle;
  }
  const item = ring[low];
  return { at: low, found: item !== undefined && compare(item, match) === 0 };
}

function compare(a: Match, b: Match): number {
  if (a.t !== b.t) return a.t - b.t;
  if (a.id !== b.id) return a.id < b.id ? -1 : 1;
  if (a.k === b.k) return 0;
  return a.k < b.k ? -1 : 1;
}

/** Undefined when the match is there already; else where it was put. */
export function insert(ring: Ring, match: Match): number | undefined {
  const { at, found } = place(ring, match);
  if (found) return undefined;
  const item: Item = { ...match, m: 0 };
  if (at === ring.length) ring.push(item);
  else ring.splice(at, 0, item);
  return at;
}

/** Index of the first item at or after the time. */
export function firstAt(ring: Ring, time: number): number {
  let low = 0;
  let high = ring.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((ring[middle] as Item).t < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Names items as members, once each. */
export function name(ring: Ring, from: number, to: number, members: Match[]): void {
  for (let index = from; index <= to; index++) {
    const item = ring[index] as Item;
    if (item.m === 1) continue;
    item.m = 1;
    const { m: _, ...match } = item;
    members.push(match);
  }
}

/** Drops items before the time; returns how many. */
export function dropBefore(ring: Ring, time: number): number {
  if ((ring[0]?.t ?? Infinity) >= time) return 0;
  const count = firstAt(ring, time);
  ring.splice(0, count);
  return count;
}

/** Drops the oldest beyond the bound; returns how many of them had not been named and so might have counted. */
export function dropBeyond(ring: Ring, max: number): number {
  if (ring.length <= max) return 0;
  // A tenth more, so that a full ring is not cut at each match.
  const dropped = ring.splice(0, ring.length - max + Math.floor(max / 10));
  return dropped.filter(({ m }) => m === 0).length;
}

/** Drops the oldest items of one `k` beyond the bound; returns how many of them had not been named. */
export function dropOldestOf(ring: Ring, k: string, max: number): number {
  let kept = 0;
  let forgotten = 0;
  for (let index = ring.length - 1; index >= 0; index--) {
    const item = ring[index] as Item;
    if (item.k !== k || ++kept <= max) continue;
    if (item.m === 0) forgotten++;
    ring.splice(index, 1);
  }
  return forgotten;
}
