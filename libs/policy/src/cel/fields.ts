import { describeKnown, nearest } from '@tocsin/extension';
import { fieldSteps, walk } from './ast.js';
import { parseFilter, type EventVariable } from './filter.js';
import { EVENTS, isList, under, valuesOf, type Schema } from './schema.js';
import { problemsOf } from './types.js';

/** What a field holds, without what a list or a map of it holds. */
export type FieldType = 'text' | 'number' | 'boolean' | 'list' | 'map';

export type Tree = FieldType | { readonly [field: string]: Tree };

/** What stands at a path below the variable; undefined where nothing does, or it is not known. */
export function fieldAt(variable: EventVariable, steps: readonly string[]): Tree | undefined {
  let schema: Schema | undefined = EVENTS[variable];
  for (const step of steps) schema = schema === undefined ? undefined : under(schema, step);
  return schema === undefined ? undefined : outline(schema);
}

function outline(schema: Schema): Tree | undefined {
  if (schema === 'text' || schema === 'number' || schema === 'boolean') return schema;
  if (typeof schema === 'string') return undefined;
  if (isList(schema)) return 'list';
  if (valuesOf(schema) !== undefined) return 'map';
  return Object.fromEntries(Object.entries(schema).flatMap(([name, below]) => [[name, outline(below) as Tree]]));
}

export interface UnknownField {
  message: string;
  offset: number;
}

/**
 * Fields that no event has. A condition with one is valid CEL and never passes, which nobody would notice, so a
 * policy document that has one is refused.
 */
export function unknownFields(source: string, variable: EventVariable): UnknownField[] {
  const tree = outline(EVENTS[variable]) as Tree;
  const ast = parseFilter(source, variable);
  const found = new Map<string, UnknownField>();
  for (const node of walk(ast)) {
    const steps = fieldSteps(node, variable);
    if (steps === undefined) continue;
    const wrong = firstUnknown(tree, steps, variable);
    // The path to a field is a node too, and the same mistake lies in both.
    if (wrong !== undefined && !found.has(wrong)) found.set(wrong, { message: wrong, offset: node.range.start });
  }
  const ofItems = problemsOf(ast, source, variable).filter(({ about }) => about === 'field');
  return [...found.values(), ...ofItems.map(({ message, offset }) => ({ message, offset }))];
}

/** Where the parts of an event are not what events of that kind have: fields that none has, and texts where maps belong. */
export function misfits(parts: Readonly<Record<string, unknown>>, variable: EventVariable): { path: string[]; message: string }[] {
  return misfitsBelow(parts, outline(EVENTS[variable]) as Tree, [], variable);
}

function misfitsBelow(value: unknown, tree: Tree, path: readonly string[], variable: string): { path: string[]; message: string }[] {
  if (typeof tree === 'string' || value === null) return [];
  if (typeof value !== 'object' || Array.isArray(value)) return [{ path: [...path], message: `expected a map with ${Object.keys(tree).join(', ')}` }];
  return Object.entries(value).flatMap(([key, below]) => {
    const next = Object.hasOwn(tree, key) ? tree[key] : undefined;
    if (next !== undefined) return misfitsBelow(below, next, [...path, key], variable);
    return [{ path: [...path, key], message: `is no field of a ${variable}; ${describeKnown(key, Object.keys(tree))}` }];
  });
}

function firstUnknown(tree: Tree, steps: readonly string[], variable: string): string | undefined {
  let current = tree;
  let path = variable;
  for (const step of steps) {
    if (typeof current === 'string') return undefined;
    const next: Tree | undefined = Object.hasOwn(current, step) ? current[step] : undefined;
    if (next === undefined) {
      const near = nearest(step, Object.keys(current));
      const advice = near === undefined ? `known: ${Object.keys(current).toSorted().join(', ')}` : `did you mean "${path}.${near}"?`;
      return `names "${path}.${step}", which no ${variable} has; ${advice}`;
    }
    path += `.${step}`;
    current = next;
  }
  return undefined;
}
