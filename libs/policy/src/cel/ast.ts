import type { ASTNode } from '@marcbachmann/cel-js';

/** A call of a method, such as `text.matches(pattern)` or `list.exists(item, condition)`. */
export type MethodCall = Extract<ASTNode, { op: 'rcall' }>;

function children(node: ASTNode): ASTNode[] {
  const found: ASTNode[] = [];
  const collect = (value: unknown): void => {
    if (Array.isArray(value)) value.forEach(collect);
    else if (value !== null && typeof value === 'object' && 'op' in value) found.push(value as ASTNode);
  };
  collect(node.args);
  return found;
}

/** The node and all nodes below it, as they are written. */
export function* walk(node: ASTNode): Generator<ASTNode> {
  yield node;
  for (const child of children(node)) yield* walk(child);
}

export function methodCalls(ast: ASTNode, method: string): MethodCall[] {
  return [...walk(ast)].filter((node): node is MethodCall => node.op === 'rcall' && node.args[0] === method);
}

/** Methods that evaluate an argument for each item of a list, and `cel.bind`, which can double a value at each level. */
const LOOPS = new Set(['all', 'exists', 'exists_one', 'map', 'filter', 'bind']);

/** How deep loops stand in loops. */
export function loopDepth(node: ASTNode): number {
  const below = Math.max(0, ...children(node).map(loopDepth));
  return node.op === 'rcall' && LOOPS.has(node.args[0]) ? below + 1 : below;
}

/** `violation.workload.namespace` as `['workload', 'namespace']`; undefined for anything but a path below the variable. */
export function fieldSteps(node: ASTNode, variable: string): string[] | undefined {
  const steps: string[] = [];
  let current = node;
  while (current.op === '.') {
    steps.unshift(current.args[1]);
    current = current.args[0];
  }
  return current.op === 'id' && current.args === variable && steps.length > 0 ? steps : undefined;
}

/**
 * The term as it is written in the source, and valid by itself: cel-js leaves the outermost parentheses out of ranges, and so half of
 * them in `(a + b).size()`. Its own `serialize` loses others: of `a - (b - c)` it makes `a - b - c`.
 */
export function sourceOf(term: ASTNode, source: string): string {
  const { start, end } = term.range;
  let structure = source;
  for (const node of walk(term)) {
    if (node.op === 'value') structure = blank(structure, node.range.start, node.range.end);
  }
  let depth = 0;
  let missing = 0;
  for (const [sign] of structure.slice(start, end).matchAll(/\/\/.*|[()]/g)) {
    if (sign === '(') depth++;
    else if (sign === ')') depth--;
    missing = Math.max(missing, -depth);
  }
  return '('.repeat(missing) + source.slice(start, end) + ')'.repeat(depth + missing);
}

function blank(text: string, start: number, end: number): string {
  return text.slice(0, start) + ' '.repeat(end - start) + text.slice(end);
}
