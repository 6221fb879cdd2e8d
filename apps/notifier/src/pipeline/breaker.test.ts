import { beforeEach, describe, expect, it } from '@jest/globals';
import { Breaker, type Pass } from './breaker.js';

const LONGEST_MS = 60_000;

describe('breaker', () => {
  let now: number;
  let breaker: Breaker;
  beforeEach(() => {
    now = 1_000_000;
    breaker = new Breaker(LONGEST_MS, () => now);
  });

  const pass = (): Pass => {
    const entered = breaker.enter();
    if (typeof entered === 'number') throw new Error(`The breaker is open for ${entered} ms.`);
    return entered;
  };

  it('takes the failures of attempts that were under way together for one', () => {
    const passes = Array.from({ length: 12 }, pass);
    for (const one of passes) expect(one.failed(undefined)).toBeLessThanOrEqual(500);
    expect(passes.some((one) => one.current())).toBe(false);
  });

  it('lets one probe pass when the pause is over, and all when it succeeded', () => {
    now += pass().failed(undefined);
    const probe = pass();
    expect(probe.probe).toBe(true);
    expect(breaker.enter()).toBe(500);
    probe.succeeded();
    expect(pass().probe).toBe(false);
  });

  it('lets the next probe pass when one was given up', () => {
    now += pass().failed(undefined);
    pass().abandoned();
    expect(pass().probe).toBe(true);
  });

  it('waits longer with each probe that fails, up to the longest pause', () => {
    const pauses: number[] = [];
    for (let attempt = 0; attempt < 12; attempt++) {
      pauses.push(pass().failed(undefined));
      now += pauses.at(-1) as number;
    }
    for (const [attempt, ms] of pauses.entries()) {
      const ceiling = Math.min(LONGEST_MS, 500 * 2 ** attempt);
      expect(ms).toBeGreaterThanOrEqual(ceiling / 2);
      expect(ms).toBeLessThanOrEqual(ceiling);
    }
  });

  it('does what the receiver asks for, within bounds, also when it asks late', () => {
    const [first, late] = [pass(), pass()];
    first.failed(undefined);
    expect(late.failed(20_000)).toBe(20_000);
    expect(breaker.enter()).toBe(20_000);
    now += 20_000;
    expect(pass().failed(86_400_000)).toBe(LONGEST_MS);
  });

  it('is not closed by an attempt that began before it opened', () => {
    const slow = pass();
    pass().failed(undefined);
    slow.succeeded();
    expect(typeof breaker.enter()).toBe('number');
  });
});
