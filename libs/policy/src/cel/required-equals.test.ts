import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { compileFilter } from './filter.js';
import { requiredEquals } from './required-equals.js';

const RUNS = Number(process.env['CEL_RUNS'] ?? 10_000);

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

  it('never leaves out a condition that would pass', () => {
    let passed = 0;
    fc.assert(
      fc.property(condition, event, (source, violation) => {
        if (!compileFilter(source, 'violation').test(violation)) return;
        passed++;
        for (const { field, values } of requiredEquals(source, 'violation')) expect(values).toContain(read(violation, field));
      }),
      { numRuns: RUNS },
    );
    // The property says nothing about conditions that do not pass; these must not be all.
    expect(passed).toBeGreaterThan(100);
  });
});

/** Few texts and fields, so that conditions and events meet. */
const text = fc.constantFrom('a', 'b', 'ab', '');
const path = fc.constantFrom('name', 'source', 'workload.name', 'tags', 'absent');
const field = path.map((name) => `violation.${name}`);
const quoted = text.map((value) => JSON.stringify(value));
const list = fc.array(quoted, { maxLength: 3 }).map((items) => `[${items.join(', ')}]`);

const term = fc.oneof(
  fc.tuple(field, quoted).map(([left, right]) => `${left} == ${right}`),
  fc.tuple(quoted, field).map(([left, right]) => `${left} == ${right}`),
  fc.tuple(field, list).map(([left, right]) => `${left} in ${right}`),
  fc.tuple(field, list).map(([left, right]) => `${left} == ${right}`),
  fc.tuple(field, field).map(([left, right]) => `${left} in ${right}`),
  fc.tuple(quoted, field).map(([left, right]) => `${left} in ${right}`),
  fc.tuple(field, quoted).map(([left, right]) => `${left} != ${right}`),
  fc.tuple(field, field).map(([left, right]) => `${left} == ${right}`),
  field.map((name) => `has(${name})`),
  fc.constant('true'),
);

const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    term,
    fc.tuple(tie('condition'), tie('condition')).map(([left, right]) => `(${left}) && (${right})`),
    fc.tuple(tie('condition'), tie('condition')).map(([left, right]) => `${left} && ${right}`),
    fc.tuple(tie('condition'), tie('condition')).map(([left, right]) => `${left} || ${right}`),
    tie('condition').map((inner) => `!(${inner})`),
  ),
}));

const event = fc.record({ name: text, source: text, workload: fc.record({ name: text }), tags: fc.array(text, { maxLength: 2 }) });

function read(value: unknown, steps: string): unknown {
  return steps.split('.').reduce<unknown>((current, step) => (current as Record<string, unknown> | undefined)?.[step], value);
}
