import { severityName, type Incident } from '@tocsin/domain';
import { oneLine, shorten } from '../../formats/text.js';
import type { Delivery } from '../channel.js';
import type { Message } from '../message.js';
import type { ServicenowConfig } from './config.js';

const SHORT_MAX = 160;
const LONG_MAX = 4_000;

/** By which a ticket is found again; `generation` counts the tickets of one incident. */
export function correlationId(incident: string, generation: number): string {
  return generation === 1 ? `tocsin-${incident}` : `tocsin-${incident}-${generation}`;
}

/** The incident that a correlation id names; undefined where it is none of ours. */
export function incidentOf(correlation: string): string | undefined {
  return /^tocsin-([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})(?:-\d+)?$/.exec(correlation)?.[1];
}

/** Marks all tickets of a subscription. */
export function correlationDisplay(subscription: string): string {
  return shorten(`Tocsin ${subscription}`, 100);
}

/** What a ticket says of its incident now. */
export function fieldsOf(incident: Incident, message: Message, { urgency, impact }: ServicenowConfig): Record<string, string> {
  const severity = severityName(incident.severity_id).toLowerCase() as keyof ServicenowConfig['urgency'];
  const lines = [
    message.text,
    '',
    ...message.fields.map(([name, value]) => `${name}: ${value}`),
    ...(message.link === undefined ? [] : ['', message.link]),
  ];
  return {
    short_description: plain(shorten(message.title, SHORT_MAX)),
    description: plain(shorten(lines.join('\n'), LONG_MAX)),
    urgency: urgency[severity],
    impact: impact[severity],
  };
}

/** A work note: what changed, by whom, and the id of the delivery, by which it is known whether it was written. */
export function noteOf({ change, status, actor, comment, severity_id: severity, count }: Incident, { id }: Delivery): string {
  const by = actor === undefined ? '' : ` by ${actor}`;
  const said = comment === undefined ? '' : `: ${comment}`;
  const now = `${severityName(severity)}, ${status}, ${count} ${count === 1 ? 'violation' : 'violations'}`;
  return plain(`Tocsin: ${change.replaceAll('_', ' ')}${shorten(oneLine(by + said), 2_000)} (${now})\nDelivery ${id}`);
}

/**
 * Journals show what stands between `[code]` and `[/code]` as HTML, and events hold what attackers write: a space without width makes
 * it plain text, https://www.servicenow.com/docs/r/washingtondc/platform-administration/c_JournalFields.html.
 */
export function plain(text: string): string {
  return text.replaceAll(/\[(\/?)(code)\]/gi, '[\u200b$1$2]');
}
