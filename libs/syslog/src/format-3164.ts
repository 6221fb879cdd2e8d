import { isIP } from 'node:net';
import type { OutgoingMessage } from './format.js';

const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const TAG_MAX = 32;
const HOSTNAME_MAX = 255;
const PID_MAX = 128;

/**
 * `<PRI>Mmm dd hh:mm:ss HOSTNAME TAG[PID]: MSG`, RFC 3164 section 4.1. It knows neither years nor time zones, structured
 * data nor character sets: times are UTC, `msgId` and `structuredData` are left out, and the message is one line of UTF-8.
 */
export function formatRfc3164({ facility, severity, timestamp, hostname, appName, procId, message }: OutgoingMessage): string {
  const tag = kept(appName, /[^\w.-]/g, TAG_MAX) || 'x';
  const pid = kept(procId, /[^\x21-\x5a\x5e-\x7e]/g, PID_MAX);
  const head = `<${facility * 8 + severity}>${shortTime(timestamp)} ${shortHost(hostname)} ${tag}${pid === '' ? '' : `[${pid}]`}:`;
  return `${head} ${message.replaceAll(/[\r\n]+/g, ' ')}`;
}

/** What is no time becomes the beginning of 1970: the header must have one. */
function shortTime(timestamp: string | undefined): string {
  const ms = Date.parse(timestamp ?? '');
  const time = new Date(Number.isNaN(ms) ? 0 : ms);
  const clock = time.toISOString().slice(11, 19);
  return `${MONTHS[time.getUTCMonth()]} ${String(time.getUTCDate()).padStart(2)} ${clock}`;
}

/** Without the domain, which the RFC forbids. */
function shortHost(hostname: string | undefined): string {
  const host = kept(hostname, /[^\x21-\x7e]/g, HOSTNAME_MAX);
  if (host === '') return '-';
  return isIP(host) === 0 ? (host.split('.', 1)[0] ?? host) || '-' : host;
}

function kept(text: string | undefined, unwanted: RegExp, max: number): string {
  return (text ?? '').replaceAll(unwanted, '').slice(0, max);
}
