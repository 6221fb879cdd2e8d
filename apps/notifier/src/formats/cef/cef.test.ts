import { describe, expect, it } from '@jest/globals';
import { buildViolation } from '@tocsin/testing';
import { buildAction, FULL_VIOLATION, input, runFormatContract } from '../contract.js';
import type { Content } from '../format.js';
import { cef } from './cef.js';

const format = cef.create({});

/** As the white paper says, by a state machine: the code under test only ever escapes. */
function parse({ body }: Content): { header: string[]; extension: Map<string, string> } {
  const text = body.toString();
  expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/);
  const header = [''];
  let at = 0;
  for (; header.length < 8; at++) {
    const character = text.charAt(at);
    if (character === '') throw new Error('the header ends early');
    if (character === '\\') header[header.length - 1] += text.charAt(++at);
    else if (character === '|') header.push('');
    else header[header.length - 1] += character;
  }
  header.pop();
  // A key is the word before an equals sign that is not escaped.
  const extension = new Map<string, string>();
  let key = '';
  let value = '';
  for (; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '\\') {
      const escaped = text.charAt(++at);
      expect('\\=nr').toContain(escaped);
      value += { n: '\n', r: '\r' }[escaped] ?? escaped;
    } else if (character === '=') {
      const [, rest, next] = /^(.*?)(?:^| )([A-Za-z0-9]+)$/s.exec(value) as unknown as [string, string, string];
      if (key !== '') extension.set(key, rest);
      key = next;
      value = '';
    } else value += character;
  }
  extension.set(key, value);
  return { header, extension };
}

const CONTROLS = /[\u0000-\u0009\u000b\u000c\u000e-\u001f\u007f-\u009f\u2028\u2029]/g;

runFormatContract('cef', {
  format,
  mediaType: 'text/plain; charset=utf-8',
  read(content) {
    const { extension } = parse(content);
    return { text: extension.get('msg') ?? '', fields: extension.size };
  },
  expected(text) {
    const kept = text.length <= 1023 ? text : `${text.slice(0, 1022)}…`;
    return kept.replaceAll(CONTROLS, ' ');
  },
});

describe('cef', () => {
  it('writes a violation by the dictionary', () => {
    const { header, extension } = parse(format.write(input('violations', FULL_VIOLATION)));
    expect(header).toEqual(['CEF:0', 'Tocsin', 'Tocsin', '0.1.0', 'Terminal shell in container', 'Terminal shell in container', '5']);
    expect(Object.fromEntries(extension)).toMatchObject({
      rt: String(Date.parse(FULL_VIOLATION.time)),
      externalId: FULL_VIOLATION.id,
      cat: 'violation/process',
      outcome: 'Blocked',
      cnt: '1',
      src: '10.1.2.3',
      spt: '51234',
      c6a3Label: 'Destination IPv6 Address',
      c6a3: '2001:db8::9',
      dhost: 'c2.example.com',
      suser: 'root',
      suid: '0',
      sproc: '/usr/bin/nc',
      cs2Label: 'namespace',
      cs2: 'shop',
      cs6: 'T1059.004, execution',
    });
  });

  it('writes an action with its state', () => {
    const { extension } = parse(format.write(input('actions', buildAction())));
    expect(Object.fromEntries(extension)).toMatchObject({
      outcome: 'active',
      tocsinPolicy: 'contain-miners',
      tocsinTarget: 'pod shop/web-1',
      tocsinVersion: '3',
    });
  });

  it('keeps to the lengths of the dictionary, and leaves out addresses that are none', () => {
    const long = buildViolation({ name: 'n'.repeat(2000), process: { cmd_line: 'x'.repeat(9000) }, src_endpoint: { ip: 'somewhere' } });
    const { header, extension } = parse(format.write(input('violations', long)));
    expect([header[4]?.length, header[5]?.length, extension.get('tocsinCommandLine')?.length]).toEqual([1023, 512, 4000]);
    expect(extension.has('src')).toBe(false);
  });

  it('has severities from 1 to 10', () => {
    const severities = ([1, 2, 3, 4, 5, 6] as const).map(
      (severity_id) => parse(format.write(input('violations', buildViolation({ severity_id })))).header[6],
    );
    expect(severities).toEqual(['1', '3', '5', '7', '9', '10']);
  });
});
