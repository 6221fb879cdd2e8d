import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EVENTS_EACH, PAIRS, conditions, eventSeed, events, referenceOf } from './fixtures/conformance/random-conditions.js';
import { requiredEquals } from './required-equals.js';

describe('requiredEquals', () => {
  it.each([
    [
      'violation.source == "falco" && violation.severity_id > 2 && violation.name in ["a", "b"]',
      [
        { field: 'source', values: ['falco'] },
        { field: 'name', values: ['a', 'b'] },
      ],
    ],
    [
      '("pay" == violation.workload.namespace) && (violation.severity_id > 2 && violation.name == "a")',
      [
        { field: 'workload.namespace', values: ['pay'] },
        { field: 'name', values: ['a'] },
      ],
    ],
    ['violation.name == "a"', [{ field: 'name', values: ['a'] }]],
    ['violation.name in []', [{ field: 'name', values: [] }]],
  ])('finds what every passing event must have: %s', (source, expected) => {
    expect(requiredEquals(source, 'violation')).toEqual(expected);
  });

  it.each([
    'violation.source == "falco" || violation.name == "a"',
    '!(violation.source == "falco")',
    'violation.source != "falco"',
    'violation.severity_id == 4',
    'violation.name in ["a", 4]',
    // Where the right side is a text, this asks for a part of it.
    'violation.name in violation.message',
    '"shell" in violation.tags',
    // An equality of lists.
    'violation.tags == ["a"]',
    'violation.name == violation.message',
    'violation["name"] == "a"',
    'violation.tags.exists(t, t == "a")',
    'true ? violation.name == "a" : false',
  ])('finds nothing in %s', (source) => {
    expect(requiredEquals(source, 'violation')).toEqual([]);
  });

  it.each(['violation', 'incident', 'action'] as const)('leaves out nothing that cel-js would let pass, for each %s', (variable) => {
    const { condition, conjunction } = conditions(variable, 5);
    const seen = { pairs: 0, unmet: 0, passed: 0 };
    fc.assert(
      fc.property(fc.oneof({ weight: 4, arbitrary: conjunction }, { weight: 1, arbitrary: condition }), eventSeed, (source, seed) => {
        const reference = referenceOf(source, variable);
        const required = reference === undefined ? [] : requiredEquals(source, variable);
        if (reference === undefined || required.length === 0) return;
        for (const event of events(variable, seed, false)) {
          const unmet = required.find(({ field, values }) => !values.includes(read(event, field) as string));
          const passed = reference(event) === true;
          if (unmet !== undefined && passed) throw new Error(`${source} passes without ${JSON.stringify(unmet)}: ${JSON.stringify(event)}`);
          seen.pairs++;
          if (unmet !== undefined) seen.unmet++;
          if (passed) seen.passed++;
        }
      }),
      { numRuns: Math.ceil(PAIRS / 3 / EVENTS_EACH / REQUIRING) },
    );
    expect(seen.pairs).toBeGreaterThan(PAIRS / 3);
    // Those that do not meet it are what this is about; that some pass shows that conditions and events meet.
    expect(seen.unmet).toBeGreaterThan(seen.pairs / 4);
    expect(seen.passed).toBeGreaterThan(seen.pairs / 2_000);
  });
});

/** At least so many conditions ask for certain texts. */
const REQUIRING = 0.6;

function read(value: unknown, steps: string): unknown {
  return steps.split('.').reduce<unknown>((current, step) => (current as Record<string, unknown> | null | undefined)?.[step], value);
}
