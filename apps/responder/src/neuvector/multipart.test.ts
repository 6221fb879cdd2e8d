import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Readable } from 'node:stream';
import { NeuvectorError } from './error.js';
import { downloadOf, type Download } from './multipart.js';

const BOUNDARY = '5f0c2e';
const bodyOf = (content: Buffer, tail = `\r\n--${BOUNDARY}--\r\n`): Buffer =>
  Buffer.concat([Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="pcap"; filename="1.pcap"\r\n\r\n`), content, Buffer.from(tail)]);
const failure = (): NeuvectorError => new NeuvectorError('transient', 'broke off');

function open(chunks: Iterable<Buffer>, maxBytes = 10_000, type = `multipart/form-data; boundary=${BOUNDARY}`): Download & { stream: Readable } {
  const stream = Readable.from(chunks);
  return Object.assign(downloadOf(stream, type, { name: 'pcap', maxBytes, failure }), { stream });
}

async function readAll({ content }: Download): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of content) chunks.push(chunk);
  return Buffer.concat(chunks);
}

function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const edges = [0, ...places.map((place) => place % bytes.byteLength).toSorted((a, b) => a - b), bytes.byteLength];
  return edges.slice(1).map((end, at) => bytes.subarray(edges[at], end));
}

describe('the file in a multipart answer', () => {
  it('is the same wherever the network cuts it, also when it holds what looks like boundaries', async () => {
    const piece = fc.oneof(
      fc.uint8Array({ maxLength: 60 }),
      fc.constantFrom('\r\n', '\r\n--', `\r\n--${BOUNDARY.slice(0, 5)}`, `--${BOUNDARY}`, '\r'),
    );
    await fc.assert(
      fc.asyncProperty(fc.array(piece, { maxLength: 12 }), fc.array(fc.nat(), { maxLength: 20 }), async (pieces, places) => {
        const content = Buffer.concat(pieces.map((part) => Buffer.from(part as string)));
        // The real boundary is random, so that no content holds it behind a line end.
        fc.pre(!content.includes(`\r\n--${BOUNDARY}`));
        const download = open(cutAt(bodyOf(content), places));
        expect((await readAll(download)).equals(content)).toBe(true);
        expect(download).toMatchObject({ bytes: content.byteLength, truncated: false });
        expect(download.stream.destroyed).toBe(true);
      }),
    );
  });

  it.each([
    [9, true],
    [10, false],
    [11, false],
  ])('is cut at %d bytes of 10, and says so', async (maxBytes, truncated) => {
    const download = open(cutAt(bodyOf(Buffer.alloc(10, 7)), [3, 90, 95]), maxBytes);
    expect(await readAll(download)).toHaveLength(Math.min(10, maxBytes));
    expect(download).toMatchObject({ bytes: Math.min(10, maxBytes), truncated });
  });

  it.each([
    ['ends in the middle', bodyOf(Buffer.from('abc'), ''), 'transient'],
    ['ends within its last boundary', bodyOf(Buffer.from('abc'), `\r\n--${BOUNDARY}`), 'transient'],
    ['has a second part', bodyOf(Buffer.from('abc'), `\r\n--${BOUNDARY}\r\n\r\nx\r\n--${BOUNDARY}--`), 'permanent'],
    ['has another part', Buffer.from(`--${BOUNDARY}\r\nContent-Disposition: form-data; name="log"\r\n\r\nx`), 'permanent'],
    ['has headers without an end', Buffer.alloc(100_000, 'x'), 'permanent'],
    ['is empty', Buffer.alloc(0), 'transient'],
  ])('is an error when the answer %s', async (_name, body, kind) => {
    await expect(readAll(open([body]))).rejects.toMatchObject({ name: 'NeuvectorError', kind });
  });

  it('is an error when the answer is no multipart at all', () => {
    expect(() => open([], 1, 'text/html')).toThrow('no multipart answer but "text/html"');
  });
});
