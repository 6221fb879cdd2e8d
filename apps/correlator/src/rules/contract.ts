import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { isTick, type Match, type Reducer, type RuleState, type Tick } from './rule-kind.js';

/** Several time spans, so that matches come late to windows that are long over. */
export const GRACE = 150_000;
export const TIMESPAN = 60_000;

export interface KindUnderTest {
  /** Of rules with `timespan: 1m`, with that grace. */
  create(): Reducer;
  /** The values that `k` takes. */
  keys: readonly string[];
  /** The members of a set of matches, straight from the kind's definition. */
  members(set: readonly Match[]): readonly Match[];
}

/** What every rule kind must hold; see `rule-kind.ts`. */
export function runRuleKindContract(name: string, { create, keys, members }: KindUnderTest): void {
  const { scattered, bursts } = sets(keys);
  const either = fc.oneof(scattered, bursts);

  describe(`${name}, as every rule kind`, () => {
    it.each([
      ['scattered', scattered, 300],
      ['in bursts', bursts, 60],
    ] as const)('names the members that its definition names, in whatever order within grace matches come, %s', (_how, set, numRuns) => {
      fc.assert(
        fc.property(withinGrace(set), (list) => {
          expect(named(create(), list)).toEqual(identities(members(list)));
        }),
        { numRuns },
      );
    });

    it('names no other members when matches are repeated, at once or all of them at the end', () => {
      fc.assert(
        fc.property(withinGrace(either), (list) => {
          const expected = identities(members(list));
          expect(
            named(
              create(),
              list.flatMap((one, index) => (index % 2 === 0 ? [one, one] : [one])),
            ),
          ).toEqual(expected);
          expect(named(create(), [...list, ...list])).toEqual(expected);
        }),
        { numRuns: 40 },
      );
    });

    it('goes on from the JSON of its state as if nothing had happened', () => {
      fc.assert(
        fc.property(withinGrace(either), (list) => {
          const [kept, restarted] = [create(), create()];
          let [state, read]: (RuleState | undefined)[] = [undefined, undefined];
          for (const match of list) {
            const [step, again] = [kept.step(state, match), restarted.step(read, match)];
            expect(again).toEqual(step);
            state = step.state;
            read = again.state === undefined ? undefined : JSON.parse(JSON.stringify(again.state));
          }
        }),
        { numRuns: 30 },
      );
    });

    it('takes ticks at any time that event time has passed', () => {
      fc.assert(
        fc.property(withinGrace(either), fc.infiniteStream(fc.option(fc.nat({ max: 2 * TIMESPAN }))), (list, delays) => {
          const times = list.flatMap((match, index): (Match | Tick)[] => {
            const delay = delays.next().value as number | null;
            const latest = Math.max(...list.slice(0, index + 1).map(({ t }) => t));
            return delay === null ? [match] : [match, { now: latest - delay }];
          });
          // What is told first must not be told back by a later tick.
          let now = 0;
          const inputs = times.map((input) => (isTick(input) ? { now: (now = Math.max(now, input.now)) } : input));
          expect(named(create(), inputs)).toEqual(identities(members(list)));
        }),
        { numRuns: 40 },
      );
    });

    it.each([
      ['in order', (n: number) => n * 7],
      ['at one time', () => 0],
      ['as far out of order as grace allows', (n: number) => 7 * n - ((n * 7_919) % GRACE)],
      ['backwards, over and over', (n: number) => (n >> 8) * 7_000 - (n & 255) * 200],
    ])('keeps its state within bounds through a flood %s, of any key', (_how, timeOf) => {
      for (const flooding of [[keys[0] ?? ''], [keys.at(-1) ?? ''], keys]) {
        const reducer = create();
        let state: RuleState | undefined;
        for (let n = 0; n < 2_500; n++) {
          const flood = { id: `m${n}`, t: 1_000_000 + timeOf(n), s: 3, k: flooding[n % flooding.length] ?? '', d: '[[],[]]' };
          state = reducer.step(state, flood).state;
          if (n % 500 === 499) expect(JSON.stringify(state ?? null).length).toBeLessThan(100_000);
        }
      }
    });

    it('forgets a group once time has passed', () => {
      const reducer = create();
      const first = reducer.step(undefined, { id: 'a', t: 1_000_000, s: 3, k: keys[0] ?? '', d: '[[],[]]' });
      if (first.state === undefined) return;
      expect(first.wakeAt).toBeGreaterThanOrEqual(1_000_000);
      expect(reducer.step(first.state, { now: (first.wakeAt ?? 0) + 1 }).state).toBeUndefined();
    });

    it('names its members before event time has passed their own by more than its lag', () => {
      fc.assert(
        fc.property(withinGrace(either), (list) => {
          const reducer = create();
          // A tick for each second, so that time makes no leap.
          const inputs = list.flatMap((match, index) => [...seconds(list[index - 1]?.t, match.t), match]);
          let latest = 0;
          named(reducer, inputs, (input, members) => {
            latest = Math.max(latest, isTick(input) ? input.now : input.t);
            if (members.length > 0) expect(latest - Math.min(...members.map(({ t }) => t))).toBeLessThan(reducer.lag + 1_000);
          });
        }),
        { numRuns: 30 },
      );
    });
  });
}

function seconds(from = 0, to: number): Tick[] {
  const count = from === 0 ? 0 : Math.max(0, Math.floor((to - from) / 1_000));
  return Array.from({ length: count }, (_, n) => ({ now: from + (n + 1) * 1_000 }));
}

/** Sets of matches whose windows collide: few times and ids, or many matches in bursts and a few about them. */
function sets(keys: readonly string[]): { scattered: fc.Arbitrary<Match[]>; bursts: fc.Arbitrary<Match[]> } {
  const match = (t: fc.Arbitrary<number>): fc.Arbitrary<Match> =>
    fc.record({
      id: fc.nat({ max: 60 }).map((n) => `id-${n}`),
      t: t.map((time) => 1_000_000 + time),
      s: fc.integer({ min: 1, max: 6 }),
      k: fc.constantFrom(...keys),
      d: fc.constant('[[],[]]'),
    });
  const scattered = fc.uniqueArray(match(fc.nat({ max: 60 }).map((n) => n * 3_000)), { maxLength: 40, selector: identity });
  const burst = fc
    .record({ from: fc.nat({ max: 4 * TIMESPAN }), length: fc.nat({ max: 3 * TIMESPAN }) })
    .chain(({ from, length }) => fc.array(match(fc.nat({ max: length }).map((n) => from + n - (n % 500))), { minLength: 40, maxLength: 120 }));
  // Few others, so that it matters what is left of a burst at its edges.
  const others = fc.array(match(fc.nat({ max: 8 * TIMESPAN }).map((n) => n - (n % 1_000))), { maxLength: 12 });
  const bursts = fc.tuple(fc.array(burst, { minLength: 1, maxLength: 2 }), others).map(([lists, rest]) => {
    const all = new Map([...lists.flat(), ...rest].map((one) => [identity(one), one]));
    return [...all.values()];
  });
  return { scattered, bursts };
}

/** An order in which no match comes after one whose time is later by grace or more. */
function withinGrace(set: fc.Arbitrary<Match[]>): fc.Arbitrary<Match[]> {
  const delays = fc.infiniteStream(fc.oneof(fc.constant(0), fc.nat({ max: GRACE - 1 })));
  return fc.tuple(set, delays).map(([list, delay]) => {
    const arrivals = list.map((one) => ({ one, arrives: one.t + (delay.next().value as number) }));
    return arrivals.toSorted((a, b) => a.arrives - b.arrives).map(({ one }) => Object.freeze(one));
  });
}

/** The distinct members that a reducer names, with ticks as the engine sends them: when due by the latest time, and at the end. */
export function named(
  reducer: Reducer,
  inputs: readonly (Match | Tick)[],
  onStep: (input: Match | Tick, members: readonly Match[]) => void = () => {},
): string[] {
  const given = new Map(inputs.flatMap((input): [string, Match][] => (isTick(input) ? [] : [[identity(input), input]])));
  const found = new Map<string, Match>();
  let state: RuleState | undefined;
  let wakeAt: number | undefined;
  let latest = 0;
  let forgotten = 0;
  const step = (input: Match | Tick): void => {
    const result = reducer.step(state, input);
    onStep(input, result.members);
    ({ state, wakeAt } = result);
    forgotten += result.forgotten ?? 0;
    for (const member of result.members) found.set(identity(member), member);
  };
  for (const input of inputs) {
    step(input);
    if (!isTick(input)) latest = Math.max(latest, input.t);
    if (wakeAt !== undefined && wakeAt <= latest) step({ now: latest });
  }
  for (let ticks = 0; state !== undefined && wakeAt !== undefined && ticks < 1_000; ticks++) step({ now: wakeAt });
  expect(forgotten).toBe(0);
  const members = [...found.values()];
  expect(members).toEqual(members.map((member) => given.get(identity(member))));
  return identities(members);
}

/** For definitions that ask what a window holds: those in some window of one time span for which that is true. */
export function inWindows(set: readonly Match[], isHot: (window: readonly Match[]) => boolean): readonly Match[] {
  const members = new Set<Match>();
  for (const first of set) {
    const window = set.filter(({ t }) => t >= first.t && t <= first.t + TIMESPAN);
    if (isHot(window)) for (const match of window) members.add(match);
  }
  return [...members];
}

export function identity({ id, t, k }: Match): string {
  return `${t} ${id} ${k}`;
}

export function identities(list: readonly Match[]): string[] {
  return [...new Set(list.map(identity))].toSorted();
}
