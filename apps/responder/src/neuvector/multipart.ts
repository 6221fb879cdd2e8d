import type { Readable } from 'node:stream';
import { NeuvectorError } from './error.js';

const HEADERS_MAX_BYTES = 4_096;
const HEADERS_END = '\r\n\r\n';

/** A file on its way here. */
export interface Download {
  /** MUST be read once, to its end or not; throws `NeuvectorError`. */
  content: AsyncIterable<Buffer>;
  /** So far. */
  readonly bytes: number;
  /** There was more than was wanted; known when the content has ended. */
  readonly truncated: boolean;
}

/**
 * The file in an answer of one part (RFC 7578), as it comes: captures have up to 100 MB. An answer that ends before its last boundary is
 * an error, since nobody could tell what is missing.
 */
export function downloadOf(
  stream: Readable,
  contentType: string,
  { name, maxBytes, failure }: { name: string; maxBytes: number; failure: (error: unknown) => NeuvectorError },
): Download {
  const boundary = /^multipart\/form-data;\s*boundary="?([0-9A-Za-z'()+_,\-./:=?]{1,70})"?$/i.exec(contentType)?.[1];
  if (boundary === undefined) {
    stream.destroy();
    throw new NeuvectorError('permanent', `NeuVector gave no multipart answer but "${contentType.slice(0, 80)}".`);
  }
  const download = { bytes: 0, truncated: false };
  const source = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const more = async (held: Buffer): Promise<Buffer> => {
    const { done, value } = await source.next().catch((error: unknown) => {
      throw failure(error);
    });
    if (done === true) throw new NeuvectorError('transient', 'The answer of NeuVector ended in the middle of the capture.');
    return held.byteLength === 0 ? value : Buffer.concat([held, value]);
  };
  async function* read(): AsyncGenerator<Buffer, void, undefined> {
    try {
      yield* part(more, boundary ?? '', name, maxBytes, download);
    } finally {
      stream.destroy();
    }
  }
  return Object.assign(download, { content: read() });
}

type More = (held: Buffer) => Promise<Buffer>;

async function* part(
  more: More,
  boundary: string,
  name: string,
  maxBytes: number,
  told: { bytes: number; truncated: boolean },
): AsyncGenerator<Buffer, void, undefined> {
  let held = await skipHeaders(more, boundary, name);
  const delimiter = Buffer.from(`\r\n--${boundary}`);
  for (;;) {
    const end = held.indexOf(delimiter);
    // What may be the start of a boundary is kept back until more has come.
    const ready = end === -1 ? Math.max(0, held.byteLength - delimiter.byteLength + 1) : end;
    if (ready > maxBytes - told.bytes) {
      const last = held.subarray(0, maxBytes - told.bytes);
      told.bytes = maxBytes;
      told.truncated = true;
      if (last.byteLength > 0) yield last;
      return;
    }
    if (ready > 0) {
      told.bytes += ready;
      yield held.subarray(0, ready);
      held = held.subarray(ready);
    }
    if (end !== -1) {
      while (held.byteLength < delimiter.byteLength + 2) held = await more(held);
      if (held.toString('latin1', delimiter.byteLength, delimiter.byteLength + 2) === '--') return;
      throw new NeuvectorError('permanent', 'The answer of NeuVector has more than one part.');
    }
    held = await more(held);
  }
}

/** Resolves to what came behind the part's headers. */
async function skipHeaders(more: More, boundary: string, name: string): Promise<Buffer> {
  let held = await more(Buffer.alloc(0));
  for (;;) {
    const end = held.indexOf(HEADERS_END);
    if (end !== -1) {
      const [first, ...headers] = held.toString('latin1', 0, end).split('\r\n');
      const named = headers.some((header) => /^content-disposition:/i.test(header) && header.includes(`name="${name}"`));
      if (first !== `--${boundary}` || !named) break;
      return held.subarray(end + HEADERS_END.length);
    }
    if (held.byteLength > HEADERS_MAX_BYTES) break;
    held = await more(held);
  }
  throw new NeuvectorError('permanent', `The answer of NeuVector has no part "${name}".`);
}
