import { z } from 'zod';
import { isTick, type Match, type RuleKind, type Step } from '../rule-kind.js';
import { insert, name, type Ring } from '../ring.js';
import { atLeast, newestOf, ringOf, settle, spanText, timespan } from '../windows.js';

const config = z.strictObject({
  timespan,
  /** The window is hot when it holds at least this many matches. */
  condition: atLeast(2, 10_000),
});

/**
 * `gte` or more matches within any `timespan`, on a sliding window (Sigma `event_count`).
 *
 * A match is a member when it lies in some window of length `timespan` that holds at least `gte` matches. Adding
 * matches only ever adds members, so the outcome is a function of the set of matches, whatever their order.
 */
export const eventCount: RuleKind<z.infer<typeof config>> = {
  type: 'event_count',
  summary: 'At least N violations of a group within a time span.',
  input: 'none',
  config,
  create: ({ timespan: span, condition: threshold }, { grace }) => ({
    because: `at least ${threshold} matches lie within ${spanText(span)}`,
    step(state, input): Step {
      const ring = ringOf(state);
      if (isTick(input)) return settle(ring, input.now, span, grace, []);
      const members: Match[] = [];
      const at = insert(ring, input);
      const newest = newestOf(ring, input.t);
      if (at !== undefined) {
        nameAround(ring, at, span, threshold, members);
        thin(ring, at, span, threshold);
      }
      return settle(ring, newest, span, grace, members);
    },
  }),
};

/** Names every run of `threshold` neighbours that holds the new item and fits a window. */
function nameAround(ring: Ring, at: number, span: number, threshold: number, members: Match[]): void {
  // Runs overlap; what one has named the next need not look at again.
  let named = -1;
  for (let first = Math.max(0, at - threshold + 1); first <= at; first++) {
    const last = first + threshold - 1;
    const [from, to] = [ring[first], ring[last]];
    if (to === undefined) return;
    if (from === undefined || to.t - from.t > span) continue;
    name(ring, Math.max(first, named + 1), last, members);
    named = last;
  }
}

/**
 * Drops an item that nothing needs any more: its `threshold - 1` nearest kept neighbours on the left and as many on the
 * right lie within one time span of each other. It has been named, since with the left ones alone it fills a window. A
 * match that comes later within a window with it is a member without it as well: if it lies among those neighbours, all
 * of them share a window with it; if it lies outside, all those between it and the item do. So a storm leaves about two
 * thresholds of items per time span.
 */
function thin(ring: Ring, at: number, span: number, threshold: number): void {
  const reach = threshold - 1;
  // Each item is looked at when its last neighbour on the right comes; one that comes between others looks at its own.
  for (const index of [at + reach, at, at - reach]) {
    const [left, item, right] = [ring[index - reach], ring[index], ring[index + reach]];
    if (left !== undefined && item?.m === 1 && right !== undefined && right.t - left.t <= span) ring.splice(index, 1);
  }
}
