import { describe, expect, it } from '@jest/globals';
import { ConditionError, parseCondition, searchesFor, type Condition } from './condition.js';

function shown(condition: Condition): string {
  switch (condition.op) {
    case 'search':
      return condition.name;
    case 'of':
      return `${condition.all ? 'all' : '1'}<${condition.pattern}>`;
    case 'not':
      return `!${shown(condition.of)}`;
    default:
      return `(${condition.of.map(shown).join(condition.op === 'and' ? ' & ' : ' | ')})`;
  }
}

describe('a condition of Sigma', () => {
  it.each([
    ['selection', 'selection'],
    ['a or b and not c', '(a | (b & !c))'],
    ['(a or b) and not (c and d)', '((a | b) & !(c & d))'],
    ['not not a', '!!a'],
    ['1 of selection_* and not 1 of filter_*', '(1<selection_*> & !1<filter_*>)'],
    ['all of them', 'all<them>'],
    ['any of them AND NOT x', '(1<them> & !x)'],
    ['(a)and(b)', '(a & b)'],
  ])('%s is %s', (text, expected) => expect(shown(parseCondition(text))).toBe(expected));

  it.each([
    ['', 'has its end where the name of a search belongs'],
    ['a and', 'has its end where the name of a search belongs'],
    ['and a', 'has "and" where the name of a search belongs'],
    ['a b', 'has "b" where "and" or "or" belongs'],
    ['(a or b', 'has a bracket that is not closed'],
    ['a or b)', 'has ")" where "and" or "or" belongs'],
    ['1 of', 'ends after "of"'],
    ['selection | count() > 5', 'counts by "|"'],
    ['('.repeat(100_000), 'has 100000 words, expected at most 500'],
  ])('%.40s %s', (text, message) => {
    expect(() => parseCondition(text)).toThrow(ConditionError);
    expect(() => parseCondition(text)).toThrow(message);
  });

  it('finds the searches of a pattern', () => {
    const names = ['selection_a', 'selection_b', 'a_selection', '_hidden', 'x.y'];
    expect(searchesFor('selection_*', names)).toEqual(['selection_a', 'selection_b']);
    expect(searchesFor('*sel*', names)).toEqual(['selection_a', 'selection_b', 'a_selection']);
    expect(searchesFor('them', names)).toEqual(['selection_a', 'selection_b', 'a_selection', 'x.y']);
    expect(searchesFor('_*', names)).toEqual(['_hidden']);
    expect(searchesFor('x.*', ['xay', 'x.y'])).toEqual(['x.y']);
  });
});
