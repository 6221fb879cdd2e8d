import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Deframer } from './deframe.js';

function deframe(chunks: readonly (string | Buffer)[], maxBytes = 1024): string[] {
  const deframer = new Deframer(maxBytes);
  const frames = chunks.flatMap((chunk) => deframer.push(Buffer.from(chunk as string)));
  return [...frames, ...deframer.end()].map((frame) => `${frame.bytes.toString('utf8')}${frame.truncated ? '…' : ''}`);
}

describe('Deframer', () => {
  it('cuts at line feeds', () => {
    expect(deframe(['<13>one\n<13>two\r\n', '<13>th', 'ree\n'])).toEqual(['<13>one', '<13>two\r', '<13>three']);
  });

  it('counts octets, not characters', () => {
    const message = '<13>größe\nwith a line feed';
    expect(deframe([`${Buffer.byteLength(message)} ${message}8 <13>next`])).toEqual([message, '<13>next']);
  });

  it('detects the framing per frame', () => {
    expect(deframe(['7 <13>one<13>two\n9 <13>three<13>four\n'])).toEqual(['<13>one', '<13>two', '<13>three', '<13>four']);
  });

  it('passes over a line feed after a counted message', () => {
    expect(deframe(['7 <13>one\n7 <13>two\n'])).toEqual(['<13>one', '<13>two']);
  });

  it('reads a line that begins with a digit as a line', () => {
    expect(deframe(['2020-01-24T21:39:34Z host\n12 monkeys\n123456789 <13>x\n0 <13>y\n'])).toEqual([
      '2020-01-24T21:39:34Z host',
      '12 monkeys',
      '123456789 <13>x',
      '0 <13>y',
    ]);
  });

  it('hands over what stands unfinished at the end of the stream', () => {
    expect(deframe(['<13>no line feed'])).toEqual(['<13>no line feed']);
    expect(deframe(['40 <13>cut off'])).toEqual(['<13>cut off…']);
    expect(deframe(['12'])).toEqual(['12']);
  });

  it('keeps the beginning of an oversized message and finds the next one', () => {
    expect(deframe([`<13>${'x'.repeat(100)}\n<13>ok\n`], 10)).toEqual(['<13>xxxxxx…', '<13>ok']);
    expect(deframe([`104 <13>${'x'.repeat(100)}6 <13>ok`], 10)).toEqual(['<13>xxxxxx…', '<13>ok']);
  });

  it('takes a message of exactly the limit whole', () => {
    expect(deframe(['<13>123456\n10 <13>123456'], 10)).toEqual(['<13>123456', '<13>123456']);
  });

  it('gives the same frames wherever the stream is cut', () => {
    const line = fc.string({ minLength: 1, maxLength: 30 }).map((text) => `<13>${text.replaceAll(/[\n\r\0]/g, '.')}x`);
    const framed = fc
      .tuple(line, fc.boolean())
      .map(([text, counted]) => ({ text, wire: counted ? `${Buffer.byteLength(text)} ${text}` : `${text}\n` }));
    fc.assert(
      fc.property(
        fc.array(framed, { minLength: 1, maxLength: 8 }),
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 10 }),
        (messages, sizes) => {
          const bytes = Buffer.from(messages.map((message) => message.wire).join(''));
          const chunks: Buffer[] = [];
          for (let at = 0, turn = 0; at < bytes.length; turn++) {
            const size = sizes[turn % sizes.length] as number;
            chunks.push(bytes.subarray(at, at + size));
            at += size;
          }
          expect(deframe(chunks)).toEqual(messages.map((message) => message.text));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('never throws and never keeps more than the limit, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 20 }), (chunks) => {
        const deframer = new Deframer(16);
        const frames = [...chunks.flatMap((chunk) => deframer.push(Buffer.from(chunk))), ...deframer.end()];
        for (const frame of frames) expect(frame.bytes.length).toBeLessThanOrEqual(16 + 8);
      }),
      { numRuns: 300 },
    );
  });

  it('takes a message that drips in byte by byte in linear time', () => {
    const deframer = new Deframer(256 * 1024);
    const started = performance.now();
    const byte = Buffer.from('x');
    for (let sent = 0; sent < 200_000; sent++) deframer.push(byte);
    expect(deframer.push(Buffer.from('\n'))).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
