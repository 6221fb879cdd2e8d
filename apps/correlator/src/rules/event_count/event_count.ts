import { z } from 'zod';
import { condition, leastOf, lowerBound, spanText, timespan } from '../config.js';
import { name, nameBack, type Item, type Ring } from '../ring.js';
import type { Match, RuleKind } from '../rule-kind.js';
import { add, type Stretches } from '../stretches.js';
import { RING_CAP, windowReducer, type WindowRule } from '../window.js';

const config = z.strictObject({
  timespan,
  /** How many matches one window must hold. */
  condition: condition.pipe(z.strictObject(lowerBound(2, 10_000)).transform((bound, context) => ({ gte: leastOf(bound, context) }))),
});

/** A match is a member when it lies in some window of length `timespan` that holds at least `gte` matches (Sigma `event_count`). */
export const eventCount: RuleKind<z.infer<typeof config>> = {
  type: 'event_count',
  summary: 'At least N violations of a group within a time span.',
  config,
  input: 'none',
  create: ({ timespan: span, condition: { gte } }, { grace }) =>
    windowReducer(new EventCount(span, gte), grace, `${gte} or more matched within ${spanText(span)}`),
};

/**
 * Matches kept where that many windows are each one short of the threshold, which is what comes out of order within a
 * grace of several time spans. Beyond `CAP_MAX`, which takes some megabytes, what is dropped is counted.
 */
const WINDOWS = 20;
const CAP_MAX = 40_000;

/** Windows are runs of `gte` neighbours in the ring that lie within the time span. */
class EventCount implements WindowRule {
  readonly timespan: number;
  readonly cap: number;
  readonly #gte: number;

  constructor(span: number, gte: number) {
    this.timespan = span;
    this.cap = Math.min(Math.max(RING_CAP, WINDOWS * gte), CAP_MAX);
    this.#gte = gte;
  }

  name(ring: Ring, at: number, members: Match[]): void {
    const last = ring.length - 1;
    if (at === last) {
      if (this.#isHot(ring, at - this.#gte + 1)) nameBack(ring, (ring[at] as Item).t - this.timespan, members);
      return;
    }
    let named = 0;
    for (let first = Math.max(0, at - this.#gte + 1); first <= at; first++) {
      if (!this.#isHot(ring, first)) continue;
      for (named = Math.max(named, first); named < first + this.#gte; named++) name(ring, named, members);
    }
  }

  stretches(ring: Ring): Stretches {
    const found: Stretches = [];
    for (let first = 0; first + this.#gte <= ring.length; first++) {
      if (this.#isHot(ring, first)) add(found, (ring[first] as Item).t, (ring[first + this.#gte - 1] as Item).t);
    }
    return found;
  }

  /**
   * The outermost `gte` − 1 on both sides. A window that reaches out of the stretch and holds a match from deeper inside
   * holds all of those on that side, too; with the match outside, whose naming is in question, they are enough.
   */
  needed(items: readonly Item[]): readonly Item[] {
    const side = this.#gte - 1;
    return items.length <= 2 * side ? items : [...items.slice(0, side), ...items.slice(-side)];
  }

  /** Whether the run of `gte` items from that index on lies within the time span. */
  #isHot(ring: Ring, first: number): boolean {
    const [from, to] = [ring[first], ring[first + this.#gte - 1]];
    return from !== undefined && to !== undefined && to.t - from.t <= this.timespan;
  }
}
