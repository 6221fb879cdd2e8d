import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { addTime, hasTimeWithin } from './times.js';

describe('times of what was expected', () => {
  it('answer as if all had been kept, whatever their order', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 200 })), fc.integer({ min: 1, max: 40 }), (all, span) => {
        const times: number[] = [];
        for (const time of all) addTime(times, time, span);
        for (let time = 0; time < 200; time++) {
          expect(hasTimeWithin(times, time, span)).toBe(all.some((one) => one > time && one <= time + span));
        }
      }),
      { numRuns: 500 },
    );
  });

  it('are two per span at most', () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 200 }), { maxLength: 300 }), (all) => {
        const times: number[] = [];
        for (const time of all) addTime(times, time, 20);
        expect(times.length).toBeLessThanOrEqual(2 * (200 / 20 + 1));
      }),
    );
  });
});
