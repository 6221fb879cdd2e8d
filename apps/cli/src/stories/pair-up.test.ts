import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { pairUp } from './pair-up.js';

describe('pairUp', () => {
  it('pairs as many as can be, each with one that fits and no other has', () => {
    const table = fc.array(fc.array(fc.boolean(), { minLength: 5, maxLength: 5 }), { maxLength: 5 });
    fc.assert(
      fc.property(table, (fits) => {
        const partner = pairUp(fits.length, 5, (one, other) => fits[one]?.[other] === true);
        const taken = partner.filter((other) => other !== undefined);
        expect(new Set(taken).size).toBe(taken.length);
        partner.forEach((other, one) => other !== undefined && expect(fits[one]?.[other]).toBe(true));
        expect(taken.length).toBe(most(fits, new Set()));
      }),
    );
  });
});

/** By trying everything. */
function most([row, ...rows]: boolean[][], taken: ReadonlySet<number>): number {
  if (row === undefined) return 0;
  const without = most(rows, taken);
  const withOne = row.map((fits, other) => (fits && !taken.has(other) ? 1 + most(rows, new Set([...taken, other])) : 0));
  return Math.max(without, ...withOne);
}
