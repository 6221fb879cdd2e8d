import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { sourceOf } from './ast.js';
import { compileReference, parseFilter, type EventVariable } from './filter.js';
import { EVENTS_EACH, PAIRS, conditions, eventSeed, events, referenceOf } from './fixtures/conformance/random-conditions.js';
import { compileHot, type Condition, type Outcome } from './hot.js';
import { compilePatterns } from './patterns.js';

/** `given`: how many terms were left to cel-js. */
function hot(source: string, variable: EventVariable = 'violation'): { condition: Condition; given: number } {
  const ast = parseFilter(source, variable);
  let given = 0;
  const condition = compileHot(ast, variable, compilePatterns(ast), (term) => {
    given++;
    return compileReference(sourceOf(term, source), variable);
  });
  return { condition, given };
}

describe('compileHot', () => {
  it.each(['violation', 'incident', 'action'] as const)('gives what cel-js gives, for each %s', (variable) => {
    const seen = new Map<unknown, number>();
    let closures = 0;
    fc.assert(
      fc.property(conditions(variable, 10).condition, eventSeed, (source, seed) => {
        const reference = referenceOf(source, variable);
        if (reference === undefined) return;
        const { condition, given } = hot(source, variable);
        if (given === 0) closures++;
        for (const event of events(variable, seed, false)) {
          const outcome = condition(event);
          const expected = reference(event);
          // Which of two errors is told is not said by CEL, so errors are one outcome here.
          if (verdict(outcome) !== verdict(expected)) throw new Error(`${source} is ${outcome}, for cel-js ${expected}, of ${JSON.stringify(event)}`);
          seen.set(outcome, (seen.get(outcome) ?? 0) + 1);
        }
      }),
      { numRuns: Math.ceil(PAIRS / 3 / EVENTS_EACH / VALID) },
    );
    // Every outcome must have been met, and closures, or the property says little.
    for (const outcome of [true, false, 'absent', 'mistyped']) expect(seen.get(outcome)).toBeGreaterThan(20);
    expect(closures).toBeGreaterThan(20);
    expect([...seen.values()].reduce((sum, count) => sum + count)).toBeGreaterThan(PAIRS / 3);
  });

  it('leaves to cel-js only the terms that it has no closure for', () => {
    expect(hot('violation.name == "a" && (violation.severity_id > 3 || has(violation.tags)) && !violation.name.contains("b")').given).toBe(0);
    expect(hot('"x" in violation.tags && violation.tags.all(t, t != "x") && violation.labels["a.b"] == "c"').given).toBe(0);
    expect(hot('violation.name == "a" && violation.tags.exists(t, t == violation.name) && (violation.name + "b").matches("a")').given).toBe(2);
  });
});

/** cel-js refuses some conditions before it sees an event. About so many are left. */
const VALID = 0.8;

function verdict(outcome: Outcome): unknown {
  return typeof outcome === 'string' ? 'error' : outcome;
}
