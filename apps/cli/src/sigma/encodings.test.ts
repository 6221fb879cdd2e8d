import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { encode } from './encodings.js';

const texts = (text: string, ...modifiers: string[]): string[] => {
  const encoded = encode(text, modifiers);
  return 'texts' in encoded ? encoded.texts : [];
};

describe('encode', () => {
  it('finds a text in Base64 wherever it begins', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 7 }), fc.string({ minLength: 4, maxLength: 12 }), fc.string({ maxLength: 7 }), (before, text, after) => {
        fc.pre(!/[*?]/.test(text));
        const base64 = Buffer.from(before + text + after).toString('base64');
        expect(texts(text, 'base64offset').some((part) => base64.includes(part))).toBe(true);
      }),
    );
  });

  it('takes the characters in the width that is asked for', () => {
    expect(texts('cmd', 'wide', 'base64')).toEqual([Buffer.from([0x63, 0, 0x6d, 0, 0x64, 0]).toString('base64')]);
    expect(texts('cmd', 'utf16le', 'base64')).toEqual(texts('cmd', 'wide', 'base64'));
    expect(texts('cmd', 'utf16be', 'base64')).toEqual([Buffer.from([0, 0x63, 0, 0x6d, 0, 0x64]).toString('base64')]);
    expect(texts('c', 'utf16', 'base64')).toEqual([Buffer.from([0xff, 0xfe, 0x63, 0]).toString('base64')]);
  });

  it('says why there is none', () => {
    expect(encode('x', ['wide'])).toMatchObject({ problem: expect.stringContaining('stands for bytes') });
    expect(encode('a*', ['base64'])).toMatchObject({ problem: expect.stringContaining('wildcards') });
  });
});
