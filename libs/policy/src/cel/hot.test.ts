import { describe, expect, it } from '@jest/globals';
import { serialize } from '@marcbachmann/cel-js';
import fc from 'fast-check';
import { compileReference, parseFilter } from './filter.js';
import { compileHot, type Condition } from './hot.js';
import { compilePatterns } from './patterns.js';

/** Pairs of a random condition and a random event. */
const RUNS = Number(process.env['CEL_RUNS'] ?? 10_000);

/** `given`: how many terms were left to cel-js. */
function hot(source: string): { condition: Condition; given: number } {
  const ast = parseFilter(source, 'violation');
  let given = 0;
  const condition = compileHot(ast, 'violation', compilePatterns(ast), (term) => {
    given++;
    return compileReference(serialize(term), 'violation');
  });
  return { condition, given };
}

/** Few values and fields, so that conditions and events meet; JSON of every type, so that types clash. */
const text = fc.constantFrom('a', 'b', 'ab', '');
const scalar = fc.oneof(text, fc.constantFrom(0, 1, 4, 4.5, -1), fc.boolean(), fc.constant(null));
const json = fc.oneof({ weight: 6, arbitrary: scalar }, fc.array(scalar, { maxLength: 2 }), fc.dictionary(text, scalar, { maxKeys: 2 }));
const sparse = { requiredKeys: [] };
const event = fc.record(
  { name: json, severity_id: json, tags: json, workload: fc.oneof(fc.record({ name: json, namespace: json }, sparse), json) },
  sparse,
);

const field = fc
  .constantFrom('name', 'severity_id', 'tags', 'workload', 'workload.name', 'workload.namespace', 'absent', 'tags.length')
  .map((name) => `violation.${name}`);
const literal = fc.oneof(
  text.map((value) => JSON.stringify(value)),
  fc.constantFrom('0', '1', '4', '4.0', '4.5', '-1', 'true', 'false', 'null'),
);
const list = fc.array(literal, { maxLength: 3 }).map((items) => `[${items.join(', ')}]`);
const number = fc.constantFrom('0', '1', '4', '4.0', '4.5');

const term = fc.oneof(
  fc.tuple(field, fc.constantFrom('==', '!='), literal).map((parts) => parts.join(' ')),
  fc.tuple(literal, fc.constantFrom('==', '!='), field).map((parts) => parts.join(' ')),
  fc.tuple(field, fc.constantFrom('<', '<=', '>', '>='), number).map((parts) => parts.join(' ')),
  fc.tuple(field, list).map(([name, items]) => `${name} in ${items}`),
  fc
    .tuple(field, fc.constantFrom('startsWith', 'endsWith', 'contains', 'matches'), text)
    .map(([name, method, value]) => `${name}.${method}(${JSON.stringify(value)})`),
  field.map((name) => `has(${name})`),
  // Terms without a closure.
  fc.tuple(field, text).map(([name, value]) => `${name}.exists(t, t.matches(${JSON.stringify(value)}))`),
  fc.tuple(field, field).map(([left, right]) => `${left} == ${right}`),
  fc.tuple(field, text).map(([name, value]) => `(${name} + ${JSON.stringify(value)}).matches("\\\\.|b$|\\n")`),
  field,
);

const { condition } = fc.letrec<{ condition: string }>((tie) => ({
  condition: fc.oneof(
    { maxDepth: 3, withCrossShrink: true },
    term,
    fc.tuple(tie('condition'), fc.constantFrom('&&', '||'), tie('condition')).map(([left, op, right]) => `(${left}) ${op} (${right})`),
    tie('condition').map((inner) => `!(${inner})`),
  ),
}));

describe('compileHot', () => {
  it('gives what cel-js gives', () => {
    const seen = new Map<unknown, number>();
    fc.assert(
      fc.property(condition, event, (source, violation) => {
        const outcome = hot(source).condition(violation);
        // Which of two errors is told is not said by CEL, so errors are one outcome here.
        const verdict = (found: unknown): unknown => (typeof found === 'string' ? 'error' : found);
        expect({ source, outcome: verdict(outcome) }).toEqual({ source, outcome: verdict(compileReference(source, 'violation')(violation)) });
        seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
      }),
      { numRuns: RUNS },
    );
    // Every outcome must have been met, or the property says little.
    for (const outcome of [true, false, 'absent', 'mistyped']) expect(seen.get(outcome)).toBeGreaterThan(20);
  });

  it('leaves to cel-js only the terms that it has no closure for', () => {
    expect(hot('violation.name == "a" && (violation.severity_id > 3 || has(violation.tags)) && !violation.name.contains("b")').given).toBe(0);
    expect(hot('violation.name == "a" && violation.tags.exists(t, t == "x") && (violation.name + "b").matches("a")').given).toBe(2);
  });
});
