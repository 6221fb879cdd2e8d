import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { add, isWithin, since, union, type Stretches } from './stretches.js';

const spans = fc
  .array(fc.tuple(fc.nat({ max: 100 }), fc.nat({ max: 9 })))
  .map((list) => list.toSorted(([a], [b]) => a - b).map(([lo, length]) => ({ lo, hi: lo + length })));
const all = (list: readonly { lo: number; hi: number }[]): Stretches => {
  const stretches: Stretches = [];
  for (const { lo, hi } of list) add(stretches, lo, hi);
  return stretches;
};
const TIMES = Array.from({ length: 115 }, (_, time) => time);

describe('stretches', () => {
  it('hold the times that one of them holds', () => {
    fc.assert(
      fc.property(spans, spans, (a, b) => {
        const joined = union(all(a), all(b));
        expect(joined).toEqual(all([...a, ...b].toSorted((x, y) => x.lo - y.lo)));
        for (const time of TIMES) expect(isWithin(joined, time)).toBe([...a, ...b].some(({ lo, hi }) => lo <= time && time <= hi));
      }),
    );
  });

  it('are disjoint and ascending', () => {
    fc.assert(
      fc.property(spans, (list) => {
        const stretches = all(list);
        for (let at = 1; at + 1 < stretches.length; at += 2) expect(stretches[at]).toBeLessThan(stretches[at + 1] as number);
      }),
    );
  });

  it('forget those that ended before a time', () => {
    expect(since([1, 2, 4, 6, 8, 9], 6)).toEqual([4, 6, 8, 9]);
    expect(since([1, 2, 4, 6], 7)).toEqual([]);
  });
});
