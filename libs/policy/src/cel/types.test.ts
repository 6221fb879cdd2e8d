import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { wrongComparisons } from '../kinds/comparisons.js';
import { unknownFields } from './fields.js';
import { FilterError } from './filter-error.js';
import { compileFilter, parseFilter, type EventVariable } from './filter.js';
import { EVENTS_EACH, PAIRS, conditions, eventSeed, events, referenceOf } from './fixtures/conformance/random-conditions.js';
import { problemsOf } from './types.js';

const messages = (source: string, variable: EventVariable = 'violation'): string[] =>
  problemsOf(parseFilter(source, variable), source, variable).map(({ message }) => message);

/** As where documents are read. */
function accepted(source: string, variable: EventVariable): boolean {
  try {
    compileFilter(source, variable);
  } catch (error) {
    if (error instanceof FilterError) return false;
    throw error;
  }
  return unknownFields(source, variable).length === 0 && wrongComparisons(source, variable).length === 0;
}

describe('types of conditions', () => {
  it.each([
    ['violation.message.startsWith(1)', 'has 1, which is a whole number, given to startsWith(); expected a text'],
    ['violation.name.contains(violation.count)', 'has "violation.count", which is a number, given to contains(); expected a text'],
    ['violation.name', 'gives a text, expected true or false'],
    ['violation.severity_id + 1', 'gives a number, expected true or false'],
    ['violation.name == "a" ? violation.count : 1', 'gives a number, expected true or false'],
    ['!violation.name', 'has "violation.name", which is a text, after "!"; expected true or false'],
    ['violation.name == "a" && violation.count', 'has "violation.count", which is a number, as a side of "&&"; expected true or false'],
    [
      'violation.name == violation.count',
      'compares "violation.name", which is a text, with "violation.count", which is a number; they are never equal',
    ],
    ['violation.tags.exists(t, t > 3)', 'compares "t", which is a text, with 3, which is a whole number, by ">"; expected two numbers, or two texts'],
    ['violation.tags.exists(t, t)', 'has "t", which is a text, asked by exists(); expected true or false'],
    ['[1, "a"].exists_one(t, t.startsWith("a"))', 'calls startsWith() on "t", which is a whole number; expected a text'],
    ['3 in violation.tags', 'looks for 3, which is a whole number, in "violation.tags", which is a list of texts'],
    [
      'violation.tags[0] in ["a", 3]',
      'looks for "violation.tags[0]", which is a text, in a list with 3, which is a whole number; they are never equal',
    ],
    ['violation.name in ["a", -3]', 'looks for "violation.name", which is a text, in a list with "-3", which is a whole number'],
    ['violation.count in violation.labels', 'has "violation.count", which is a number, as the key of a map; expected a text'],
    [
      '"a" in violation.name',
      'looks in "violation.name", which is a text; expected a list or a map; for a part of a text write violation.name.contains(…)',
    ],
    ['violation.count.all(x, x == 1)', 'loops over "violation.count", which is a number; expected a list or a map'],
    ['(violation.count + 1).size() == 2', 'asks for the size of "violation.count + 1", which is a number; it is for texts, lists and maps'],
    ['violation.tags["a"] == "b"', 'has "a", which is a text, as the place in a list; expected a whole number'],
    ['violation.attacks.exists(a, a.tecnique == "x")', 'asks for "tecnique" of "a", which has no such field; did you mean "technique"?'],
    ['violation.tags.length == 2', 'asks for "length" of "violation.tags", which is a list of texts and has no fields'],
    ['violation["nmae"] == "x"', 'asks for "nmae" of "violation", which has no such field; did you mean "name"?'],
  ])('says what is wrong with %s', (source, message) => {
    expect(messages(source)).toEqual([expect.stringContaining(message)]);
  });

  it('knows what actions hold', () => {
    expect(messages('action.plan.scope.workload.replicas.startsWith("1")', 'action')).toEqual([]);
    expect(accepted('action.plan.scope.workload.replicas > 1 && action.state == "active"', 'action')).toBe(true);
    expect(accepted('action.plan.scope.workload.replicas.startsWith("1")', 'action')).toBe(false);
    expect(accepted('action.stat == "active"', 'action')).toBe(false);
    expect(accepted('action.approvals.given.exists(one, one.actr == "ann")', 'action')).toBe(false);
    expect(accepted('action.severity_id == "high"', 'action')).toBe(false);
  });

  it.each([
    'violation.severity_id == 4 && violation.severity_id in [4, 5.0] && violation.count + 1 > 2',
    'violation.name == null || violation.process != null || null == violation.tags',
    'violation.labels["a.b"] == "c" && "a.b" in violation.labels && violation.labels.exists(key, key.startsWith("a"))',
    'violation.tags.map(t, t.size()).exists(n, n > 3) && violation.message.split(" ")[0] == "a"',
    'cel.bind(parent, violation.process.parent, parent.name == "a" || has(violation.process))',
    'violation.raw_truncated || (violation.name == "a" ? violation.count > 1 : violation.tags == [])',
    'string(violation.count) == "1" && timestamp(violation.time) > timestamp("2026-01-01T00:00:00Z")',
  ])('finds nothing wrong with %s', (source) => {
    expect(messages(source)).toEqual([]);
    expect(accepted(source, 'violation')).toBe(true);
  });

  it.each(['violation', 'incident', 'action'] as const)('lets nothing through that fails for its types on a whole %s', (variable) => {
    const seen = { accepted: 0, refused: 0 };
    fc.assert(
      fc.property(conditions(variable, 2).condition, eventSeed, (source, seed) => {
        const reference = referenceOf(source, variable);
        // Sums of such whole numbers overflow, which is a matter of values.
        if (reference === undefined || /\d{16}/.test(source)) return;
        if (!accepted(source, variable)) {
          seen.refused++;
          return;
        }
        seen.accepted++;
        for (const event of events(variable, seed, true)) {
          const outcome = reference(event);
          if (outcome === 'mistyped') throw new Error(`${source} is accepted, and fails for ${JSON.stringify(event)}`);
        }
      }),
      { numRuns: Math.ceil(PAIRS / 10 / EVENTS_EACH) },
    );
    expect(seen.accepted).toBeGreaterThan(seen.refused / 10);
  });

  it.each(['violation', 'incident', 'action'] as const)('refuses only terms that say nothing about a %s', (variable) => {
    let refused = 0;
    fc.assert(
      fc.property(conditions(variable, 40).atom, eventSeed, (source, seed) => {
        const reference = referenceOf(source, variable);
        // A loop over an empty list is decided whatever its term is; of a list, one wrong item is enough; and cel-js finds 4 as the key "4".
        if (reference === undefined || /\.(?:exists|all|exists_one|filter)\(| in /.test(source) || messages(source, variable).length === 0) return;
        refused++;
        const outcomes = new Set(events(variable, seed, true).map(reference));
        const kinds = [...outcomes].map((outcome) => (outcome === 'absent' ? 'mistyped' : outcome));
        if (new Set(kinds).size > 1) throw new Error(`${source} is refused, and is ${[...outcomes].join(' or ')}`);
      }),
      { numRuns: Math.ceil(PAIRS / 2 / EVENTS_EACH) },
    );
    expect(refused).toBeGreaterThan(2);
  });
});
