/** Octet counting, RFC 6587 section 3.4.1 (and RFC 5425): the length in bytes, a space, the message. */
export function frameOctetCounted(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}
