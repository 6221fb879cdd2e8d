/** A condition of Sigma: which of the named searches must hold. */
export type Condition =
  | { op: 'and' | 'or'; of: Condition[] }
  | { op: 'not'; of: Condition }
  | { op: 'search'; name: string }
  /** `1 of x*`, `all of them`. */
  | { op: 'of'; all: boolean; pattern: string };

export class ConditionError extends Error {
  override readonly name = 'ConditionError';
}

/** Brackets in brackets must not exhaust the stack. */
const WORDS_MAX = 500;

/** `or` binds least, then `and`, then `not`. Throws `ConditionError`. */
export function parseCondition(text: string): Condition {
  if (text.includes('|')) {
    throw new ConditionError(`"${text}" counts by "|", which Sigma has given up; write a correlation of type event_count or value_count instead`);
  }
  const words = text.match(/[()]|[^\s()]+/g) ?? [];
  if (words.length > WORDS_MAX) throw new ConditionError(`has ${words.length} words, expected at most ${WORDS_MAX}`);
  let at = 0;
  const peek = (): string => words[at]?.toLowerCase() ?? '';
  const take = (): string => words[at++] ?? '';
  const list = (op: 'and' | 'or', next: () => Condition): Condition => {
    const of = [next()];
    while (peek() === op) {
      take();
      of.push(next());
    }
    const [only, ...more] = of;
    return only !== undefined && more.length === 0 ? only : { op, of };
  };
  const or = (): Condition => list('or', and);
  const and = (): Condition => list('and', unary);
  const unary = (): Condition => {
    if (peek() !== 'not') return primary();
    take();
    return { op: 'not', of: unary() };
  };
  const primary = (): Condition => {
    const word = take();
    if (word === '(') {
      const inner = or();
      if (take() !== ')') throw new ConditionError(`"${text}" has a bracket that is not closed`);
      return inner;
    }
    if (peek() === 'of' && /^(1|any|all)$/i.test(word)) {
      take();
      const pattern = take();
      if (pattern === '') throw new ConditionError(`"${text}" ends after "of"; a name, a pattern such as "selection_*", or "them" follows`);
      return { op: 'of', all: word.toLowerCase() === 'all', pattern };
    }
    if (word === '' || word === ')' || /^(and|or|not|of)$/i.test(word)) {
      throw new ConditionError(`"${text}" has ${word === '' ? 'its end' : `"${word}"`} where the name of a search belongs`);
    }
    return { op: 'search', name: word };
  };
  const condition = or();
  if (at < words.length) throw new ConditionError(`"${text}" has "${words[at]}" where "and" or "or" belongs`);
  return condition;
}

/** The searches that `1 of` and `all of` mean; those that begin with `_` are not "them". */
export function searchesFor(pattern: string, names: readonly string[]): string[] {
  if (pattern === 'them') return names.filter((name) => !name.startsWith('_'));
  const parts = pattern.split('*').map((part) => part.replaceAll(/[\\.+?()|[\]{}^$]/g, '\\$&'));
  const regex = new RegExp(`^${parts.join('.*')}$`);
  return names.filter((name) => regex.test(name));
}
