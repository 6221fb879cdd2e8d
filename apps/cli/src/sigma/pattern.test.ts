import { describe, expect, it } from '@jest/globals';
import { piecesOf, shapeOf, toRegex, withAnyDash } from './pattern.js';

const ANY = { any: true };
const ONE = { one: true };

describe('a value of Sigma', () => {
  // As the specification says of backslashes.
  it.each([
    [String.raw`plain`, ['plain']],
    [String.raw`a*b?`, ['a', ANY, 'b', ONE]],
    [String.raw`C:\Windows`, [String.raw`C:\Windows`]],
    [String.raw`C:\\Windows`, [String.raw`C:\Windows`]],
    [String.raw`\*`, ['*']],
    [String.raw`\?`, ['?']],
    [String.raw`\\*`, ['\\', ANY]],
    [String.raw`\\\*`, [String.raw`\*`]],
    [String.raw`\\\\`, [String.raw`\\`]],
    ['', []],
  ])('%s', (value, pieces) => expect(piecesOf(value)).toEqual(pieces));

  it.each([
    ['*a*', 'contains', 'a'],
    ['*a', 'endswith', 'a'],
    ['a*', 'startswith', 'a'],
    ['a', 'exact', 'a'],
    ['a*b', 'exact', undefined],
  ])('%s is at %s', (value, position, text) => expect(shapeOf(piecesOf(value))).toMatchObject({ position, text }));

  it('takes nothing in it for a part of a regular expression', () => {
    expect(toRegex(piecesOf('a.b+(c)[d]{e}^$|x'))).toBe(String.raw`a\.b\+\(c\)\[d\]\{e\}\^\$\|x`);
    expect(toRegex(piecesOf('a*b?'))).toBe('a.*b.');
  });

  it('takes any dash where a flag begins, and only there', () => {
    expect(toRegex(withAnyDash(piecesOf(' -a-b /c')))).toBe(' [-/–—―]a-b [-/–—―]c');
    expect(toRegex(withAnyDash(piecesOf('-a')))).toBe('[-/–—―]a');
  });
});
