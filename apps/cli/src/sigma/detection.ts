import { describeKnown } from '@tocsin/extension';
import { ConditionError, parseCondition, searchesFor, type Condition } from './condition.js';
import { LOST, all, any, not, type Expression } from './expression.js';
import type { Source } from './fields.js';
import { isOneOf } from './texts.js';
import { compileItem } from './items.js';
import { piecesOf, positioned } from './pattern.js';
import type { Remarks } from './report.js';

export type Place = readonly PropertyKey[];

export interface DetectionDeps {
  source: Source | undefined;
  /** Whether case makes a difference, though Sigma says that it does not. */
  cased: boolean;
  remarks: Remarks;
}

/** Makes an expression of `detection`, or of a `filter`, which has searches and a condition too; `path` is where it stands. */
export function compileDetection(detection: Readonly<Record<string, unknown>>, path: Place, deps: DetectionDeps): Expression {
  const { condition, timeframe, ...searches } = detection;
  if (timeframe !== undefined)
    deps.remarks.lost([...path, 'timeframe'], 'belongs to conditions that count, which Sigma has given up; write a correlation');
  const names = Object.keys(searches).filter((name) => name !== 'rules');
  const compiled = new Map<string, Expression>();
  const search = (name: string): Expression => {
    const known = compiled.get(name) ?? compileSearch(searches[name], [...path, name], deps);
    compiled.set(name, known);
    return known;
  };
  const conditions = (Array.isArray(condition) ? condition : [condition]) as unknown[];
  return any(
    conditions.map((text, index) => {
      const place = Array.isArray(condition) ? [...path, 'condition', index] : [...path, 'condition'];
      if (typeof text === 'string') return compileCondition(text, place, { names, search, remarks: deps.remarks });
      deps.remarks.lost(place, 'is missing or no text');
      return LOST;
    }),
  );
}

interface Searches {
  names: readonly string[];
  search(name: string): Expression;
  remarks: Remarks;
}

function compileCondition(text: string, place: Place, { names, search, remarks }: Searches): Expression {
  const lost = (message: string): Expression => {
    remarks.lost(place, message);
    return LOST;
  };
  const compile = (condition: Condition): Expression => {
    switch (condition.op) {
      case 'and':
        return all(condition.of.map(compile));
      case 'or':
        return any(condition.of.map(compile));
      case 'not':
        return not(compile(condition.of));
      case 'search':
        return names.includes(condition.name)
          ? search(condition.name)
          : lost(`names "${condition.name}", which is no search; ${describeKnown(condition.name, names)}`);
      case 'of': {
        const meant = searchesFor(condition.pattern, names);
        if (meant.length === 0) return lost(`names "${condition.pattern}", and no search is called so; known: ${names.join(', ')}`);
        return condition.all ? all(meant.map(search)) : any(meant.map(search));
      }
    }
  };
  try {
    return compile(parseCondition(text));
  } catch (error) {
    if (error instanceof ConditionError) return lost(error.message);
    throw error;
  }
}

function compileSearch(value: unknown, path: Place, deps: DetectionDeps): Expression {
  if (Array.isArray(value) && value.length > 0) {
    const maps = value.flatMap((item, index) => (isMap(item) ? [compileMap(item, [...path, index], deps)] : []));
    const words = value.filter((item) => !isMap(item));
    return any([...maps, ...(words.length === 0 ? [] : [compileKeywords(words, { every: false, cased: deps.cased })])]);
  }
  if (isMap(value) && Object.keys(value).length > 0) return compileMap(value, path, deps);
  if (typeof value === 'string' || typeof value === 'number') return compileKeywords([value], { every: false, cased: deps.cased });
  deps.remarks.lost(path, 'is empty; a search is a map of fields or a list of words');
  return LOST;
}

function compileMap(map: Readonly<Record<string, unknown>>, path: Place, deps: DetectionDeps): Expression {
  const entries = Object.entries(map);
  const compiled = entries.flatMap(([key, value]): Expression[] => {
    const place = [...path, key];
    const [field = '', ...modifiers] = key.split('|');
    if (field !== '') return present(compileItem({ field, modifiers, value, place, alone: entries.length === 1 }, deps));
    const others = modifiers.filter((modifier) => modifier !== 'all' && modifier !== 'cased');
    if (others.length > 0) deps.remarks.lost(place, `has the modifier "${others[0]}" without a field`);
    const words = Array.isArray(value) ? value : [value];
    return [compileKeywords(words, { every: modifiers.includes('all'), cased: deps.cased || modifiers.includes('cased') })];
  });
  return all(compiled);
}

function present<T>(value: T | undefined): T[] {
  return value === undefined ? [] : [value];
}

/** Words anywhere in the event: in its message, or in what the sensor sent. */
function compileKeywords(words: readonly unknown[], { every, cased }: { every: boolean; cased: boolean }): Expression {
  const anywhere = (values: readonly unknown[]): Expression => {
    const pieces = values.map((value) => positioned(piecesOf(String(value)), 'contains'));
    return any([isOneOf(['message'], pieces, cased), isOneOf(['raw'], pieces, cased)]);
  };
  return every ? all(words.map((word) => anywhere([word]))) : anywhere(words);
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}
