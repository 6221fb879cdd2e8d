import { describe, expect, it } from '@jest/globals';
import { RecentIds } from './recent-ids.js';

describe('RecentIds', () => {
  it('remembers at most so many, the newest', () => {
    const recent = new RecentIds(2, 1_000);
    recent.add(['a', 'b', 'c'], 0);
    expect(['a', 'b', 'c'].map((id) => recent.has(id, 0))).toEqual([false, true, true]);
  });

  it('gives room back when the window has passed', () => {
    const recent = new RecentIds(100, 1_000);
    recent.add(['a'], 0);
    recent.add(['b'], 500);
    expect(recent.has('a', 999)).toBe(true);
    expect(recent.has('a', 1_000)).toBe(false);
    recent.add(['c'], 1_200);
    expect(recent.size).toBe(2);
  });

  it('remembers nothing where told so', () => {
    const recent = new RecentIds(0, 1_000);
    recent.add(['a'], 0);
    expect(recent.has('a', 0)).toBe(false);
  });
});
