import { indexAfter, indexFrom, name, type Item, type Ring } from '../ring.js';
import type { Match } from '../rule-kind.js';
import { add, type Stretches } from '../stretches.js';
import { RING_CAP, type WindowRule } from '../window.js';

/**
 * Chains of matches, one of each rule in the order of the rules, at times that do not decrease, all within the time span.
 *
 * Whether a match is in one takes no search: the chain that comes up to it may begin as late, and the one that goes on
 * from it may end as early, as the other matches allow, and neither choice touches the other.
 */
export class Chains implements WindowRule {
  readonly timespan: number;
  readonly cap = RING_CAP;
  readonly #rules: number;
  readonly #rank: ReadonlyMap<string, number>;

  constructor(timespan: number, rules: readonly string[]) {
    this.timespan = timespan;
    this.#rules = rules.length;
    this.#rank = new Map(rules.map((rule, rank) => [rule, rank]));
  }

  name(ring: Ring, at: number, members: Match[]): void {
    const item = ring[at] as Item;
    if (this.#isLoose(ring, at)) return;
    const from = indexFrom(ring, item.t - this.timespan);
    const order = this.#inOrder(ring, from, indexAfter(ring, item.t + this.timespan));
    const begins = this.#begins(ring, order);
    const ends = new Ends(this.#rules);
    for (let index = order.length - 1; index >= 0; index--) {
      const place = order[index] as number;
      const { t } = ring[place] as Item;
      const end = ends.take(this.#rankOf(ring, place), t);
      if (end - (begins[index] as number) <= this.timespan) name(ring, place, members);
    }
  }

  /** Between two neighbours in time, where a match of any rule would find the rest of its chain on both sides. */
  stretches(ring: Ring): Stretches {
    const order = this.#inOrder(ring, 0, ring.length);
    // For each item the chains that go on from it or later.
    const ends = new Ends(this.#rules);
    const after: number[][] = [];
    for (let index = order.length - 1; index >= 0; index--) {
      const place = order[index] as number;
      ends.take(this.#rankOf(ring, place), (ring[place] as Item).t);
      after[index] = ends.snapshot();
    }
    const begins = new Begins(this.#rules);
    const found: Stretches = [];
    order.forEach((place, index) => {
      const { t } = ring[place] as Item;
      begins.take(this.#rankOf(ring, place), t);
      const next = ring[order[index + 1] ?? -1];
      if (next === undefined || next.t === t) return;
      if (begins.closes(after[index + 1] as number[], t, next.t, this.timespan)) add(found, t, next.t);
    });
    return found;
  }

  /**
   * From the left whatever lengthens a chain of the second rule and on, from the right one of the last rule but one and
   * back. A chain that begins before the stretch, and goes through a match that is not kept, can take the kept ones on
   * its way from there to that rule: they lie between; and likewise for a chain that ends after the stretch.
   */
  needed(items: readonly Item[]): readonly Item[] {
    const keep = new Set<Item>();
    const walk = (list: readonly Item[], step: number, first: number): void => {
      const reached = new Set<number>();
      for (const item of list) {
        const rank = this.#rank.get(item.k) ?? first;
        if (rank === first || reached.has(rank)) continue;
        keep.add(item);
        if (rank - step === first || reached.has(rank - step)) reached.add(rank);
      }
    };
    walk(items, 1, 0);
    walk(items.toReversed(), -1, this.#rules - 1);
    return items.filter((item) => keep.has(item));
  }

  #rankOf(ring: Ring, at: number): number {
    return this.#rank.get((ring[at] as Item).k) ?? -1;
  }

  /** True when there is no chain to be found, or its neighbour would be in it as well; without ties, which are in order. */
  #isLoose(ring: Ring, at: number): boolean {
    const { t, k } = ring[at] as Item;
    const rank = this.#rankOf(ring, at);
    const [before, after] = [ring[at - 1], ring[at + 1]];
    if (before?.t === t || after?.t === t) return false;
    // Something must come before it, but nothing does, or nothing that does not come before its like, which is in no chain.
    if (rank > 0 && (before === undefined || (before.k === k && before.m !== 1))) return true;
    return rank < this.#rules - 1 && (after === undefined || (after.k === k && after.m !== 1));
  }

  /** For each item in order the latest time at which a chain that comes up to it begins. */
  #begins(ring: Ring, order: readonly number[]): number[] {
    const begins = new Begins(this.#rules);
    return order.map((place) => begins.take(this.#rankOf(ring, place), (ring[place] as Item).t));
  }

  /** Places in the ring by time, those of equal time by rule, since they count as in order. */
  #inOrder(ring: Ring, from: number, to: number): number[] {
    const order: number[] = [];
    for (let at = from; at < to;) {
      const start = at;
      while (at < to && (ring[at] as Item).t === (ring[start] as Item).t) order.push(at++);
      if (at - start > 1) order.push(...order.splice(start - from).toSorted((a, b) => this.#rankOf(ring, a) - this.#rankOf(ring, b)));
    }
    return order;
  }
}

/** For each rule the latest begin of a chain that comes up to it; matches are given in order. */
class Begins {
  readonly #latest: number[];

  constructor(rules: number) {
    this.#latest = new Array<number>(rules).fill(-Infinity);
  }

  take(rank: number, time: number): number {
    if (rank < 0) return -Infinity;
    const begin = rank === 0 ? time : (this.#latest[rank - 1] as number);
    if (begin > (this.#latest[rank] as number)) this.#latest[rank] = begin;
    return begin;
  }

  /** Whether a match of any rule at any time between `from` and `to` would close a chain, given the ends of those from `to` on. */
  closes(ends: readonly number[], from: number, to: number, timespan: number): boolean {
    return ends.every((_end, rank) => {
      const begin = rank === 0 ? from : (this.#latest[rank - 1] as number);
      const end = ends[rank + 1] ?? to;
      return end - begin <= timespan;
    });
  }
}

/** For each rule the earliest end of a chain that goes on from it; matches are given in reverse order. */
class Ends {
  readonly #earliest: number[];

  constructor(rules: number) {
    this.#earliest = new Array<number>(rules).fill(Infinity);
  }

  take(rank: number, time: number): number {
    if (rank < 0) return Infinity;
    const end = rank === this.#earliest.length - 1 ? time : (this.#earliest[rank + 1] as number);
    if (end < (this.#earliest[rank] as number)) this.#earliest[rank] = end;
    return end;
  }

  snapshot(): number[] {
    return [...this.#earliest];
  }
}
