import { duration } from '@tocsin/extension';
import { z } from 'zod';
import { isTick, type Match, type RuleKind, type Step } from '../rule-kind.js';

const config = z.strictObject({
  /** Length of the sliding window, event time. */
  timespan: duration,
  condition: z.strictObject({
    /** The window is hot when it holds at least this many matches. */
    gte: z.number().int().min(2).max(10_000),
  }),
});

type EventCountConfig = z.infer<typeof config>;

/** How far out of order a match may come and still be counted exactly. */
const GRACE_MS = 5 * 60_000;
/** Matches kept beyond the threshold, so that late ones still find their neighbours. */
const RING_SLACK = 64;

interface Item extends Match {
  /** 1 when the item has been named as a member. */
  m: 0 | 1;
}

/**
 * `gte` or more matches within any `timespan`, on a sliding window (Sigma `event_count`).
 *
 * A match is a member when it lies in some window of length `timespan` that holds at least `gte` matches. Adding
 * matches only ever adds members, so the outcome is a function of the set of matches, whatever their order.
 */
export const eventCount: RuleKind<EventCountConfig> = {
  type: 'event_count',
  summary: 'At least N violations of a group within a time span.',
  config,
  create: ({ timespan, condition }) => ({
    because: `at least ${condition.gte} matches lie within ${timespan / 1000} s`,
    step(state, input) {
      const ring = (state as Item[] | undefined) ?? [];
      if (isTick(input)) return settle(ring, input.now, timespan, condition.gte, []);
      return count(ring, input, timespan, condition.gte);
    },
  }),
};

function count(ring: readonly Item[], match: Match, timespan: number, threshold: number): Step {
  const at = position(ring, match);
  const newest = Math.max(match.t, ring.at(-1)?.t ?? 0);
  if (ring[at]?.id === match.id && ring[at].t === match.t) return settle(ring, newest, timespan, threshold, []);
  const next: Item[] = ring.toSpliced(at, 0, { ...match, m: 0 });
  const members: Match[] = [];
  // Every run of `threshold` neighbours that holds the new item, by its first index.
  for (let first = Math.max(0, at - threshold + 1); first <= at; first++) {
    const last = first + threshold - 1;
    const [from, to] = [next[first], next[last]];
    if (from === undefined || to === undefined || to.t - from.t > timespan) continue;
    for (let index = first; index <= last; index++) {
      const item = next[index] as Item;
      if (item.m === 1) continue;
      next[index] = { ...item, m: 1 };
      members.push({ id: item.id, t: item.t, s: item.s, e: item.e, a: item.a });
    }
  }
  return settle(next, newest, timespan, threshold, members);
}

/** Index of the first item not before the match, by time and then id. */
function position(ring: readonly Item[], match: Match): number {
  let low = 0;
  let high = ring.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const item = ring[middle] as Item;
    if (item.t < match.t || (item.t === match.t && item.id < match.id)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Drops what no future match can join, and the oldest beyond the bound. */
function settle(ring: readonly Item[], now: number, timespan: number, threshold: number, members: readonly Match[]): Step {
  const horizon = now - timespan - GRACE_MS;
  let start = Math.max(0, ring.length - (2 * threshold + RING_SLACK));
  while (start < ring.length && (ring[start] as Item).t < horizon) start++;
  const kept = start === 0 ? ring : ring.slice(start);
  const newest = kept.at(-1);
  if (newest === undefined) return { state: undefined, members, wakeAt: undefined };
  return { state: kept, members, wakeAt: newest.t + timespan + GRACE_MS + 1 };
}
