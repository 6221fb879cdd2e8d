import { asciiJson, cutToBytes, formatRfc3164, formatRfc5424, type OutgoingMessage, type StructuredElement } from '@tocsin/syslog';
import type { Delivery } from '../channel.js';
import type { SyslogConfig } from './config.js';

export type MessageConfig = Pick<
  SyslogConfig,
  'standard' | 'maxMessageBytes' | 'byteOrderMark' | 'hostname' | 'appName' | 'procId' | 'msgId' | 'enterpriseNumber' | 'facility' | 'severities'
>;

/** Formats whose readers want their own first letters first. */
const WITHOUT_MARK = new Set(['cef', 'leef']);
const JSON_TYPE = /^application\/(?:[\w.-]+\+)?json$/;

/**
 * The event, as its format writes it, in a message; our ids are in the structured data, or in the process id where there
 * is no structured data. One that is too long is cut, and says so. Undefined when not even its header fits.
 */
export function syslogMessage(delivery: Delivery, config: MessageConfig): string | undefined {
  const write = config.standard === 'rfc5424' ? formatRfc5424 : formatRfc3164;
  const parts = partsOf(delivery, config);
  const whole = write(parts);
  if (Buffer.byteLength(whole) <= config.maxMessageBytes) return whole;
  const { message: text } = parts;
  const told: OutgoingMessage = { ...parts, structuredData: structuredData(delivery, config, { truncated: String(Buffer.byteLength(text)) }) };
  const mark = ` [cut: ${Buffer.byteLength(text)} bytes]`;
  const room = config.maxMessageBytes - Buffer.byteLength(write({ ...told, message: mark }));
  return room < 0 ? undefined : write({ ...told, message: `${cutToBytes(text, room)}${mark}` });
}

function partsOf(delivery: Delivery, config: MessageConfig): OutgoingMessage {
  const { type, time } = delivery.event;
  const text = textOf(delivery);
  const mark = !isJson(delivery) && (config.byteOrderMark ?? !WITHOUT_MARK.has(delivery.content.format));
  return {
    facility: config.facility,
    severity: severityOf(delivery, config),
    timestamp: time,
    hostname: config.hostname,
    appName: config.appName,
    ...procId(delivery, config),
    msgId: config.msgId ?? type.split('.')[2] ?? type,
    structuredData: structuredData(delivery, config),
    message: text,
    // Decided by the whole text, so that cutting does not change it; JSON is ASCII here.
    byteOrderMark: mark && /[^\x00-\x7f]/.test(text),
  };
}

function procId({ id }: Delivery, { procId: configured, standard }: MessageConfig): { procId?: string } {
  if (configured !== undefined) return { procId: configured };
  return standard === 'rfc3164' ? { procId: id } : {};
}

function structuredData(delivery: Delivery, { enterpriseNumber }: MessageConfig, more: Record<string, string> = {}): StructuredElement[] {
  const { id, type } = delivery.event;
  const params = { delivery: delivery.id, event: id, type, subscription: delivery.subscription, ...more };
  return [{ id: `tocsin@${enterpriseNumber}`, params }];
}

function severityOf({ event }: Delivery, { severities }: MessageConfig): number {
  const { informational, low, medium, high, critical, fatal } = severities;
  return [informational, low, medium, high, critical, fatal][event.severityId - 1] ?? informational;
}

/** JSON as one line of ASCII, which no receiver garbles; other text with line ends and tabs, but no other controls. */
function textOf(delivery: Delivery): string {
  const { content } = delivery;
  const text = content.body.toString('utf8');
  if (isJson(delivery)) return asciiJson(text);
  return text.replaceAll(/\r\n?/g, '\n').replaceAll(/[\u0000-\u0008\u000b-\u001f\u007f]/g, ' ');
}

function isJson({ content }: Delivery): boolean {
  return content.mediaType === 'application/json' || JSON_TYPE.test(content.mediaType);
}
