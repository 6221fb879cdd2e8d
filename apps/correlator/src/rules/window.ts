import { crowdOut, expire, indexAfter, indexFrom, insert, name, type Item, type Ring } from './ring.js';
import { isTick, type Match, type Reducer, type Step } from './rule-kind.js';
import { isWithin, since, union, type Stretches } from './stretches.js';

/** What tells the kinds apart that look at matches within a time span. More matches MUST only ever mean more members. */
export interface WindowRule {
  readonly timespan: number;
  /** Matches that the ring may hold. */
  readonly cap: number;
  /** Names all that are members now that the match at that place has come, as far as the ring tells. */
  name(ring: Ring, at: number, members: Match[]): void;
  /** Stretches of time in which any further match would be a member, as far as the ring tells. */
  stretches(ring: Ring): Stretches;
  /**
   * Of the items within the stretch from `lo` to `hi` those that matches outside of it may yet need in order to become
   * members. Nothing comes any more from before `settled`.
   */
  needed(items: readonly Item[], lo: number, hi: number, settled: number): readonly Item[];
}

/** Short names, since there may be a million of these. */
interface WindowState {
  /** The matches that may still matter. */
  r: Ring;
  /** Of what was thinned; absent while nothing was. */
  h?: Stretches;
  /** Length of the ring at which it is thinned next; absent while it is the smallest. */
  n?: number;
}

/** Rings are thinned from this length on: short enough to be written often, long enough for it to cost little. */
const THIN_FROM = 32;
/** Matches that a group may hold, unless the rule counts up to more. A group is written as a whole when it has changed. */
export const RING_CAP = 1_024;

/**
 * The reducer of all kinds whose members are found by looking at the matches within a time span.
 *
 * What keeps it small in a storm: where a *stretch* of time is so busy that any match in it is a member, the stretch
 * itself says so of whatever comes late, and of the matches inside only those near both ends are kept, which matches
 * outside of the stretch may need. Elsewhere a group is bounded by `cap`, and what is dropped is counted.
 */
export function windowReducer(rule: WindowRule, grace: number, because: string): Reducer {
  const reach = rule.timespan + grace;

  function settle(state: WindowState, now: number, members: readonly Match[], forgotten = 0): Step {
    expire(state.r, now - reach);
    const newest = state.r.at(-1);
    const step: Step = { state: undefined, members, wakeAt: undefined };
    if (forgotten > 0) step.forgotten = forgotten;
    if (newest === undefined || newest.t < now - reach) return step;
    return { ...step, state, wakeAt: newest.t + reach + 1 };
  }

  /** Says how many it had to drop that might have counted. */
  function thin(state: WindowState, members: Match[]): number {
    const newest = (state.r.at(-1) as Item).t;
    const stretches = union(since(state.h ?? [], newest - reach), rule.stretches(state.r));
    state.r = thinned(state.r, stretches, members, newest - grace, rule);
    let forgotten = 0;
    if (state.r.length > (rule.cap * 3) / 4) {
      forgotten = crowdOut(state.r, rule.cap >> 1, rule.timespan);
    }
    const oldest = (state.r[0] as Item).t;
    state.h = since(stretches, forgotten > 0 ? oldest : newest - reach);
    state.n = Math.min(Math.max(THIN_FROM, 2 * state.r.length), rule.cap);
    return forgotten;
  }

  return {
    because,
    lag: reach,
    step(given, input) {
      const state = (given as WindowState | undefined) ?? { r: [] };
      const newest = state.r.at(-1)?.t ?? -Infinity;
      if (isTick(input)) return settle(state, Math.max(newest, input.now), []);
      const at = insert(state.r, input);
      if (at === -1) return settle(state, newest, []);
      const members: Match[] = [];
      rule.name(state.r, at, members);
      if (state.h !== undefined && isWithin(state.h, input.t)) name(state.r, at, members);
      const forgotten = state.r.length > (state.n ?? THIN_FROM) ? thin(state, members) : 0;
      return settle(state, Math.max(newest, input.t), members, forgotten);
    },
  };
}

function thinned(ring: Ring, stretches: Stretches, members: Match[], settled: number, rule: WindowRule): Ring {
  const kept: Ring = [];
  let at = 0;
  for (let index = 0; index < stretches.length; index += 2) {
    const [lo, hi] = [stretches[index] as number, stretches[index + 1] as number];
    const from = indexFrom(ring, lo);
    const to = indexAfter(ring, hi);
    for (; at < from; at++) kept.push(ring[at] as Item);
    for (; at < to; at++) name(ring, at, members);
    for (const item of rule.needed(ring.slice(from, to), lo, hi, settled)) kept.push(item);
  }
  for (; at < ring.length; at++) kept.push(ring[at] as Item);
  return kept;
}
