import { indexAfter, indexFrom, name, nameBack, type Item, type Ring } from '../ring.js';
import type { Match } from '../rule-kind.js';
import { add, type Stretches } from '../stretches.js';
import { RING_CAP, type WindowRule } from '../window.js';

export interface Scoring {
  halfLife: number;
  gte: number;
  /** Most points of one rule at a time. */
  cap: number;
  pointsOf(item: Item): number;
}

/** Rounding depends on the order of additions; scores this near to the threshold have reached it. */
const TOLERANCE = 1e-6;

/** A match is a member when at the time of some match, at most `timespan` later, the score has reached `gte`. */
export class Scores implements WindowRule {
  readonly timespan: number;
  readonly cap = RING_CAP;
  readonly #scoring: Scoring;

  constructor(timespan: number, scoring: Scoring) {
    this.timespan = timespan;
    this.#scoring = scoring;
  }

  name(ring: Ring, at: number, members: Match[]): void {
    const { t } = ring[at] as Item;
    if (at === ring.length - 1) {
      if (this.#isNewestHot(ring, t)) nameBack(ring, t - this.timespan, members);
      return;
    }
    let named = 0;
    this.#slide(ring, indexFrom(ring, t - this.timespan), indexAfter(ring, t + this.timespan), (_time, first, end) => {
      for (named = Math.max(named, first); named < end; named++) name(ring, named, members);
    });
  }

  stretches(ring: Ring): Stretches {
    const found: Stretches = [];
    this.#slide(ring, 0, ring.length, (time) => add(found, time - this.timespan, time));
    return found;
  }

  /**
   * A match counts for the scores of one `timespan` from its time on, and those bring a member about outside of the
   * stretch only before `lo + timespan` or after `hi`. The former are past changing once `settled` has passed them; for
   * the latter the match is not needed when the kept ones after it hold the score at the threshold for as long as it counts.
   */
  needed(items: readonly Item[], lo: number, hi: number, settled: number): readonly Item[] {
    const later = new Sum(this.#scoring, hi);
    const kept: Item[] = [];
    for (const item of items.toReversed()) {
      const until = item.t + this.timespan;
      const isPastChanging = item.t >= lo + this.timespan || settled >= lo + this.timespan;
      if (isPastChanging && (until <= hi || later.at(until) >= this.#scoring.gte)) continue;
      kept.push(item);
      later.add(item);
    }
    return kept.toReversed();
  }

  /** Whether the score at the newest time has reached the threshold; from the newest on, since the oldest count least. */
  #isNewestHot(ring: Ring, time: number): boolean {
    const sum = new Sum(this.#scoring, time);
    for (let index = ring.length - 1; index >= 0; index--) {
      const item = ring[index] as Item;
      if (item.t < time - this.timespan) return false;
      sum.add(item);
      if (sum.total >= this.#scoring.gte - TOLERANCE) return true;
    }
    return false;
  }

  /** Calls `found` for each time of an item from `from` to `to` at which the score has reached the threshold, with the items that count. */
  #slide(ring: Ring, from: number, to: number, found: (time: number, first: number, end: number) => void): void {
    const sum = new Sum(this.#scoring, ring[from]?.t ?? 0);
    let first = from;
    for (let end = from; end < to;) {
      const { t } = ring[end] as Item;
      sum.moveTo(t);
      while (end < to && (ring[end] as Item).t === t) sum.add(ring[end++] as Item);
      for (; (ring[first] as Item).t < t - this.timespan; first++) sum.remove(ring[first] as Item);
      if (sum.total >= this.#scoring.gte - TOLERANCE) found(t, first, end);
    }
  }
}

/** Points by rule at a time, decayed. */
class Sum {
  readonly #scoring: Scoring;
  readonly #byRule = new Map<string, number>();
  #time: number;

  constructor(scoring: Scoring, time: number) {
    this.#scoring = scoring;
    this.#time = time;
  }

  get total(): number {
    return this.at(this.#time);
  }

  /** The total at a later time, if nothing else comes. */
  at(time: number): number {
    const left = this.#left(time - this.#time);
    let total = 0;
    for (const points of this.#byRule.values()) total += Math.min(points * left, this.#scoring.cap);
    return total;
  }

  add(item: Item): void {
    this.#change(item, 1);
  }

  remove(item: Item): void {
    this.#change(item, -1);
  }

  moveTo(time: number): void {
    const left = this.#left(time - this.#time);
    for (const [rule, points] of this.#byRule) this.#byRule.set(rule, points * left);
    this.#time = time;
  }

  #change(item: Item, sign: 1 | -1): void {
    const points = this.#scoring.pointsOf(item) * this.#left(this.#time - item.t);
    this.#byRule.set(item.k, Math.max(0, (this.#byRule.get(item.k) ?? 0) + sign * points));
  }

  /** The share that is left after that time. */
  #left(ms: number): number {
    return 2 ** (-ms / this.#scoring.halfLife);
  }
}
