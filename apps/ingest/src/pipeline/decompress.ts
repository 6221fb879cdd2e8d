import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';

const inflate = promisify(gunzip);

export type Decompressed = { ok: true; body: Buffer } | { ok: false; status: 400 | 413 | 415; detail: string };

/** Undoes `Content-Encoding`. Inflating stops at `maxBytes`, so that a small body cannot become a huge one. */
export async function decompress(body: Buffer, encoding: string | undefined, maxBytes: number): Promise<Decompressed> {
  const name = (encoding ?? '').trim().toLowerCase();
  if (name === '' || name === 'identity') return { ok: true, body };
  if (name !== 'gzip' && name !== 'x-gzip') return { ok: false, status: 415, detail: 'the content encoding is not known; accepted: gzip, identity' };
  try {
    return { ok: true, body: await inflate(body, { maxOutputLength: maxBytes }) };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ERR_BUFFER_TOO_LARGE') {
      return { ok: false, status: 413, detail: `the body is larger than ${maxBytes} bytes when unpacked; send smaller batches` };
    }
    return { ok: false, status: 400, detail: 'the body is not valid gzip' };
  }
}
