import { describe, expect, it } from '@jest/globals';
import { Deframer, type Frame } from './deframe.js';
import { formatRfc3164 } from './format-3164.js';
import { asciiJson, cutToBytes, formatRfc5424, syslogSeverity } from './format.js';
import { frameByLine, frameOctetCounted } from './frame.js';
import { parseSyslog } from './parse.js';

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
    expect(formatRfc5424(message)).toBe(
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
    expect(formatRfc5424(message)).toBe(
      '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"][examplePriority@32473 class="high"]',
    );
  });

  it("writes the RFC's example with microseconds and an offset", () => {
    const message = {
      facility: 20,
      severity: 5,
      timestamp: '2003-08-24T05:14:15.000003-07:00',
      hostname: '192.0.2.1',
      appName: 'myproc',
      procId: '8710',
      message: "%% It's time to make the do-nuts.",
    };
    expect(formatRfc5424(message)).toBe("<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.");
  });

  const times: [string, string][] = [
    ['2026-09-14T14:02:11Z', '2026-09-14T14:02:11Z'],
    // Falco counts nanoseconds.
    ['2026-09-14T14:02:11.123456789Z', '2026-09-14T14:02:11.123456Z'],
    ['2026-09-14T14:02:11.123456789+02:00', '2026-09-14T14:02:11.123456+02:00'],
    ['2026-09-14 14:02:11Z', '-'],
    ['2026-09-14T14:02:60Z', '-'],
    ['2026-13-14T14:02:11Z', '-'],
    ['2026-09-14T14:02:11Z host app', '-'],
    ['2026-09-14T14:02:11.Z', '-'],
    ['', '-'],
  ];
  it.each(times)('writes the time %j as %j', (timestamp, expected) => {
    expect(formatRfc5424({ ...base, timestamp })).toBe(`<130>1 ${expected} - - - - - x`);
  });

  it.each([
    ['line ends', 'a\nb\r\nc'],
    ['NUL', 'a\u0000b'],
    ['what looks like a frame and a message', 'x\n11 <0>1 - - - -'],
    ['half a character', 'a\ud800b'],
    ['64 KB', 'é'.repeat(32_768)],
  ])('is read back with %s in the message', (_name, message) => {
    const written = formatRfc5424({
      ...base,
      timestamp: '2026-09-14T14:02:11Z',
      structuredData: [{ id: 'x@1', params: { a: message.slice(0, 100) } }],
      message,
    });
    const frames = new Deframer(1 << 20).push(Buffer.from(frameOctetCounted(written)));
    expect(frames).toHaveLength(1);
    expect(parseSyslog((frames[0] as Frame).bytes, 0).message).toBe(message.toWellFormed());
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
      Buffer.from(formatRfc5424({ ...base, message: 'é' }))
        .subarray(-5)
        .toString('hex'),
    ).toBe('efbbbfc3a9');
    expect(formatRfc5424(base)).toBe('<130>1 - - - - - - x');
  });
});

describe('formatRfc3164', () => {
  it("writes the RFC's examples (section 5.4)", () => {
    const su = { facility: 4, severity: 2, timestamp: '2003-10-11T22:14:15Z', hostname: 'mymachine.example.com', appName: 'su' };
    expect(formatRfc3164({ ...su, message: "'su root' failed for lonvick on /dev/pts/8" })).toBe(
      "<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8",
    );
    const bfg = { facility: 1, severity: 5, timestamp: '2003-02-05T17:32:18Z', hostname: '10.0.0.99', appName: 'Use', procId: '10' };
    expect(formatRfc3164({ ...bfg, message: 'the BFG!' })).toBe('<13>Feb  5 17:32:18 10.0.0.99 Use[10]: the BFG!');
  });

  it('keeps hostile text inside its field', () => {
    const text = formatRfc3164({ ...base, hostname: 'a b\nc', appName: 'n: [<1>', procId: '1]: x', message: 'a\r\nb\n<0>c' }).toString();
    expect(text).toBe('<130>Jan  1 00:00:00 abc n1[1:x]: a b <0>c');
  });

  it('is read back', () => {
    const written = formatRfc3164({
      ...base,
      timestamp: '2026-09-04T14:02:11.9Z',
      hostname: 'h',
      appName: 'tocsin',
      procId: 'ab-1',
      message: 'é "x"',
    });
    expect(parseSyslog(Buffer.from(written), Date.parse('2026-09-05T00:00:00Z'))).toEqual({
      form: 'rfc3164',
      facility: 16,
      severity: 2,
      time: '2026-09-04T14:02:11.000Z',
      hostname: 'h',
      appName: 'tocsin',
      procId: 'ab-1',
      structuredData: new Map(),
      message: 'é "x"',
    });
  });
});

it('frames by line, and lets no message end early', () => {
  expect(frameByLine('a\nb\n<13>c')).toBe('a b <13>c\n');
});

it('cuts to bytes without cutting a character', () => {
  expect([0, 1, 2, 3, 4, 5, 6, 7, 8].map((max) => cutToBytes('aé😀b', max))).toEqual(['', 'a', 'a', 'aé', 'aé', 'aé', 'aé', 'aé😀', 'aé😀b']);
});

it('writes a byte order mark where it is asked to, and none where it is not', () => {
  expect(formatRfc5424({ ...base, byteOrderMark: true })).toBe('<130>1 - - - - - - \uFEFFx');
  expect(formatRfc5424({ ...base, message: 'é', byteOrderMark: false })).toBe('<130>1 - - - - - - é');
});

it('frames by bytes, not characters', () => {
  expect(frameOctetCounted('é!')).toBe('3 é!');
});

it('writes JSON that is ASCII and the same', () => {
  const value = { text: 'é 😀 \u007f "quoted"\n' };
  const json = asciiJson(JSON.stringify(value));
  expect(json).toMatch(/^[\x20-\x7e]*$/);
  expect(JSON.parse(json)).toEqual(value);
  expect(asciiJson(JSON.stringify(value, null, 2))).not.toContain('\n');
  expect(JSON.parse(asciiJson(JSON.stringify(value, null, 2)))).toEqual(value);
});

it('maps severities to the scale of syslog', () => {
  expect([1, 2, 3, 4, 5, 6].map(syslogSeverity)).toEqual([6, 5, 4, 3, 2, 0]);
});
