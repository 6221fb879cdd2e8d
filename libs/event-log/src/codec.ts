/**
 * Events on the log: CloudEvents 1.0 Kafka binding, binary mode. Attributes travel in `ce_*` headers, the value is
 * the data as JSON, so that a consumer can route without parsing.
 */
import type { LogRecord } from './port.js';

/** CloudEvents `type` of each thing on the log. */
export const EventType = {
  Violation: 'dev.tocsin.violation.v1',
  Signal: 'dev.tocsin.signal.v1',
  Incident: 'dev.tocsin.incident.v1',
  Action: 'dev.tocsin.action.v1',
  Digest: 'dev.tocsin.digest.v1',
  Command: 'dev.tocsin.command.v1',
} as const;

export type EventTypeName = (typeof EventType)[keyof typeof EventType];

export interface EventAttributes {
  /** Unique with `source`; consumers drop repeats by it. */
  id: string;
  type: EventTypeName;
  /** URI reference of the producer, for example `/tocsin/ingest/falco`. */
  source: string;
  /** RFC 3339. */
  time: string;
  traceparent?: string;
  /** OCSF `severity_id` of what it is about, so that it can be passed on without being parsed. */
  severityId?: number;
}

export function encodeEvent(key: string, attributes: EventAttributes, data: unknown): LogRecord {
  const headers: Record<string, string> = {
    ce_specversion: '1.0',
    ce_id: attributes.id,
    ce_type: attributes.type,
    ce_source: attributes.source,
    ce_time: attributes.time,
    'content-type': 'application/json',
  };
  if (attributes.traceparent !== undefined) headers['traceparent'] = attributes.traceparent;
  if (attributes.severityId !== undefined) headers['ce_severityid'] = String(attributes.severityId);
  return { key, value: Buffer.from(JSON.stringify(data)), headers };
}

/** The record's bytes are not what its topic holds: poison, for the dead letters. */
export class UndecodableRecord extends Error {
  override readonly name = 'UndecodableRecord';
}

/** Parses the value and checks only that it is a JSON object of the expected type: producers are our own services. */
export function decodeEvent<T extends object>(record: LogRecord, type: EventTypeName): T {
  const found = record.headers['ce_type'];
  if (found !== type) throw new UndecodableRecord(`ce_type is "${found ?? ''}", expected "${type}"`);
  let data: unknown;
  try {
    data = JSON.parse(record.value.toString('utf8'));
  } catch (cause) {
    throw new UndecodableRecord('the value is not JSON', { cause });
  }
  if (data === null || typeof data !== 'object' || Array.isArray(data)) {
    throw new UndecodableRecord('the value is not a JSON object');
  }
  return data as T;
}
