import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { crowdOut, expire, indexAfter, indexFrom, insert, type Ring } from './ring.js';
import type { Match } from './rule-kind.js';

const match = (t: number, id = 'x', k = ''): Match => ({ id, t, s: 3, k, d: '' });
const some = fc.record({ t: fc.nat({ max: 20 }), id: fc.constantFrom('x', 'y'), k: fc.constantFrom('', 'a') }).map(({ t, id, k }) => match(t, id, k));
const text = ({ t, id, k }: Match | Ring[number]): string => `${String(t).padStart(3, '0')} ${id} ${k}`;

describe('a ring', () => {
  it('holds each match once, in the same order whatever the order in which they came', () => {
    fc.assert(
      fc.property(fc.array(some), (list) => {
        const ring: Ring = [];
        for (const one of list) {
          const isNew = !ring.some((item) => text(item) === text(one));
          expect(insert(ring, one) === -1).toBe(!isNew);
        }
        expect(ring.map(text)).toEqual([...new Set(list.map(text))].toSorted());
      }),
    );
  });

  it('finds places by time', () => {
    const ring = [1, 3, 3, 5].map((t, n) => match(t, `${n}`));
    expect([0, 1, 2, 3, 5, 6].map((time) => indexFrom(ring, time))).toEqual([0, 0, 1, 1, 3, 4]);
    expect([0, 1, 2, 3, 5, 6].map((time) => indexAfter(ring, time))).toEqual([0, 1, 1, 3, 4, 4]);
  });

  it('drops what has expired once that is a quarter', () => {
    const ring: Ring = Array.from({ length: 100 }, (_, t) => match(t));
    expire(ring, 20);
    expect(ring).toHaveLength(100);
    expire(ring, 40);
    expect(ring[0]?.t).toBe(40);
  });

  it('drops from the noisiest key first, and never so that a window lacks a key that it had', () => {
    const key = fc.constantFrom('a', 'a', 'a', 'a', 'b', 'c');
    const items = fc.array(fc.record({ t: fc.nat({ max: 300 }), k: key }), { minLength: 30, maxLength: 120 });
    fc.assert(
      fc.property(items, fc.integer({ min: 5, max: 50 }), (list, timespan) => {
        const ring: Ring = [];
        list.forEach(({ t, k }, n) => insert(ring, match(t, `${n}`, k)));
        const before = [...ring];
        // Room for all but some of the noisy key.
        const dropped = crowdOut(ring, Math.ceil(ring.length * 0.9), timespan);
        expect(dropped).toBe(before.length - ring.length);
        const isOldestOnly = before.slice(dropped).every((item) => ring.includes(item));
        if (isOldestOnly) return;
        const keysWithin = (items: Ring, from: number): string[] =>
          [...new Set(items.filter(({ t }) => t >= from && t <= from + timespan).map(({ k }) => k))].toSorted();
        for (let from = (ring[0]?.t ?? 0) + 1; from < 300; from++) expect(keysWithin(ring, from)).toEqual(keysWithin(before, from));
      }),
    );
  });
});
