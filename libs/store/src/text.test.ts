import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { columnText, documentText, timeText } from './text.js';

const anyText = fc.string({ unit: 'binary', maxLength: 400 });

describe('columnText', () => {
  it('leaves ordinary text as it is', () => {
    expect(columnText('Terminal shell in container – ünïcode 😀')).toBe('Terminal shell in container – ünïcode 😀');
  });

  it('is text that Postgres takes and an index holds, whatever comes', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const column = columnText(text);
        expect(column.includes('\u0000')).toBe(false);
        expect(column.isWellFormed()).toBe(true);
        expect(Buffer.byteLength(column)).toBeLessThan(700);
      }),
    );
  });

  it('tells apart what cleaning and cutting would make the same', () => {
    const alike = ['a\u0000b', 'a\uFFFDb', 'a\uD800b', 'a\uD801b', 'a\u0000\u0000b', 'x'.repeat(201), 'x'.repeat(202), `${'x'.repeat(300)}y`];
    expect(new Set(alike.map(columnText)).size).toBe(alike.length);
  });
});

describe('documentText', () => {
  it('gives every text back, and is itself text without NUL or lone surrogates', () => {
    fc.assert(
      fc.property(anyText, (text) => {
        const document = documentText({ [text]: text });
        expect(JSON.parse(document)).toEqual({ [text]: text });
        expect(document.isWellFormed() && !document.includes('\u0000')).toBe(true);
      }),
    );
  });
});

describe('timeText', () => {
  it('sorts as time does, whatever zone and precision', () => {
    expect(timeText('2026-09-14T16:02:11+02:00')).toBe('2026-09-14T14:02:11.000Z');
    expect(timeText('2026-09-14T14:02:11.123456789Z')).toBe('2026-09-14T14:02:11.123Z');
  });
});
