import { describe, expect, it } from '@jest/globals';
import { about, bytes, count, duration, relative } from './words.js';

describe('words', () => {
  it.each([
    [0, '0 s'],
    [59_999, '59 s'],
    [61_000, '1 m 1 s'],
    [3 * 3_600_000, '3 h'],
    [4 * 3_600_000 - 1_000, '3 h 59 m'],
    [26 * 3_600_000 + 30_000, '1 d 2 h'],
    [-5, '0 s'],
  ])('say %d ms as %s', (ms, text) => {
    expect(duration(ms)).toBe(text);
  });

  it.each([
    ['2026-09-14T12:00:00Z', 'now'],
    ['2026-09-14T11:59:00Z', '1 m ago'],
    ['2026-09-13T11:59:00Z', '1 d ago'],
    ['2026-09-14T14:00:00Z', 'in 2 h'],
  ])('say %s as %s at noon', (time, text) => {
    expect(relative(time, Date.parse('2026-09-14T12:00:00Z'))).toBe(text);
  });

  it('count and measure', () => {
    expect([count(1, 'event'), count(10_000, 'event'), count(2, 'entity', 'entities'), bytes(1_536)]).toEqual([
      '1 event',
      '10,000 events',
      '2 entities',
      '1.5 KiB',
    ]);
  });

  it('say what an incident is about by what tells most', () => {
    const entities = [
      { type: 'pod' as const, name: 'shop/web-1' },
      { type: 'workload' as const, name: 'shop/web' },
      { type: 'workload' as const, name: 'shop/db' },
    ];
    expect(about({ entities, group: {} })).toBe('shop/web +1');
    expect(about({ entities: [], group: { 'user.name': 'eve' } })).toBe('eve');
  });
});
