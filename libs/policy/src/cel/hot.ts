import type { ASTNode } from '@marcbachmann/cel-js';
import { fieldSteps } from './ast.js';
import type { Patterns } from './patterns.js';

/**
 * The part of CEL that conditions are mostly made of, as closures: fields compared with literals, `in`, `startsWith`,
 * `endsWith`, `contains`, `matches`, `has`, `exists` and `all`, and `&&`, `||`, `!` over them. cel-js takes 10 µs to say
 * that a field is absent, because it builds an error with the source in it; most events lack some field of most rules.
 * cel-js stays the oracle: the tests hold every outcome here against its own.
 */
export type Condition = (event: unknown) => Outcome;

/** `absent` and `mistyped` are CEL's errors: they pass through `!`, and yield to a decisive side of `&&` and `||`. */
export type Outcome = boolean | 'absent' | 'mistyped';

type Literal = string | number | boolean | null;
type Read = (event: unknown) => unknown;

/** Terms that are not in the part are given to `other`. */
export function compileHot(ast: ASTNode, variable: string, patterns: Patterns, other: (term: ASTNode) => Condition): Condition {
  const compile = (node: ASTNode): Condition => {
    if (node.op === '&&') return combine(node.args.map(compile), false);
    if (node.op === '||') return combine(node.args.map(compile), true);
    if (node.op === '!_') return negate(compile(node.args));
    return compileTerm(node, variable, patterns) ?? other(node);
  };
  return compile(ast);
}

function compileTerm(node: ASTNode, variable: string, patterns: Patterns): Condition | undefined {
  switch (node.op) {
    case '==':
    case '!=':
      return equality(node.args, variable, node.op === '==');
    case '<':
    case '<=':
    case '>':
    case '>=':
      return comparison(node.op, node.args, variable);
    case 'in':
      return membership(node.args, variable);
    case 'call':
      return node.args[0] === 'has' && node.args[1].length === 1 ? presence(node.args[1][0] as ASTNode, variable) : undefined;
    case 'rcall':
      return textMethod(node.args, variable, patterns) ?? quantifier(node.args, variable, patterns);
    default:
      return undefined;
  }
}

/** `decisive` settles the outcome whatever the other sides are, as CEL has it; else the first error, else its opposite. */
function combine(sides: readonly Condition[], decisive: boolean): Condition {
  return (event) => {
    let outcome: Outcome = !decisive;
    for (const side of sides) {
      const found = side(event);
      if (found === decisive) return decisive;
      if (typeof found === 'string' && typeof outcome !== 'string') outcome = found;
    }
    return outcome;
  };
}

function negate(inner: Condition): Condition {
  return (event) => {
    const outcome = inner(event);
    return typeof outcome === 'string' ? outcome : !outcome;
  };
}

function equality([left, right]: readonly [ASTNode, ASTNode], variable: string, wanted: boolean): Condition | undefined {
  const read = reader(left, variable) ?? reader(right, variable);
  const literal = literalOf(right) ?? literalOf(left);
  if (read === undefined || literal === undefined) return undefined;
  const { value } = literal;
  return (event) => {
    const found = read(event);
    return found === undefined ? 'absent' : (found === value) === wanted;
  };
}

function comparison(op: '<' | '<=' | '>' | '>=', [left, right]: readonly [ASTNode, ASTNode], variable: string): Condition | undefined {
  const read = reader(left, variable);
  const literal = literalOf(right);
  if (read === undefined || typeof literal?.value !== 'number') return undefined;
  const bound = literal.value;
  const holds = COMPARISONS[op];
  return (event) => {
    const found = read(event);
    if (found === undefined) return 'absent';
    return typeof found === 'number' ? holds(found, bound) : 'mistyped';
  };
}

const COMPARISONS = {
  '<': (a: number, b: number) => a < b,
  '<=': (a: number, b: number) => a <= b,
  '>': (a: number, b: number) => a > b,
  '>=': (a: number, b: number) => a >= b,
} as const;

function membership([item, list]: readonly [ASTNode, ASTNode], variable: string): Condition | undefined {
  const literal = literalOf(item);
  if (typeof literal?.value === 'string') return holding(literal.value, list, variable);
  const read = reader(item, variable);
  if (read === undefined || list.op !== 'list') return undefined;
  const literals = list.args.map(literalOf);
  if (literals.includes(undefined)) return undefined;
  const values = new Set<unknown>(literals.map((found) => found?.value));
  return (event) => {
    const found = read(event);
    return found === undefined ? 'absent' : values.has(found);
  };
}

/** `"shell" in violation.tags`: one of a list, or a key of a map. */
function holding(text: string, list: ASTNode, variable: string): Condition | undefined {
  const read = reader(list, variable);
  if (read === undefined) return undefined;
  return (event) => {
    const found = read(event);
    if (found === undefined) return 'absent';
    if (found === null || typeof found !== 'object') return 'mistyped';
    return Array.isArray(found) ? found.includes(text) : Object.hasOwn(found, text);
  };
}

/** `list.exists(item, …)` and `list.all(item, …)`, where the condition is about the item alone; of a map, about its keys. */
function quantifier([method, list, args]: readonly [string, ASTNode, ASTNode[]], variable: string, patterns: Patterns): Condition | undefined {
  const [item, term] = args;
  const read = reader(list, variable);
  if (read === undefined || (method !== 'exists' && method !== 'all') || args.length !== 2 || item?.op !== 'id' || term === undefined)
    return undefined;
  let whole = true;
  const holds = compileHot(term, item.args, patterns, () => {
    whole = false;
    return () => 'mistyped';
  });
  if (!whole) return undefined;
  const decisive = method === 'exists';
  return (event) => {
    const found = read(event);
    if (found === undefined) return 'absent';
    if (found === null || typeof found !== 'object') return 'mistyped';
    let outcome: Outcome = !decisive;
    for (const one of Array.isArray(found) ? (found as unknown[]) : Object.keys(found)) {
      const given = holds(one);
      if (given === decisive) return decisive;
      if (typeof given === 'string' && typeof outcome !== 'string') outcome = given;
    }
    return outcome;
  };
}

/** `has(violation.process.name)`: false when the last field is absent, an error when one before it is. */
function presence(field: ASTNode, variable: string): Condition | undefined {
  const steps = fieldSteps(field, variable);
  if (steps === undefined) return undefined;
  const last = steps.at(-1) as string;
  const parent = readSteps(steps.slice(0, -1));
  return (event) => {
    const found = parent(event);
    return found === undefined ? 'absent' : step(found, last) !== undefined;
  };
}

function textMethod([method, receiver, args]: readonly [string, ASTNode, ASTNode[]], variable: string, patterns: Patterns): Condition | undefined {
  const read = reader(receiver, variable);
  const literal = args.length === 1 ? literalOf(args[0] as ASTNode)?.value : undefined;
  if (read === undefined || typeof literal !== 'string') return undefined;
  const holds = textTest(method, literal, patterns);
  if (holds === undefined) return undefined;
  return (event) => {
    const found = read(event);
    if (found === undefined) return 'absent';
    return typeof found === 'string' ? holds(found) : 'mistyped';
  };
}

function textTest(method: string, literal: string, patterns: Patterns): ((text: string) => boolean) | undefined {
  if (method === 'startsWith') return (text) => text.startsWith(literal);
  if (method === 'endsWith') return (text) => text.endsWith(literal);
  if (method === 'contains') return (text) => text.includes(literal);
  const pattern = method === 'matches' ? patterns.get(literal) : undefined;
  return pattern && ((text) => pattern.test(text));
}

function literalOf(node: ASTNode): { value: Literal } | undefined {
  if (node.op === '-_') {
    const positive = literalOf(node.args)?.value;
    return typeof positive === 'number' ? { value: -positive } : undefined;
  }
  if (node.op !== 'value') return undefined;
  const value = node.args;
  // Numbers of JSON are doubles; a whole number that a double cannot hold is left to cel-js.
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? { value: Number(value) } : undefined;
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? { value } : undefined;
}

function reader(node: ASTNode, variable: string): Read | undefined {
  const steps = stepsTo(node, variable);
  return steps && readSteps(steps);
}

/** The way from the variable, which may be the value itself; `violation.labels["a.b"]` is one as well. */
function stepsTo(node: ASTNode, variable: string): string[] | undefined {
  if (node.op === 'id') return node.args === variable ? [] : undefined;
  if (node.op !== '.' && node.op !== '[]') return undefined;
  const [container, key] = node.args;
  const steps = stepsTo(container, variable);
  const name = typeof key === 'string' ? key : literalOf(key)?.value;
  return steps !== undefined && typeof name === 'string' ? [...steps, name] : undefined;
}

function readSteps(steps: readonly string[]): Read {
  return (event) => {
    let value = event;
    for (const key of steps) {
      value = step(value, key);
      if (value === undefined) return undefined;
    }
    return value;
  };
}

/** Only what the sender's JSON holds: nothing that JavaScript objects, lists or texts have of their own. */
function step(value: unknown, key: string): unknown {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return undefined;
  return Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
}
