import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Match, Reducer, RuleState } from './rule-kind.js';

/** What every rule kind must hold; see `rule-kind.ts`. `create` gives the reducer under test. */
export function runRuleKindContract(name: string, create: () => Reducer): void {
  describe(`${name}, as every rule kind`, () => {
    const matches = fc.uniqueArray(
      fc.record({
        id: fc.uuid(),
        t: fc.integer({ min: 0, max: 240_000 }),
        s: fc.integer({ min: 1, max: 6 }),
        e: fc.constant([]),
        a: fc.constant([]),
      }),
      { maxLength: 40, selector: (match) => match.id },
    );

    it('names the same members in whatever order the matches come', () => {
      fc.assert(
        fc.property(matches, fc.func(fc.integer()), (list, rank) => {
          const shuffled = list.toSorted((a, b) => rank(a.id) - rank(b.id));
          expect(members(create(), shuffled).toSorted()).toEqual(members(create(), list).toSorted());
        }),
        { numRuns: 300 },
      );
    });

    it('names no member twice, also when every match is repeated', () => {
      fc.assert(
        fc.property(matches, (list) => {
          const reducer = create();
          const once = members(reducer, list);
          expect(new Set(once).size).toBe(once.length);
        }),
      );
    });

    it('does not change the state it is given, and keeps it as JSON', () => {
      fc.assert(
        fc.property(matches, (list) => {
          const reducer = create();
          let state: RuleState | undefined;
          for (const match of list) {
            const before = JSON.stringify(state);
            const step = reducer.step(state, match);
            expect(JSON.stringify(state)).toBe(before);
            state = step.state === undefined ? undefined : JSON.parse(JSON.stringify(step.state));
          }
        }),
      );
    });
  });
}

/** Ids of the members that the reducer names over a list of matches. */
export function members(reducer: Reducer, list: readonly Match[]): string[] {
  let state: RuleState | undefined;
  const named: string[] = [];
  for (const match of list) {
    const step = reducer.step(state, match);
    state = step.state;
    named.push(...step.members.map((member) => member.id));
  }
  return named;
}
