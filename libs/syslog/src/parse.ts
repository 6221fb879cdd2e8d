/**
 * Reads one syslog message: RFC 5424, RFC 3164 (and what calls itself that), or bare text. Never throws: syslog has
 * no way to refuse, so whatever came is kept as the message.
 */

export interface SyslogMessage {
  form: 'rfc5424' | 'rfc3164' | 'bare';
  /** 0 to 23. RFC 3164 section 4.3.3 says 1 (user) when there is no PRI. */
  facility: number;
  /** 0 Emergency to 7 Debug. RFC 3164 section 4.3.3 says 5 (Notice) when there is no PRI. */
  severity: number;
  /** RFC 3339 UTC with milliseconds; absent when the sender gave none, or none that is a time. */
  time?: string;
  hostname?: string;
  /** APP-NAME; for RFC 3164 the TAG without its `[pid]:`. */
  appName?: string;
  procId?: string;
  msgId?: string;
  /** SD-ID → PARAM-NAME → value. Maps, because the names are the sender's choice. */
  structuredData: ReadonlyMap<string, ReadonlyMap<string, string>>;
  /** The free-form part without its byte order mark; invalid UTF-8 becomes U+FFFD. */
  message: string;
}

const DEFAULT_FACILITY = 1;
const DEFAULT_SEVERITY = 5;
const PRI_MAX = 191;
const BOM = '\uFEFF';

/** `nowMs` dates the timestamps of RFC 3164, which have no year; they are taken as UTC. */
export function parseSyslog(bytes: Buffer, nowMs: number): SyslogMessage {
  // Senders end a message with any of these, whatever the framing.
  const text = bytes.toString('utf8').replace(/[\r\n\0]+$/, '');
  const pri = /^<(\d{1,3})>/.exec(text);
  const value = Number(pri?.[1]);
  if (pri === null || value > PRI_MAX) return bare(text);
  const head = { facility: value >> 3, severity: value & 7 };
  const rest = text.slice(pri[0].length);
  return parse5424(rest, head) ?? parse3164(rest, head, nowMs);
}

function bare(text: string): SyslogMessage {
  return { form: 'bare', facility: DEFAULT_FACILITY, severity: DEFAULT_SEVERITY, structuredData: new Map(), message: stripBom(text) };
}

type Head = Pick<SyslogMessage, 'facility' | 'severity'>;

/** VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID, each at most as long as section 6 allows. */
const HEADER_5424 = /^1 (\S{1,40}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) /;

function parse5424(rest: string, head: Head): SyslogMessage | undefined {
  const header = HEADER_5424.exec(rest);
  if (header === null) return undefined;
  const data = parseStructuredData(rest, header[0].length);
  if (data === undefined) return undefined;
  const [, timestamp, hostname, appName, procId, msgId] = header;
  const time = readTime(timestamp);
  return {
    form: 'rfc5424',
    ...head,
    ...(time === undefined ? {} : { time }),
    ...present('hostname', hostname),
    ...present('appName', appName),
    ...present('procId', procId),
    ...present('msgId', msgId),
    structuredData: data.elements,
    message: stripBom(rest.slice(data.end).replace(/^ /, '')),
  };
}

function present<Name extends string>(name: Name, value: string | undefined): { [key in Name]?: string } {
  return value === undefined || value === '' || value === '-' ? {} : ({ [name]: value } as { [key in Name]: string });
}

interface StructuredData {
  elements: Map<string, Map<string, string>>;
  /** Index after it. */
  end: number;
}

/** SD-NAME: printable ASCII without `=`, space, `]` and `"`, 1 to 32 of them. Sticky, so that no text is copied. */
const SD_NAME = /[!#-<>-\\^-~]{1,32}/y;

/** undefined when it is not structured data. A repeated SD-ID (which section 6.3.2 forbids) is merged. */
function parseStructuredData(text: string, start: number): StructuredData | undefined {
  const elements = new Map<string, Map<string, string>>();
  if (text[start] === '-') return text[start + 1] === undefined || text[start + 1] === ' ' ? { elements, end: start + 1 } : undefined;
  let at = start;
  while (text[at] === '[') {
    const id = readName(text, at + 1);
    if (id === undefined) return undefined;
    const params = elements.get(id) ?? new Map<string, string>();
    elements.set(id, params);
    at += 1 + id.length;
    while (text[at] === ' ') {
      const name = readName(text, at + 1);
      if (name === undefined) return undefined;
      at += 1 + name.length;
      if (text[at] !== '=' || text[at + 1] !== '"') return undefined;
      const value = readQuoted(text, at + 2);
      if (value === undefined) return undefined;
      params.set(name, value.text);
      at = value.end;
    }
    if (text[at] !== ']') return undefined;
    at++;
  }
  if (at === start || (text[at] !== undefined && text[at] !== ' ')) return undefined;
  return { elements, end: at };
}

function readName(text: string, at: number): string | undefined {
  SD_NAME.lastIndex = at;
  return SD_NAME.exec(text)?.[0];
}

/** PARAM-VALUE: a backslash escapes only `"`, `\` and `]`; before anything else it is itself (section 6.3.3). */
function readQuoted(text: string, start: number): { text: string; end: number } | undefined {
  for (let at = start; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '"') return { text: text.slice(start, at).replace(/\\(["\\\]])/g, '$1'), end: at + 1 };
  }
  return undefined;
}

const RFC3339 = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:\d{2})$/;

function readTime(text: string | undefined): string | undefined {
  if (text === undefined || !RFC3339.test(text)) return undefined;
  const ms = Date.parse(text);
  return Number.isNaN(ms) ? undefined : new Date(ms).toISOString();
}

/** `Mmm dd hh:mm:ss`, the day padded with a space (or wrongly with 0), or RFC 3339 as newer senders write it. */
const HEADER_3164 = /^(?:([A-Z][a-z]{2}) +(\d{1,2}) (\d{2}):(\d{2}):(\d{2})|(\d{4}-\d{2}-\d{2}T\S{8,30})) (\S{1,255}) /;
const TAG_3164 = /^([^\s:[\]]{1,48})(?:\[([^\]\s]{0,128})\])?: ?/;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function parse3164(rest: string, head: Head, nowMs: number): SyslogMessage {
  const header = HEADER_3164.exec(rest);
  const structuredData = new Map<string, Map<string, string>>();
  if (header === null) return { form: 'rfc3164', ...head, structuredData, message: stripBom(rest) };
  const [whole, month, day, hour, minute, second, rfc3339, hostname] = header;
  const time = rfc3339 === undefined ? yearless(month, [day, hour, minute, second].map(Number), nowMs) : readTime(rfc3339);
  const content = rest.slice(whole.length);
  const tag = TAG_3164.exec(content);
  return {
    form: 'rfc3164',
    ...head,
    ...(time === undefined ? {} : { time }),
    ...present('hostname', hostname),
    ...present('appName', tag?.[1]),
    ...present('procId', tag?.[2]),
    structuredData,
    message: stripBom(tag === null ? content : content.slice(tag[0].length)),
  };
}

/** Takes the year that puts the time nearest to now: a message of 31 December may arrive on 1 January. */
function yearless(monthName: string | undefined, parts: readonly number[], nowMs: number): string | undefined {
  const month = MONTHS.indexOf(monthName ?? '');
  const [day = 0, hour = 0, minute = 0, second = 0] = parts;
  if (month < 0 || day < 1 || day > 31 || hour > 23 || minute > 59 || second > 60) return undefined;
  const year = new Date(nowMs).getUTCFullYear();
  const candidates = [year - 1, year, year + 1].map((candidate) => Date.UTC(candidate, month, day, hour, minute, second));
  const nearest = candidates.toSorted((a, b) => Math.abs(a - nowMs) - Math.abs(b - nowMs))[0];
  return nearest === undefined ? undefined : new Date(nearest).toISOString();
}

function stripBom(text: string): string {
  return text.startsWith(BOM) ? text.slice(BOM.length) : text;
}
