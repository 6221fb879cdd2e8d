import { Environment, type ASTNode } from '@marcbachmann/cel-js';
import { RE2JS } from 're2js';

export type EventVariable = 'violation' | 'incident' | 'action';

/** A compiled CEL condition over one event. */
export interface Filter {
  readonly source: string;
  /**
   * Whether the event passes. A condition that cannot be evaluated on it (a field is absent, types differ) does not
   * pass; `errors` counts how often that happened, absent fields left out.
   */
  test(event: object): boolean;
  readonly errors: number;
}

/** A CEL expression that cannot be used; `offset` is where in the source. */
export class FilterError extends Error {
  override readonly name = 'FilterError';
  readonly offset: number;
  constructor(message: string, offset: number) {
    super(message);
    this.offset = offset;
  }
}

/** Bounds what one document may cost to parse and, since CEL has no loops but over lists, to evaluate. */
const LIMITS = { maxAstNodes: 1_000, maxDepth: 64, maxListElements: 1_000, maxMapEntries: 100, maxCallArguments: 10 };
const PATTERNS_MAX = 1_000;

function environment(variable: EventVariable): Environment {
  const patterns = new Map<string, RE2JS>();
  // JavaScript's own regular expressions can take exponential time on text that an attacker chose; RE2 is linear,
  // and it is what the CEL specification names.
  const matches = (text: string, pattern: string): boolean => {
    let compiled = patterns.get(pattern);
    if (compiled === undefined) {
      compiled = RE2JS.compile(pattern);
      if (patterns.size < PATTERNS_MAX) patterns.set(pattern, compiled);
    }
    return compiled.matcher(text).find();
  };
  return new Environment({ limits: LIMITS, homogeneousAggregateLiterals: false })
    .registerVariable(variable, 'dyn')
    .registerFunction('re2(string, string): bool', matches);
}

/** Throws `FilterError` when the expression is not valid CEL, names another variable, or is not a condition. */
export function compileFilter(source: string, variable: EventVariable): Filter {
  const evaluate = parse(source, variable);
  let errors = 0;
  return {
    source,
    get errors() {
      return errors;
    },
    test(event) {
      try {
        return evaluate({ [variable]: event }) === true;
      } catch (error) {
        if (!isAbsentField(error)) errors++;
        return false;
      }
    },
  };
}

function isAbsentField(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('No such key');
}

function parse(source: string, variable: EventVariable): ReturnType<Environment['parse']> {
  const env = environment(variable);
  try {
    const first = env.parse(source);
    checkPatterns(first.ast);
    const evaluate = usesMatches(first.ast) ? env.parse(withRe2(source, first.ast)) : first;
    const checked = evaluate.check();
    if (!checked.valid) throw checked.error;
    if (checked.type !== 'bool' && checked.type !== 'dyn') throw new FilterError(`gives ${checked.type}, expected a condition (true or false)`, 0);
    return evaluate;
  } catch (error) {
    if (error instanceof FilterError) throw error;
    const { summary, range } = error as { summary?: string; range?: { start: number }; message: string };
    const message = summary ?? (error as Error).message.split('\n')[0] ?? 'is not valid CEL';
    throw new FilterError(`is not a valid CEL expression: ${message}`, range?.start ?? 0);
  }
}

function children(node: ASTNode): ASTNode[] {
  const found: ASTNode[] = [];
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(collect);
    else if (value !== null && typeof value === 'object' && 'op' in value) found.push(value as ASTNode);
  };
  collect(node.args);
  return found;
}

function* walk(node: ASTNode): Generator<ASTNode> {
  yield node;
  for (const child of children(node)) yield* walk(child);
}

function usesMatches(ast: ASTNode): boolean {
  return [...walk(ast)].some((node) => node.op === 'rcall' && node.args[0] === 'matches');
}

function checkPatterns(ast: ASTNode): void {
  for (const node of walk(ast)) {
    if (node.op !== 'rcall' || node.args[0] !== 'matches') continue;
    const [pattern] = node.args[2];
    if (pattern?.op !== 'value' || typeof pattern.args !== 'string') continue;
    try {
      RE2JS.compile(pattern.args);
    } catch (error) {
      throw new FilterError(`has a pattern that is not a regular expression (RE2): ${(error as Error).message}`, pattern.range.start);
    }
  }
}

/** Writes `x.matches(y)` as `re2(x, y)`, innermost first, so that the linear matcher is used. */
function withRe2(source: string, ast: ASTNode): string {
  const edits: { start: number; end: number; text: string }[] = [];
  const rewrite = (node: ASTNode): string => {
    const inner: { start: number; end: number; text: string }[] = [];
    if (node.op === 'rcall' && node.args[0] === 'matches' && node.args[2].length === 1) {
      return `re2(${rewrite(node.args[1])}, ${rewrite(node.args[2][0] as ASTNode)})`;
    }
    for (const child of children(node)) inner.push({ start: child.range.start, end: child.range.end, text: rewrite(child) });
    return splice(source.slice(node.range.start, node.range.end), inner, node.range.start);
  };
  edits.push({ start: ast.range.start, end: ast.range.end, text: rewrite(ast) });
  return splice(source, edits, 0);
}

function splice(text: string, edits: readonly { start: number; end: number; text: string }[], base: number): string {
  let result = '';
  let at = 0;
  for (const edit of edits.toSorted((a, b) => a.start - b.start)) {
    result += text.slice(at, edit.start - base) + edit.text;
    at = edit.end - base;
  }
  return result + text.slice(at);
}

export interface RequiredEquals {
  /** Path below the variable, for example `workload.namespace`. */
  field: string;
  values: string[];
}

/**
 * The fields that an event must have with one of these texts to pass: terms `field == "x"` and `field in ["x", "y"]`
 * that stand under `&&` at the top. An index over them may leave out conditions that cannot pass.
 */
export function requiredEquals(source: string, variable: EventVariable): RequiredEquals[] {
  const terms: ASTNode[] = [];
  const conjuncts = (node: ASTNode): void => {
    if (node.op === '&&') node.args.forEach(conjuncts);
    else terms.push(node);
  };
  conjuncts(environment(variable).parse(source).ast);
  return terms.flatMap((term) => {
    if (term.op !== '==' && term.op !== 'in') return [];
    const [left, right] = term.args;
    const field = fieldPath(left, variable) ?? (term.op === '==' ? fieldPath(right, variable) : undefined);
    const values = texts(fieldPath(left, variable) === undefined ? left : right);
    return field === undefined || values === undefined ? [] : [{ field, values }];
  });
}

function fieldPath(node: ASTNode, variable: string): string | undefined {
  const steps: string[] = [];
  let current = node;
  while (current.op === '.') {
    steps.unshift(current.args[1]);
    current = current.args[0];
  }
  return current.op === 'id' && current.args === variable && steps.length > 0 ? steps.join('.') : undefined;
}

function texts(node: ASTNode): string[] | undefined {
  if (node.op === 'value') return typeof node.args === 'string' ? [node.args] : undefined;
  if (node.op !== 'list') return undefined;
  const values = node.args.map((item) => (item.op === 'value' && typeof item.args === 'string' ? item.args : undefined));
  return values.every((value) => value !== undefined) ? values : undefined;
}
