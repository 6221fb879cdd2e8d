/**
 * Cuts a TCP stream into syslog messages. RFC 6587 knows two framings and no way to say which: octet counting
 * (`LEN SP MSG`) and a line feed at the end. Each frame is looked at by itself, because relays mix them.
 */

export interface Frame {
  bytes: Buffer;
  /** The message was longer than `maxBytes`; `bytes` is its beginning. */
  truncated: boolean;
}

const LF = 0x0a;
const SPACE = 0x20;
const LESS_THAN = 0x3c;
/** `LEN` of more digits is not a length: the frame is read as a line instead. */
const LENGTH_DIGITS_MAX = 7;
const INITIAL_BYTES = 4096;

/** Keeps at most `maxBytes` and a little, however long a message claims to be. One per connection. */
export class Deframer {
  readonly #maxBytes: number;
  #buffer = Buffer.allocUnsafe(INITIAL_BYTES);
  #start = 0;
  #end = 0;
  /** Where to go on looking for a line feed, so that a message that drips in is scanned once. */
  #scanned = 0;
  /** Bytes of an oversized counted message, or `line` for the rest of an oversized line, still to be thrown away. */
  #skip: number | 'line' = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The frames that this chunk completes. They own their bytes. */
  push(chunk: Buffer): Frame[] {
    const frames: Frame[] = [];
    let at = 0;
    while (at < chunk.length) {
      at += this.#skipFrom(chunk, at);
      // A big chunk goes in by pieces, so that the buffer stays as small as one message.
      const piece = chunk.subarray(at, at + this.#maxBytes + LENGTH_DIGITS_MAX + 1);
      this.#append(piece);
      at += piece.length;
      for (let frame = this.#next(); frame !== undefined; frame = this.#next()) frames.push(frame);
    }
    return frames;
  }

  /** The stream has ended: what is left is a message whose end got lost or was never sent. */
  end(): Frame[] {
    const rest = this.#buffer.subarray(this.#start, this.#end);
    const length = readLength(rest);
    const bytes = typeof length === 'object' ? rest.subarray(length.prefix) : rest;
    this.#start = this.#end = this.#scanned = 0;
    return bytes.length === 0 || this.#skip !== 0 ? [] : [{ bytes: Buffer.from(bytes), truncated: typeof length === 'object' }];
  }

  #skipFrom(chunk: Buffer, at: number): number {
    if (this.#skip === 'line') {
      const end = chunk.indexOf(LF, at);
      if (end < 0) return chunk.length - at;
      this.#skip = 0;
      return end + 1 - at;
    }
    const skipped = Math.min(this.#skip, chunk.length - at);
    this.#skip -= skipped;
    return skipped;
  }

  #append(piece: Buffer): void {
    if (this.#end + piece.length > this.#buffer.length) {
      const held = this.#end - this.#start;
      const needed = held + piece.length;
      const target = needed > this.#buffer.length ? Buffer.allocUnsafe(Math.max(needed, this.#buffer.length * 2)) : this.#buffer;
      this.#buffer.copy(target, 0, this.#start, this.#end);
      this.#buffer = target;
      this.#scanned -= this.#start;
      this.#start = 0;
      this.#end = held;
    }
    piece.copy(this.#buffer, this.#end);
    this.#end += piece.length;
  }

  #next(): Frame | undefined {
    // Some senders count octets and still end the message with a line feed, which then begins the next frame.
    while (this.#start < this.#end && (this.#buffer[this.#start] === LF || this.#buffer[this.#start] === 0x0d || this.#buffer[this.#start] === 0))
      this.#start++;
    this.#scanned = Math.max(this.#scanned, this.#start);
    const held = this.#buffer.subarray(this.#start, this.#end);
    if (held.length === 0) {
      this.#start = this.#end = this.#scanned = 0;
      return undefined;
    }
    const length = readLength(held);
    if (length === 'incomplete') return undefined;
    return length === 'line' ? this.#line() : this.#counted(held, length);
  }

  #counted(held: Buffer, { prefix, bytes }: CountedLength): Frame | undefined {
    const kept = Math.min(bytes, this.#maxBytes);
    if (held.length < prefix + kept) return undefined;
    const frame = { bytes: Buffer.from(held.subarray(prefix, prefix + kept)), truncated: kept < bytes };
    const available = Math.min(held.length, prefix + bytes);
    this.#start += available;
    this.#skip = prefix + bytes - available;
    return frame;
  }

  #line(): Frame | undefined {
    const found = this.#buffer.subarray(this.#scanned, this.#end).indexOf(LF);
    const lineEnd = found < 0 ? this.#end : this.#scanned + found;
    const bytes = lineEnd - this.#start;
    if (found < 0 && bytes <= this.#maxBytes) {
      this.#scanned = this.#end;
      return undefined;
    }
    const frame = {
      bytes: Buffer.from(this.#buffer.subarray(this.#start, this.#start + Math.min(bytes, this.#maxBytes))),
      truncated: bytes > this.#maxBytes,
    };
    if (found < 0) this.#skip = 'line';
    this.#start = this.#scanned = found < 0 ? this.#end : lineEnd + 1;
    return frame;
  }
}

interface CountedLength {
  /** Bytes of `LEN SP`. */
  prefix: number;
  bytes: number;
}

/**
 * `LEN SP <` begins a counted message; anything else is a line. A message never begins with a digit by itself,
 * except where the PRI is missing, hence the look at the `<`.
 */
function readLength(held: Buffer): CountedLength | 'line' | 'incomplete' {
  let bytes = 0;
  let digits = 0;
  for (; digits < held.length; digits++) {
    const digit = (held[digits] as number) - 0x30;
    if (digit < 0 || digit > 9) break;
    if (digits === LENGTH_DIGITS_MAX || (digits === 0 && digit === 0)) return 'line';
    bytes = bytes * 10 + digit;
  }
  if (digits === 0 && held.length > 0) return 'line';
  if (digits === held.length) return 'incomplete';
  if (held[digits] !== SPACE) return 'line';
  if (digits + 1 === held.length) return 'incomplete';
  return held[digits + 1] === LESS_THAN ? { prefix: digits + 1, bytes } : 'line';
}
