import type { ASTNode } from '@marcbachmann/cel-js';
import { fieldSteps, sourceOf, walk } from './ast.js';
import { compileReference, parseFilter, type EventVariable } from './filter.js';
import { compileHot, type Outcome } from './hot.js';
import { compilePatterns } from './patterns.js';

/** A part of a condition, and what became of it on one event. */
export interface ExplainedTerm {
  /** As it is written. */
  text: string;
  /** `absent` and `mistyped`: it could not be evaluated, which does not pass. */
  outcome: Outcome;
  /** How its parts belong together; a term has none. */
  op: 'and' | 'or' | 'not' | 'term';
  parts: ExplainedTerm[];
  /** The fields that a term looks at, as they are written, and what the event has there; undefined: nothing. */
  found: { field: string; value: unknown }[];
}

/** Evaluates a valid condition part by part, as the condition itself is evaluated. */
export function explainFilter(source: string, variable: EventVariable, event: object): ExplainedTerm {
  const ast = parseFilter(source, variable);
  const patterns = compilePatterns(ast);
  const explain = (node: ASTNode): ExplainedTerm => {
    const condition = compileHot(node, variable, patterns, (term) => compileReference(sourceOf(term, source), variable));
    const { op, nodes } = partsOf(node);
    return {
      text: sourceOf(node, source),
      outcome: condition(event),
      op,
      parts: nodes.map(explain),
      found: op === 'term' ? foundIn(node, source, variable, event) : [],
    };
  };
  return explain(ast);
}

function partsOf(node: ASTNode): { op: ExplainedTerm['op']; nodes: readonly ASTNode[] } {
  if (node.op === '&&') return { op: 'and', nodes: flat(node) };
  if (node.op === '||') return { op: 'or', nodes: flat(node) };
  if (node.op === '!_') return { op: 'not', nodes: [node.args] };
  return { op: 'term', nodes: [] };
}

/** `a && b && c` is one conjunction to people. */
function flat(node: ASTNode & { op: '&&' | '||' }): ASTNode[] {
  return node.args.flatMap((side) => (side.op === node.op ? flat(side) : [side]));
}

function foundIn(term: ASTNode, source: string, variable: EventVariable, event: object): ExplainedTerm['found'] {
  const found = new Map<string, unknown>();
  const within: ASTNode[] = [];
  for (const node of walk(term)) {
    // The way to a field is made of fields as well; only the last of them is what the term looks at.
    const steps = stepsOf(node, variable);
    if (steps === undefined || within.some((outer) => outer.range.start === node.range.start && outer.range.end > node.range.end)) continue;
    within.push(node);
    found.set(sourceOf(node, source), read(event, steps));
  }
  return [...found].map(([field, value]) => ({ field, value }));
}

/** Also with a name in brackets at the end: `violation.labels["a.b"]`. */
function stepsOf(node: ASTNode, variable: string): string[] | undefined {
  if (node.op !== '[]') return fieldSteps(node, variable);
  const [map, key] = node.args;
  const steps = fieldSteps(map, variable);
  return steps !== undefined && key.op === 'value' && typeof key.args === 'string' ? [...steps, key.args] : undefined;
}

function read(event: unknown, steps: readonly string[]): unknown {
  let value = event;
  for (const step of steps) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}
