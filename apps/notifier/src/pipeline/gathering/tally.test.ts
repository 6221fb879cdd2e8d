import { describe, expect, it } from '@jest/globals';
import type { Incident, Violation } from '@tocsin/domain';
import { buildIncident, buildViolation } from '@tocsin/testing';
import fc from 'fast-check';
import { nextDigest } from './digest.js';
import { groupOf } from './group-of.js';
import { emptyGathered, fateOf, withStep } from './ranges.js';
import { StormGauge } from './storm.js';
import { emptyTally, merged, topTalkers, withEvent, type Tally } from './tally.js';

const violation = (parts: Partial<Violation>) => ({ events: 'violations' as const, data: buildViolation(parts) });
const tallyOf = (some: readonly Partial<Violation>[]): Tally =>
  some.reduce<Tally>((tally, parts) => withEvent(tally, violation(parts)), emptyTally());
const sumOf = (counts: Readonly<Record<string, number>>): number => Object.values(counts).reduce((sum, count) => sum + count, 0);

describe('a tally', () => {
  it('adds up exactly, however many values there are, in whatever parts it is counted', () => {
    const anything = fc.record({
      name: fc.oneof(fc.constantFrom('shell', 'miner', '__proto__', 'constructor', ''), fc.string({ unit: 'binary', maxLength: 300 })),
      severity_id: fc.constantFrom<1 | 2 | 3 | 4 | 5 | 6>(1, 2, 3, 4, 5, 6),
    });
    fc.assert(
      fc.property(fc.array(anything, { maxLength: 300 }), fc.nat(300), (some, cut) => {
        const whole = tallyOf(some);
        const parts = merged(tallyOf(some.slice(0, cut)), tallyOf(some.slice(cut)));
        for (const tally of [whole, parts]) {
          expect(tally.count).toBe(some.length);
          expect(sumOf(tally.severities)).toBe(some.length);
          expect(sumOf(tally.names) + tally.otherNames).toBe(some.length);
          expect(sumOf(tally.workloads) + tally.otherWorkloads).toBe(some.length);
          const top = topTalkers(tally.names, tally.otherNames);
          expect(top.values.reduce((sum, { count }) => sum + count, 0) + top.others).toBe(some.length);
        }
        expect(parts).toMatchObject({ severities: whole.severities, worst: whole.worst, first: whole.first, last: whole.last });
      }),
    );
  });

  it('stays small whatever comes', () => {
    let tally = emptyTally();
    for (let index = 0; index < 5_000; index++) tally = withEvent(tally, violation({ name: `${index}-${'x'.repeat(5_000)}` }));
    expect(JSON.stringify(tally).length).toBeLessThan(60_000);
    expect(tally.count).toBe(5_000);
  });

  it('knows which incidents are not resolved', () => {
    const told = (parts: Partial<Incident>) => ({ events: 'incidents' as const, data: buildIncident(parts) });
    const opened = [told({ id: 'a' }), told({ id: 'b' }), told({ id: 'a', version: 2, status: 'resolved' })].reduce(withEvent, emptyTally());
    expect(Object.keys(opened.open)).toEqual(['b']);
    const { digest } = nextDigest({
      subscription: 'soc',
      events: 'incidents',
      kind: 'group',
      group: '{"cluster":"x"}',
      tallies: [opened],
      told: undefined,
      now: 'now',
    });
    expect(digest).toMatchObject({ count: 3, unresolved: 1, reason: 'group', summary: '3 incidents of x: shell-in-container (3).' });
  });
});

describe('a storm', () => {
  it('is more than so many in a minute, and over when there are less than half of them', () => {
    const gauge = new StormGauge(10);
    const at = (second: number, times = 1): boolean[] => Array.from({ length: times }, () => gauge.add(second * 1_000));
    expect(at(0, 10)).toEqual(Array(10).fill(false));
    expect(at(1)).toEqual([true]);
    expect(at(59)).toEqual([true]);
    // The first ten are a minute ago.
    expect(at(62, 3)).toEqual([false, false, false]);
  });

  it('is none when the same comes in an hour, also when it is read in a second', () => {
    const gauge = new StormGauge(60);
    const verdicts = Array.from({ length: 600 }, (_, index) => gauge.add(index * 2_000));
    expect(verdicts.some(Boolean)).toBe(false);
  });

  it('takes partitions that are not in step', () => {
    const gauge = new StormGauge(10);
    for (let index = 0; index < 10; index++) gauge.add(1_000_000);
    expect(gauge.add(0)).toBe(true);
  });
});

describe('what was gathered of a partition', () => {
  it('is known again after a restart', () => {
    const steps: [from: number, to: number, gather: boolean][] = [
      [0, 3, false],
      [3, 5, true],
      [5, 8, true],
      [8, 9, false],
      [9, 12, true],
    ];
    const gathered = steps.reduce((all, [from, to, gather]) => withStep(all, from, to, gather, 5), emptyGathered());
    expect(gathered.ranges).toHaveLength(2);
    const fates = Array.from({ length: 13 }, (_, offset) => fateOf(gathered, offset, 3));
    expect(fates).toEqual([...Array(3).fill('told'), ...Array(5).fill('gathered'), 'told', ...Array(3).fill('gathered'), undefined]);
    expect(fateOf(gathered, 4, 5)).toBe('told');
  });
});

describe('groupOf', () => {
  it('takes fields by their paths, and what an incident is grouped by', () => {
    expect(groupOf(buildViolation({ workload: { namespace: 'shop', name: 'web' } }), ['workload.namespace', 'pod.name'])).toBe(
      '{"workload.namespace":"shop","pod.name":""}',
    );
    expect(groupOf(buildIncident(), ['workload.namespace', 'rule.name', '__proto__', 'constructor.name'])).toBe(
      JSON.stringify({ 'workload.namespace': 'shop', 'rule.name': 'shell-in-container', ['__proto__']: '', 'constructor.name': '' }),
    );
  });
});
