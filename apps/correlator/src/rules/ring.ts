import type { Match } from './rule-kind.js';

/** A match that is a member already: only what it takes to count it and to know it again. */
interface Named {
  id: string;
  t: number;
  s: number;
  k: string;
  m: 1;
}

export type Item = (Match & { m?: undefined }) | Named;

/** The matches of a window by time, then id, then key; so it is the same in whatever order they came. */
export type Ring = Item[];

/** Puts the match at its place and says which that is; -1 when it is there already. */
export function insert(ring: Ring, match: Match): number {
  const last = ring.at(-1);
  if (last === undefined || compare(last, match) < 0) return ring.push(match) - 1;
  let low = 0;
  let high = ring.length - 1;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compare(ring[middle] as Item, match) < 0) low = middle + 1;
    else high = middle;
  }
  if (compare(ring[low] as Item, match) === 0) return -1;
  ring.splice(low, 0, match);
  return low;
}

function compare(a: Match | Item, b: Match | Item): number {
  if (a.t !== b.t) return a.t - b.t;
  if (a.id !== b.id) return a.id < b.id ? -1 : 1;
  if (a.k !== b.k) return a.k < b.k ? -1 : 1;
  return 0;
}

/** Index of the first item at that time or later. */
export function indexFrom(ring: readonly Item[], time: number): number {
  return indexWhere(ring, (t) => t >= time);
}

/** Index of the first item later than that time. */
export function indexAfter(ring: readonly Item[], time: number): number {
  return indexWhere(ring, (t) => t > time);
}

function indexWhere(ring: readonly Item[], isReached: (time: number) => boolean): number {
  let low = 0;
  let high = ring.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isReached((ring[middle] as Item).t)) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** Makes the item a member, unless it is one. */
export function name(ring: Ring, at: number, members: Match[]): void {
  const item = ring[at] as Item;
  if (item.m === 1) return;
  members.push(item);
  ring[at] = { id: item.id, t: item.t, s: item.s, k: item.k, m: 1 };
}

/**
 * Names the newest item and those before it down to that time, for a kind whose condition holds for that window.
 *
 * It may stop at the first member. Where the condition can only be met by more matches, a match before it in the same
 * window is a member, too: either it lies in the window that made the other one a member, or that window lies wholly
 * between both, so that the condition was met for a window that reaches back to it.
 */
export function nameBack(ring: Ring, from: number, members: Match[]): void {
  for (let at = ring.length - 1; at >= 0; at--) {
    const item = ring[at] as Item;
    if (item.m === 1 || item.t < from) return;
    name(ring, at, members);
  }
}

/** Drops what lies before that time, once that is a quarter of the ring, so that it costs little per match. */
export function expire(ring: Ring, horizon: number): void {
  const quarter = ring[ring.length >> 2];
  if (quarter !== undefined && quarter.t < horizon) ring.splice(0, indexFrom(ring, horizon));
}

/**
 * Makes room in a ring that is too long and says how many it dropped. First the keys that take more than their share
 * lose their oldest, but never so that a key is missing from a window that it was in: one noisy value must not hide
 * the others. Only then go the oldest of all.
 */
export function crowdOut(ring: Ring, room: number, timespan: number): number {
  const before = ring.length;
  const byKey = new Map<string, number>();
  for (const { k } of ring) byKey.set(k, (byKey.get(k) ?? 0) + 1);
  const share = Math.floor(room / byKey.size);
  const next = nextOfKey(ring);
  const lastKept = new Map<string, number>();
  let kept = 0;
  ring.forEach((item, at) => {
    const [count, left, right] = [byKey.get(item.k) as number, lastKept.get(item.k), next[at]];
    if (count > share && left !== undefined && right !== undefined && right - left <= timespan) byKey.set(item.k, count - 1);
    else {
      lastKept.set(item.k, item.t);
      ring[kept++] = item;
    }
  });
  ring.length = kept;
  if (kept > room) ring.splice(0, kept - room);
  return before - ring.length;
}

/** For each item the time of the next one with its key. */
function nextOfKey(ring: Ring): (number | undefined)[] {
  const seen = new Map<string, number>();
  const next = new Array<number | undefined>(ring.length);
  for (let at = ring.length - 1; at >= 0; at--) {
    const { k, t } = ring[at] as Item;
    next[at] = seen.get(k);
    seen.set(k, t);
  }
  return next;
}
