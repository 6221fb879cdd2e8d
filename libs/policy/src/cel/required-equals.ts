import type { ASTNode } from '@marcbachmann/cel-js';
import { fieldSteps } from './ast.js';
import { parseFilter, type EventVariable } from './filter.js';

export interface RequiredEquals {
  /** Path below the variable, for example `workload.namespace`. */
  field: string;
  values: string[];
}

/**
 * The fields that an event must have with one of these texts to pass: terms `field == "x"` and `field in ["x", "y"]`
 * that stand under `&&` at the top. An index over them may leave out conditions that cannot pass: CEL's `&&` is never
 * true when one side is false or fails.
 */
export function requiredEquals(source: string, variable: EventVariable): RequiredEquals[] {
  return conjuncts(parseFilter(source, variable)).flatMap((term) => requirement(term, variable) ?? []);
}

function conjuncts(node: ASTNode): ASTNode[] {
  return node.op === '&&' ? node.args.flatMap(conjuncts) : [node];
}

function requirement(term: ASTNode, variable: EventVariable): RequiredEquals | undefined {
  if (term.op === 'in') {
    const [field, list] = term.args;
    return list.op === 'list' ? required(field, list.args, variable) : undefined;
  }
  if (term.op !== '==') return undefined;
  const [left, right] = term.args;
  return required(left, [right], variable) ?? required(right, [left], variable);
}

function required(field: ASTNode, literals: readonly ASTNode[], variable: EventVariable): RequiredEquals | undefined {
  const steps = fieldSteps(field, variable);
  const values = literals.map((item) => (item.op === 'value' && typeof item.args === 'string' ? item.args : undefined));
  if (steps === undefined || !values.every((value) => value !== undefined)) return undefined;
  return { field: steps.join('.'), values };
}
