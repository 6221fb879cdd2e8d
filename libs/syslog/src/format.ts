/**
 * Writes RFC 5424 messages:
 *
 *     <PRI>1 TIMESTAMP HOSTNAME APP-NAME PROCID MSGID [SD] MSG
 *
 * and what RFC 3164 found senders to write (`format-3164.ts`).
 */

export interface OutgoingMessage {
  /** 0 to 23; 16 is local0. */
  facility: number;
  /** 0 Emergency to 7 Debug. */
  severity: number;
  /** RFC 3339; what is finer than microseconds is cut. Nil when absent, or when it is no such time. */
  timestamp?: string;
  hostname?: string;
  appName?: string;
  procId?: string;
  msgId?: string;
  structuredData?: readonly StructuredElement[];
  message: string;
  /**
   * Whether a byte order mark stands before the message, as the RFC wants it before UTF-8. Default: only where the message
   * is not ASCII, which needs none, and which receivers like better without.
   */
  byteOrderMark?: boolean;
}

export interface StructuredElement {
  /** `name@<private enterprise number>` or a name that IANA registered. */
  id: string;
  params: Readonly<Record<string, string>>;
}

/** Longest header fields, RFC 5424 section 6. */
const LIMITS = { hostname: 255, appName: 48, procId: 128, msgId: 32, sdName: 32 } as const;

const BOM = '\uFEFF';

/** One message without framing, to be encoded in UTF-8. Text of the sender's choosing cannot break out of its field. */
export function formatRfc5424(message: OutgoingMessage): string {
  const priority = message.facility * 8 + message.severity;
  const header = [
    `<${priority}>1`,
    timestamp(message.timestamp),
    headerField(message.hostname, LIMITS.hostname),
    headerField(message.appName, LIMITS.appName),
    headerField(message.procId, LIMITS.procId),
    headerField(message.msgId, LIMITS.msgId),
    structuredData(message.structuredData ?? []),
  ].join(' ');
  if (message.message === '') return header;
  const mark = (message.byteOrderMark ?? !isAscii(message.message)) ? BOM : '';
  return `${header} ${mark}${message.message}`;
}

/** The grammar of section 6.2.3: upper case T and Z, at most six digits of a second, no leap second. */
const TIMESTAMP =
  /^(\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(\.\d{1,6})?\d*(Z|[+-](?:[01]\d|2[0-3]):[0-5]\d)$/;

function timestamp(text: string | undefined): string {
  const [, seconds, fraction = '', zone] = TIMESTAMP.exec(text ?? '') ?? [];
  return seconds === undefined ? '-' : `${seconds}${fraction}${zone}`;
}

/** The largest beginning of the text that has at most so many bytes; no character is cut in two. */
export function cutToBytes(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= maxBytes) return text;
  let end = Math.max(0, maxBytes);
  // Bytes that go on with a character begin with the bits 10.
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

// What is told for every message is nearly always fine as it is, and one look is all that it costs then.
const PRINTABLE = /^[\x21-\x7e]+$/;
const PLAIN_NAME = /^[\x21\x23-\x3c\x3e-\x5c\x5e-\x7e]+$/;
const PLAIN_VALUE = /^[\x20\x21\x23-\x5b\x5e-\x7e]*$/;
const PLAIN_JSON = /^[\x20-\x7e]*$/;

/** Printable ASCII without space, cut; `-` (nil) when nothing is left. */
function headerField(text: string | undefined, limit: number): string {
  if (text !== undefined && text.length <= limit && PRINTABLE.test(text)) return text;
  const kept = (text ?? '').replaceAll(/[^\x21-\x7e]/g, '').slice(0, limit);
  return kept === '' ? '-' : kept;
}

function structuredData(elements: readonly StructuredElement[]): string {
  if (elements.length === 0) return '-';
  return elements
    .map(({ id, params }) => {
      const written = Object.entries(params).map(([name, value]) => ` ${sdName(name)}="${escapeValue(value)}"`);
      return `[${sdName(id)}${written.join('')}]`;
    })
    .join('');
}

function sdName(name: string): string {
  if (name.length <= LIMITS.sdName && PLAIN_NAME.test(name)) return name;
  const kept = name.replaceAll(/[^\x21-\x7e]|[="\]]/g, '').slice(0, LIMITS.sdName);
  return kept === '' ? 'x' : kept;
}

/** Only `"`, `\` and `]` are escaped (section 6.3.3); controls would break newline framing, so they become spaces. */
function escapeValue(value: string): string {
  if (PLAIN_VALUE.test(value)) return value;
  return value
    .toWellFormed()
    .replaceAll(/[\u0000-\u001f\u007f]/g, ' ')
    .replaceAll(/["\\\]]/g, '\\$&');
}

function isAscii(text: string): boolean {
  return !/[^\x00-\x7f]/.test(text);
}

/**
 * JSON as one line of ASCII: other characters as `\uXXXX`, so that no receiver's character set can garble it. Line ends
 * can only stand between its tokens, where a space says the same.
 */
export function asciiJson(json: string): string {
  if (PLAIN_JSON.test(json)) return json;
  return json
    .replaceAll(/[\u0000-\u001f]/g, ' ')
    .replaceAll(/[^\x00-\x7e]/g, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** OCSF `severity_id` (1 Informational … 6 Fatal) as syslog severity (6 Informational … 0 Emergency). */
export function syslogSeverity(severityId: number): number {
  return [6, 6, 5, 4, 3, 2, 0][severityId] ?? 6;
}
