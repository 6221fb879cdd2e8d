import { Environment, type ASTNode } from '@marcbachmann/cel-js';
import { nearest } from '@tocsin/extension';
import { loopDepth, sourceOf } from './ast.js';
import { STEPS_MAX, stepsOf } from './cost.js';
import { FilterError } from './filter-error.js';
import { compileHot, type Condition, type Outcome } from './hot.js';
import { compilePatterns, LINEAR_MATCHES, withLinearMatches, type Patterns } from './patterns.js';
import { readable } from './readable.js';
import { problemsOf } from './types.js';

export type EventVariable = 'violation' | 'incident' | 'action';

/** A compiled CEL condition over one event. */
export interface Filter {
  readonly source: string;
  /** Whether the event passes. Never throws: a condition that cannot be evaluated on the event does not pass. */
  test(event: object): boolean;
  /** How often the evaluation failed for another reason than an absent field: types that do not fit. */
  readonly errors: number;
}

/** Bounds what one condition may cost to parse; `STEPS_MAX` bounds what it may cost to evaluate. */
const SOURCE_MAX = 16_384;
const LIMITS = { maxAstNodes: 1_000, maxDepth: 64, maxListElements: 1_000, maxMapEntries: 100, maxCallArguments: 10 };
const LOOP_DEPTH_MAX = 2;

/**
 * Throws `FilterError` when the expression is not valid CEL, names another variable, is not a condition, or does what the types of
 * the event's fields do not allow. Unknown fields are for `unknownFields`.
 */
export function compileFilter(source: string, variable: EventVariable): Filter {
  const { ast, patterns } = parseCondition(source, variable);
  const mistyped = problemsOf(ast, source, variable).find(({ about }) => about === 'type');
  if (mistyped !== undefined) throw new FilterError(mistyped.message, mistyped.offset);
  const condition = compileHot(ast, variable, patterns, (term) => compileReference(sourceOf(term, source), variable));
  let errors = 0;
  return {
    source,
    get errors() {
      return errors;
    },
    test(event) {
      const outcome = condition(event);
      if (outcome === 'mistyped') errors++;
      return outcome === true;
    },
  };
}

/** A condition that cel-js alone evaluates: for terms that we have no closure for, and as the oracle of the tests. */
export function compileReference(source: string, variable: EventVariable): Condition {
  const { evaluate } = parseCondition(source, variable);
  return (event) => outcomeOf(evaluate, variable, event);
}

function outcomeOf(evaluate: Evaluate, variable: EventVariable, event: unknown): Outcome {
  try {
    const value = evaluate({ [variable]: readable(event) });
    return typeof value === 'boolean' ? value : 'mistyped';
  } catch (error) {
    return (error as { code?: unknown } | null)?.code === 'no_such_key' ? 'absent' : 'mistyped';
  }
}

/** Parses without compiling. Throws `FilterError`. */
export function parseFilter(source: string, variable: EventVariable): ASTNode {
  if (source.length > SOURCE_MAX) throw new FilterError(`has ${source.length} characters, expected at most ${SOURCE_MAX}`, 0);
  return speak(variable, () => ENVIRONMENTS[variable].parse(source).ast);
}

type Evaluate = (context: object) => unknown;

function parseCondition(source: string, variable: EventVariable): { ast: ASTNode; patterns: Patterns; evaluate: Evaluate } {
  const ast = parseFilter(source, variable);
  if (loopDepth(ast) > LOOP_DEPTH_MAX) {
    throw new FilterError(`has loops (exists, all, map, filter, bind) more than ${LOOP_DEPTH_MAX} deep in one another; split the condition`, 0);
  }
  const patterns = compilePatterns(ast);
  const steps = stepsOf(ast, variable, patterns);
  if (steps > STEPS_MAX) {
    const advice = 'look at shorter fields, with shorter patterns, or loop over less';
    throw new FilterError(`may take ${shown(steps)} steps on one event, expected at most ${shown(STEPS_MAX)}; ${advice}`, 0);
  }
  const evaluate = speak(variable, () => withPatterns(variable, patterns).parse(patterns.size > 0 ? withLinearMatches(source, ast) : source));
  const checked = evaluate.check();
  if (!checked.valid) throw inOurWords(checked.error, variable);
  if (checked.type !== 'bool' && checked.type !== 'dyn') throw new FilterError(`gives ${checked.type}, expected true or false`, 0);
  return { ast, patterns, evaluate };
}

function shown(steps: number): string {
  return steps < 1e15 ? Math.round(steps).toLocaleString('en') : 'endless';
}

function environment(variable: EventVariable): Environment {
  return (
    new Environment({ limits: LIMITS, homogeneousAggregateLiterals: false })
      .registerVariable(variable, 'dyn')
      // An event's numbers are doubles to CEL, and `count + 1` would be refused, which helps nobody.
      .registerOperator('double + int', (a: number, b: bigint) => a + Number(b))
      .registerOperator('double - int', (a: number, b: bigint) => a - Number(b))
      .registerOperator('double * int', (a: number, b: bigint) => a * Number(b))
      .registerOperator('double / int', (a: number, b: bigint) => a / Number(b))
      .registerOperator('double % int', (a: number, b: bigint) => a % Number(b))
      .registerOperator('double % double', (a: number, b: number) => a % b)
      .registerOperator('int + double', (a: bigint, b: number) => Number(a) + b)
      .registerOperator('int - double', (a: bigint, b: number) => Number(a) - b)
      .registerOperator('int * double', (a: bigint, b: number) => Number(a) * b)
      .registerOperator('int / double', (a: bigint, b: number) => Number(a) / b)
      .registerOperator('int % double', (a: bigint, b: number) => Number(a) % b)
  );
}

/** Making one takes longer than parsing a condition. */
const ENVIRONMENTS: Readonly<Record<EventVariable, Environment>> = {
  violation: environment('violation'),
  incident: environment('incident'),
  action: environment('action'),
};

function withPatterns(variable: EventVariable, patterns: Patterns): Environment {
  if (patterns.size === 0) return ENVIRONMENTS[variable];
  return ENVIRONMENTS[variable]
    .clone()
    .registerFunction(`string.${LINEAR_MATCHES}(string): bool`, (text: string, pattern: string) => patterns.get(pattern)?.test(text) === true);
}

function speak<T>(variable: EventVariable, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw inOurWords(error, variable);
  }
}

function inOurWords(error: unknown, variable: EventVariable): FilterError {
  const { code, summary, range, message } = error as { code?: string; summary?: string; range?: { start: number }; message: string };
  const text = ((summary ?? message).split('\n', 1)[0] ?? '').replaceAll(LINEAR_MATCHES, 'matches');
  const hint = code === 'unknown_variable' ? `; the event is called "${variable}" here` : functionHint(text);
  return new FilterError(`is not a valid CEL expression: ${text}${hint}`, range?.start ?? 0);
}

/** cel-js names a function only by the call that fits none. */
function functionHint(text: string): string {
  const name = /^found no matching overload for '(?:.*\.)?(\w+)\(/.exec(text)?.[1];
  if (name === undefined) return '';
  const known = new Set(ENVIRONMENTS.violation.getDefinitions().functions.map((definition) => definition.name));
  const near = known.has(name) ? undefined : nearest(name, known);
  return near === undefined ? '' : `; did you mean "${near}"?`;
}
