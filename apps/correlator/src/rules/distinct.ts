import { indexFrom, name, nameBack, type Item, type Ring } from './ring.js';
import type { Match } from './rule-kind.js';
import { add, type Stretches } from './stretches.js';
import { RING_CAP, type WindowRule } from './window.js';

/** A match is a member when it lies in some window of length `timespan` that holds at least `gte` different keys. */
export class Distinct implements WindowRule {
  readonly timespan: number;
  readonly cap: number;
  readonly #gte: number;

  constructor(timespan: number, gte: number) {
    this.timespan = timespan;
    this.cap = Math.max(RING_CAP, 4 * gte);
    this.#gte = gte;
  }

  name(ring: Ring, at: number, members: Match[]): void {
    const { t } = ring[at] as Item;
    if (at === ring.length - 1) {
      if (this.#isNewestHot(ring, at)) nameBack(ring, t - this.timespan, members);
      return;
    }
    if (this.#addsNothing(ring, at)) return;
    let named = 0;
    this.#slide(ring, indexFrom(ring, t - this.timespan), at, (first, end) => {
      for (named = Math.max(named, first); named < end; named++) name(ring, named, members);
    });
  }

  stretches(ring: Ring): Stretches {
    const found: Stretches = [];
    this.#slide(ring, 0, ring.length - 1, (first, end) => add(found, (ring[first] as Item).t, (ring[end - 1] as Item).t));
    return found;
  }

  /**
   * On both sides the outermost match of each key, until there are `gte` keys. A window that reaches out of the stretch
   * and holds a match from deeper inside holds all of those on that side, too: so it has the same key without that
   * match, or enough keys.
   */
  needed(items: readonly Item[]): readonly Item[] {
    const keep = new Set<Item>();
    const walk = (list: Iterable<Item>): void => {
      const keys = new Set<string>();
      for (const item of list) {
        if (keys.size === this.#gte) return;
        if (keys.has(item.k)) continue;
        keys.add(item.k);
        keep.add(item);
      }
    };
    walk(items);
    walk(items.toReversed());
    return items.filter((item) => keep.has(item));
  }

  /** Whether the window that ends with the newest item holds enough keys. */
  #isNewestHot(ring: Ring, at: number): boolean {
    const { t, k } = ring[at] as Item;
    const keys = new Set<string>();
    for (let index = at; index >= 0; index--) {
      const item = ring[index] as Item;
      if (item.t < t - this.timespan) return false;
      // The window held this key before, and not enough of them, or this one were a member.
      if (index < at && item.k === k && item.m !== 1) return false;
      if (keys.add(item.k).size === this.#gte) return true;
    }
    return false;
  }

  /** True when each window with the item holds its key once more, in an item that is no member. */
  #addsNothing(ring: Ring, at: number): boolean {
    const { t, k } = ring[at] as Item;
    let left = at - 1;
    while (left >= 0 && (ring[left] as Item).k !== k && (ring[left] as Item).t >= t - this.timespan) left--;
    let right = at + 1;
    while (right < ring.length && (ring[right] as Item).k !== k && (ring[right] as Item).t <= t + this.timespan) right++;
    const [before, after] = [ring[left], ring[right]];
    if (before?.k !== k || after?.k !== k || before.m === 1 || after.m === 1) return false;
    return after.t - before.t <= this.timespan;
  }

  /** Calls `found` for each window with enough keys that begins at one of the items from `from` to `to`. */
  #slide(ring: Ring, from: number, to: number, found: (first: number, end: number) => void): void {
    const counts = new Map<string, number>();
    let end = from;
    for (let first = from; first <= to; first++) {
      const { t, k } = ring[first] as Item;
      for (; end < ring.length && (ring[end] as Item).t <= t + this.timespan; end++) {
        const key = (ring[end] as Item).k;
        counts.set(key, (counts.get(key) ?? 0) + 1);
      }
      if (counts.size >= this.#gte) found(first, end);
      const left = (counts.get(k) as number) - 1;
      if (left === 0) counts.delete(k);
      else counts.set(k, left);
    }
  }
}
