import { describe, expect, it } from '@jest/globals';
import { asciiJson, formatRfc5424, syslogSeverity } from './format.js';
import { frameOctetCounted } from './frame.js';

const base = { facility: 16, severity: 2, message: 'x' };

describe('formatRfc5424', () => {
  it("writes the RFC's first example (section 6.5)", () => {
    const message = {
      facility: 4,
      severity: 2,
      timestamp: '2003-10-11T22:14:15.003Z',
      hostname: 'mymachine.example.com',
      appName: 'su',
      msgId: 'ID47',
      message: "'su root' failed for lonvick on /dev/pts/8",
    };
    expect(formatRfc5424(message).toString()).toBe(
      "<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - 'su root' failed for lonvick on /dev/pts/8",
    );
  });

  it("writes the RFC's example with structured data only", () => {
    const message = {
      facility: 20,
      severity: 5,
      timestamp: '2003-10-11T22:14:15.003Z',
      hostname: 'mymachine.example.com',
      appName: 'evntslog',
      msgId: 'ID47',
      structuredData: [
        { id: 'exampleSDID@32473', params: { iut: '3', eventSource: 'Application', eventID: '1011' } },
        { id: 'examplePriority@32473', params: { class: 'high' } },
      ],
      message: '',
    };
    expect(formatRfc5424(message).toString()).toBe(
      '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"][examplePriority@32473 class="high"]',
    );
  });

  it('keeps hostile text inside its field', () => {
    const text = formatRfc5424({
      ...base,
      hostname: 'a b\nc<1>',
      appName: 'n'.repeat(60),
      structuredData: [{ id: 'x@1', params: { 'k"=]': 'a"]\\\n\u0000[' } }],
    }).toString();
    expect(text).toBe(`<130>1 - abc<1> ${'n'.repeat(48)} - - [x@1 k="a\\"\\]\\\\  ["] x`);
  });

  it('marks UTF-8, and leaves ASCII bare', () => {
    expect(
      formatRfc5424({ ...base, message: 'é' })
        .subarray(-5)
        .toString('hex'),
    ).toBe('efbbbfc3a9');
    expect(formatRfc5424(base).toString()).toBe('<130>1 - - - - - - x');
  });
});

it('frames by bytes, not characters', () => {
  expect(frameOctetCounted(Buffer.from('é!')).toString()).toBe('3 é!');
});

it('writes JSON that is ASCII and the same', () => {
  const value = { text: 'é 😀 \u007f "quoted"\n' };
  const json = asciiJson(JSON.stringify(value));
  expect(json).toMatch(/^[\x20-\x7e]*$/);
  expect(JSON.parse(json)).toEqual(value);
});

it('maps severities to the scale of syslog', () => {
  expect([1, 2, 3, 4, 5, 6].map(syslogSeverity)).toEqual([6, 5, 4, 3, 2, 0]);
});
