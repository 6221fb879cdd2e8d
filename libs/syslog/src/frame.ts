/** Octet counting, RFC 6587 section 3.4.1 (and RFC 5425): the length in bytes, a space, the message. */
export function frameOctetCounted(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

const LF = 0x0a;
const SPACE = 0x20;

/** Ended by a line feed, RFC 6587 section 3.4.2. Line feeds within the message, which would end it, become spaces. */
export function frameByLine(message: Buffer): Buffer {
  const framed = Buffer.alloc(message.length + 1, LF);
  message.copy(framed);
  for (let at = message.indexOf(LF); at >= 0; at = message.indexOf(LF, at + 1)) framed[at] = SPACE;
  return framed;
}
