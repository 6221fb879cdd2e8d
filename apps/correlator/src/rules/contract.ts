import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Match, Reducer, RuleState, Tick } from './rule-kind.js';

export const GRACE = 60_000;
const TIMESPAN_MAX = 120_000;

export interface KindUnderTest {
  create(): Reducer;
  /** The values that `k` takes. */
  keys: readonly string[];
  /** The members of a set of matches, straight from the kind's definition. */
  members(set: readonly Match[]): readonly Match[];
}

/** What every rule kind must hold; see `rule-kind.ts`. */
export function runRuleKindContract(name: string, { create, keys, members }: KindUnderTest): void {
  // Few times, so that windows collide and times are equal.
  const match = fc.record({
    id: fc.nat({ max: 60 }).map((n) => `id-${n}`),
    t: fc.nat({ max: 60 }).map((n) => 1_000_000 + n * 3_000),
    s: fc.integer({ min: 1, max: 6 }),
    k: fc.constantFrom(...keys),
    d: fc.constant('[[],[]]'),
  });
  const matches = fc.uniqueArray(match, { maxLength: 40, selector: identity });
  /** An order in which no match comes after one whose time is later by more than grace. */
  const withinGrace = fc.tuple(matches, fc.infiniteStream(fc.nat({ max: GRACE }))).map(([list, delays]) => {
    const arrivals = list.map((one) => ({ one, arrives: one.t + (delays.next().value as number) }));
    return arrivals.toSorted((a, b) => a.arrives - b.arrives).map(({ one }) => one);
  });

  describe(`${name}, as every rule kind`, () => {
    it('names the members that its definition names, in whatever order within grace the matches come', () => {
      fc.assert(
        fc.property(withinGrace, (list) => {
          expect(named(create(), list)).toEqual(sorted(members(list)));
        }),
        { numRuns: 300 },
      );
    });

    it('names no other members when everything comes twice, or when it is stopped and started at any place', () => {
      fc.assert(
        fc.property(withinGrace, fc.array(fc.nat({ max: 39 })), (list, restarts) => {
          const twice = list.flatMap((one, index) => (index % 2 === 0 ? [one, one] : [one]));
          expect(named(create(), twice, new Set(restarts))).toEqual(sorted(members(list)));
        }),
        { numRuns: 200 },
      );
    });

    it('keeps its state within bounds through a flood', () => {
      const reducer = create();
      let state: RuleState | undefined;
      let largest = 0;
      for (let n = 0; n < 10_000; n++) {
        const flood = { id: `m${n}`, t: 1_000_000 + n, s: 3, k: keys[n % keys.length] ?? '', d: '[[],[]]' };
        state = reducer.step(state, flood).state;
        largest = Math.max(largest, Array.isArray(state) ? state.length : 0);
      }
      expect(largest).toBeLessThan(2_500);
    });

    it('forgets a group once time has passed', () => {
      const reducer = create();
      const first = reducer.step(undefined, { id: 'a', t: 1_000_000, s: 3, k: keys[0] ?? '', d: '[[],[]]' });
      if (first.state === undefined) return;
      expect(first.wakeAt).toBeGreaterThanOrEqual(1_000_000);
      expect(reducer.step(first.state, { now: 1_000_000 + 10 * TIMESPAN_MAX }).state).toBeUndefined();
    });
  });
}

/** The distinct members that a reducer names, with ticks as the engine sends them: at the latest time seen, and at the end. */
export function named(reducer: Reducer, list: readonly Match[], restarts: ReadonlySet<number> = new Set()): string[] {
  const found = new Map<string, Match>();
  let state: RuleState | undefined;
  let wakeAt: number | undefined;
  let latest = 0;
  const step = (input: Match | Tick): void => {
    const result = reducer.step(state, input);
    state = result.state;
    wakeAt = result.wakeAt;
    for (const member of result.members) found.set(identity(member), member);
  };
  list.forEach((match, index) => {
    if (restarts.has(index) && state !== undefined) state = JSON.parse(JSON.stringify(state));
    step(match);
    latest = Math.max(latest, match.t);
    if (wakeAt !== undefined && wakeAt <= latest) step({ now: latest });
  });
  for (let ticks = 0; state !== undefined && wakeAt !== undefined && ticks < 1_000; ticks++) step({ now: wakeAt });
  return sorted([...found.values()]);
}

export function identity({ id, t, k }: Match): string {
  return `${t} ${id} ${k}`;
}

function sorted(list: readonly Match[]): string[] {
  return [...new Set(list.map(identity))].toSorted();
}
