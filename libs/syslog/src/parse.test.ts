import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { parseSyslog } from './parse.js';

const NOW = Date.parse('2026-09-14T12:00:00Z');
const parse = (text: string | Buffer) => parseSyslog(Buffer.from(text as string), NOW);

describe('parseSyslog, the examples of RFC 5424 section 6.5', () => {
  it('reads example 1: a byte order mark and no structured data', () => {
    const message = parse("<34>1 2003-10-11T22:14:15.003Z mymachine.example.com su - ID47 - \uFEFF'su root' failed for lonvick on /dev/pts/8");
    expect(message).toEqual({
      form: 'rfc5424',
      facility: 4,
      severity: 2,
      time: '2003-10-11T22:14:15.003Z',
      hostname: 'mymachine.example.com',
      appName: 'su',
      msgId: 'ID47',
      structuredData: new Map(),
      message: "'su root' failed for lonvick on /dev/pts/8",
    });
  });

  it('reads example 2: microseconds and an offset', () => {
    const message = parse("<165>1 2003-08-24T05:14:15.000003-07:00 192.0.2.1 myproc 8710 - - %% It's time to make the do-nuts.");
    expect(message).toMatchObject({
      facility: 20,
      severity: 5,
      time: '2003-08-24T12:14:15.000Z',
      procId: '8710',
      message: "%% It's time to make the do-nuts.",
    });
    expect(message.msgId).toBeUndefined();
  });

  it('reads example 3: structured data', () => {
    const message = parse(
      '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3" eventSource="Application" eventID="1011"] \uFEFFAn application event log entry...',
    );
    expect([...(message.structuredData.get('exampleSDID@32473') ?? [])]).toEqual([
      ['iut', '3'],
      ['eventSource', 'Application'],
      ['eventID', '1011'],
    ]);
    expect(message.message).toBe('An application event log entry...');
  });

  it('reads example 4: structured data only', () => {
    const message = parse(
      '<165>1 2003-10-11T22:14:15.003Z mymachine.example.com evntslog - ID47 [exampleSDID@32473 iut="3"][examplePriority@32473 class="high"]',
    );
    expect([...message.structuredData.keys()]).toEqual(['exampleSDID@32473', 'examplePriority@32473']);
    expect(message.message).toBe('');
  });

  it('unescapes only quote, backslash and bracket', () => {
    const message = parse('<165>1 - - - - - [a x="1\\"2\\\\3\\]4\\n5"] text');
    expect(message.structuredData.get('a')?.get('x')).toBe('1"2\\3]4\\n5');
  });
});

describe('parseSyslog, RFC 3164', () => {
  it('reads example 1 of section 5.4 in the nearest year', () => {
    expect(parse("<34>Oct 11 22:14:15 mymachine su: 'su root' failed for lonvick on /dev/pts/8")).toEqual({
      form: 'rfc3164',
      facility: 4,
      severity: 2,
      time: '2026-10-11T22:14:15.000Z',
      hostname: 'mymachine',
      appName: 'su',
      structuredData: new Map(),
      message: "'su root' failed for lonvick on /dev/pts/8",
    });
  });

  it('keeps example 2, which has no header, whole', () => {
    expect(parse('<13>Use the BFG!')).toMatchObject({ form: 'rfc3164', message: 'Use the BFG!' });
  });

  it('reads a day padded with a space and a process id', () => {
    expect(parse('<13>Sep  4 01:02:03 host app[77]: hello')).toMatchObject({ time: '2026-09-04T01:02:03.000Z', procId: '77', message: 'hello' });
  });

  it("takes a message of 31 December that comes on 1 January as last year's", () => {
    const message = parseSyslog(Buffer.from('<13>Dec 31 23:59:59 host app: late'), Date.parse('2027-01-01T00:00:05Z'));
    expect(message.time).toBe('2026-12-31T23:59:59.000Z');
  });

  it('reads the RFC 3339 time that newer senders put there', () => {
    expect(parse('<13>2026-09-14T09:00:15+02:00 host app: x')).toMatchObject({ time: '2026-09-14T07:00:15.000Z', appName: 'app' });
  });
});

describe('parseSyslog, hostile input', () => {
  it.each(['', '<', '<999>1 x', '<192>x', '<0>', '<34>1', '<34>1 - - - - - [', '<34>1 - - - - - [a b="', '<34>1 - - - - - []', '\0\0\0'])(
    'keeps %j without throwing',
    (text) => {
      expect(typeof parse(text).message).toBe('string');
    },
  );

  it('keeps the whole text as the message where the priority is no number it may be', () => {
    expect(parse('<999>1 x')).toMatchObject({ form: 'bare', severity: 5, message: '<999>1 x' });
  });

  it('leaves out a time that is none', () => {
    expect(parse('<34>1 2026-13-45T99:99:99Z host app - - - x').time).toBeUndefined();
    expect(parse('<34>Foo 99 99:99:99 host app: x').time).toBeUndefined();
  });

  it('is not slowed by unterminated structured data', () => {
    const started = performance.now();
    parse(`<34>1 - - - - - ${'[a b="c" '.repeat(20_000)}`);
    parse(`<34>1 - - - - - [a ${'b="c" '.repeat(20_000)}`);
    expect(performance.now() - started).toBeLessThan(1_000);
  });

  it('stores names such as __proto__ like any other', () => {
    const message = parse('<34>1 - - - - - [__proto__ constructor="x"] y');
    expect(message.structuredData.get('__proto__')?.get('constructor')).toBe('x');
  });

  it('never throws, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => void parseSyslog(Buffer.from(bytes), NOW)),
      { numRuns: 500 },
    );
    const likely = fc.array(fc.constantFrom('<34>', '1 ', '- ', '[a ', 'b="', '"', ']', '\\', 'Oct 11 22:14:15 ', 'x', '\uFEFF', '\n', '999999'), {
      maxLength: 30,
    });
    fc.assert(
      fc.property(likely, (parts) => void parse(parts.join(''))),
      { numRuns: 500 },
    );
  });
});
