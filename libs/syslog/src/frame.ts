/** Octet counting, RFC 6587 section 3.4.1 (and RFC 5425): the length in bytes, a space, the message. To be encoded in UTF-8. */
export function frameOctetCounted(message: string): string {
  return `${Buffer.byteLength(message)} ${message}`;
}

/** Ended by a line feed, RFC 6587 section 3.4.2. Line feeds within the message, which would end it, become spaces. */
export function frameByLine(message: string): string {
  return `${message.replaceAll('\n', ' ')}\n`;
}
