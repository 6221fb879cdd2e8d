import { describe, expect, it } from '@jest/globals';
import { Environment } from '@marcbachmann/cel-js';
import fc from 'fast-check';
import { STEPS_MAX, stepsOf } from './cost.js';
import { FilterError } from './filter-error.js';
import { compileFilter, compileReference, parseFilter, type EventVariable } from './filter.js';
import { EVENTS_EACH, PAIRS, conditions, referenceOf } from './fixtures/conformance/random-conditions.js';
import { compilePatterns } from './patterns.js';
import { EVENTS, valuesOf, type Schema } from './schema.js';
import { EVENT_SIZES, type Size } from './sizes.js';

const bound = (source: string, variable: EventVariable = 'violation'): number => {
  const ast = parseFilter(source, variable);
  return stepsOf(ast, variable, compilePatterns(ast));
};

/** The largest event that is accepted, of one letter: everything is alike, so that nothing ends early. */
const LARGEST = Object.fromEntries(
  Object.entries(EVENTS).map(([variable, schema]) => [variable, largest(schema, EVENT_SIZES[variable as EventVariable])]),
) as unknown as Record<EventVariable, object>;

function largest(schema: Schema, size: Size): unknown {
  if (schema === 'text') return 'a'.repeat(size.chars);
  if (schema === 'number') return 4;
  if (schema === 'boolean') return true;
  if (typeof schema === 'string') return 'a';
  if (Array.isArray(schema)) return Array.from({ length: size.items }, () => largest(schema[0] as Schema, size.item as Size));
  const values = valuesOf(schema);
  if (values !== undefined) {
    return Object.fromEntries(Array.from({ length: size.items }, (_, index) => [`a${index}`, largest(values, size.item as Size)]));
  }
  return Object.fromEntries(Object.entries(schema).map(([name, below]) => [name, largest(below, size.fields?.get(name) as Size)]));
}

/** How many terms cel-js evaluates, and how many characters its functions are given. */
function counted(source: string, variable: EventVariable): { terms: number; chars: number } {
  const condition = compileReference(source, variable);
  const evaluator = evaluatorOfCelJs();
  const { run } = evaluator;
  const count = { terms: 0, chars: 0 };
  evaluator.run = function counting(this: unknown, ...args: unknown[]) {
    count.terms++;
    return run.apply(this, args);
  };
  const restore = SEARCHES.map((name) => {
    const search = String.prototype[name] as (this: string, ...args: unknown[]) => unknown;
    const counting = function counting(this: string, ...args: unknown[]): unknown {
      // A text that is too long to be the beginning or the end is not compared at all.
      count.chars += name === 'startsWith' || name === 'endsWith' ? Math.min(this.length, String(args[0]).length) : this.length;
      return search.apply(this, args);
    };
    Object.defineProperty(String.prototype, name, { value: counting, configurable: true, writable: true });
    return () => Object.defineProperty(String.prototype, name, { value: search, configurable: true, writable: true });
  });
  try {
    condition(LARGEST[variable]);
  } finally {
    evaluator.run = run;
    for (const act of restore) act();
  }
  return count;
}

const SEARCHES = ['includes', 'startsWith', 'endsWith', 'split'] as const;

/** What evaluates all conditions; a function of ours is called on it. */
function evaluatorOfCelJs(): { run: (...args: unknown[]) => unknown } {
  let found: { run: (...args: unknown[]) => unknown } | undefined;
  const spy = function spy(this: object): boolean {
    found = Object.getPrototypeOf(this) as typeof found;
    return true;
  };
  new Environment().registerFunction('spy(): bool', spy).evaluate('spy()');
  if (found === undefined) throw new Error('cel-js does not call functions on its evaluator any more');
  return found;
}

describe('cost of conditions', () => {
  it.each([
    // Once 7.6 seconds of one event.
    'violation.raw.split("").exists(a, violation.raw.contains(a + "b"))',
    'violation.tags.exists(a, violation.tags.exists(b, violation.raw.contains(a + b)))',
    'violation.raw.split("").map(a, violation.raw + a).exists(a, a == "q")',
    'violation.message.split("").all(a, violation.message.split("").all(b, a == b))',
    'violation.raw.matches("((a?){30}){30}b")',
    'violation.tags.exists(a, violation.raw.matches("(a?){30}b"))',
    'cel.bind(a, violation.raw + violation.raw, (a + a + a + a).split("").map(c, a).join("") == "c")',
    'bytes(violation.raw).json().exists(a, bytes(violation.raw).json()[a].exists(b, b == a))',
    `[${Array.from({ length: 200 }, () => '"a"').join(', ')}].exists(a, violation.tags.exists(b, violation.message.contains(a + b)))`,
  ])('refuses %s', (source) => {
    expect(() => compileFilter(source, 'violation')).toThrow(FilterError);
    expect(() => compileFilter(source, 'violation')).toThrow(/may take .* steps on one event, expected at most 3,000,000; look at shorter fields/);
  });

  it.each([
    'violation.raw.contains("xmrig") || violation.raw.matches("(?i)(stratum\\\\+tcp|xmrig|minerd)")',
    'violation.tags.exists(a, violation.tags.exists(b, a != b && a.startsWith(b)))',
    'violation.process.cmd_line.split(" ").exists(word, word in ["-e", "-c", "--exec"])',
    'incident.entities.exists(a, incident.entities.exists(b, a.type == "pod" && b.type == "node"))',
  ])('accepts %s', (source) => {
    const variable = source.startsWith('incident') ? 'incident' : 'violation';
    expect(compileFilter(source, variable).test(LARGEST[variable])).toBe(false);
  });

  it.each(['violation', 'incident', 'action'] as const)('is never below what cel-js does with the largest %s', (variable) => {
    let closest = 0;
    fc.assert(
      fc.property(conditions(variable, 0).condition, (source) => {
        const most = bound(source, variable);
        // What is refused is not run: it may take for ever.
        if (most > STEPS_MAX || referenceOf(source, variable) === undefined) return;
        const { terms, chars } = counted(source, variable);
        if (terms > most || chars / 10 > most)
          throw new Error(`${source} took ${terms} terms and ${chars} characters, and was thought to take ${most}`);
        closest = Math.max(closest, terms / most);
      }),
      { numRuns: Math.ceil(PAIRS / 5 / EVENTS_EACH) },
    );
    // A bound far above the truth would refuse what is harmless.
    expect(closest).toBeGreaterThan(0.5);
  });

  it.each([
    'violation.tags.all(a, violation.tags.all(b, a == b && b == a))',
    'violation.tags.all(a, violation.attacks.all(b, a != b.technique))',
    'violation.message.split("").all(a, a == "a")',
    'violation.message.split("").map(a, a + "b").filter(b, b == "ab").size() == 4096',
    'violation.tags.all(a, violation.message.contains(a))',
    Array.from({ length: 20 }, () => 'violation.tags.all(a, violation.tags.all(b, a == b))').join(' && '),
  ])('bounds what the largest event makes of %s', (source) => {
    const { terms, chars } = counted(source, 'violation');
    expect(terms).toBeGreaterThan(100);
    expect(terms).toBeLessThanOrEqual(bound(source));
    expect(chars / 10).toBeLessThanOrEqual(bound(source));
    expect(bound(source)).toBeLessThanOrEqual(STEPS_MAX);
    expect(terms).toBeLessThanOrEqual(STEPS_MAX);
  });
});
