import { deliveryId } from '@tocsin/domain';
import { EventType, Topic, UndecodableRecord, type EventTypeName, type StoredRecord } from '@tocsin/event-log';
import type { Subscription } from '@tocsin/policy';
import type { Delivery } from '../channels/channel.js';

/** What a subscription reads: what its document says, and its own digests. */
export type Events = Subscription['spec']['events'] | 'digests';

export const TOPIC_OF: Record<Events, string> = {
  violations: Topic.Violations,
  incidents: Topic.Incidents,
  actions: Topic.Actions,
  digests: Topic.Digests,
};
const TYPE_OF: Record<Events, EventTypeName> = {
  violations: EventType.Violation,
  incidents: EventType.Incident,
  actions: EventType.Action,
  digests: EventType.Digest,
};

/** A record as the filter and the channel see it. */
export interface SubscribedEvent {
  data: object;
  /** Incidents and actions are published again with each change: which one this is, and which change. */
  subject: { id: string; version: number } | undefined;
  /** An incident that a silence or another incident mutes. */
  muted: boolean;
  delivery: Delivery;
}

/**
 * Throws `UndecodableRecord` when the record is not an event of that kind. With `unread`, nobody will look at its data: a
 * violation whose headers say all that is asked for is not parsed, which is a fifth of what passing it on costs.
 */
export function readEvent(record: StoredRecord, events: Events, subscription: string, unread = false): SubscribedEvent {
  const id = record.headers['ce_id'];
  const time = record.headers['ce_time'];
  const type = record.headers['ce_type'];
  if (id === undefined || time === undefined || type === undefined) throw new UndecodableRecord('ce_id, ce_time or ce_type is missing');
  if (type !== TYPE_OF[events]) throw new UndecodableRecord(`ce_type is "${type}", expected "${TYPE_OF[events]}"`);
  const told = { id, type, source: record.headers['ce_source'] ?? '', time };
  const severity = Number(record.headers['ce_severityid']);
  if (unread && events === 'violations' && Number.isInteger(severity)) return unreadEvent(record, { ...told, severityId: severity }, subscription);
  const data = parseObject(record.value);
  const { id: subjectId, version, severity_id: severityId, muted } = data as Record<string, unknown>;
  return {
    data,
    subject: typeof subjectId === 'string' && typeof version === 'number' ? { id: subjectId, version } : undefined,
    muted: events === 'incidents' && Array.isArray(muted) && muted.length > 0,
    delivery: {
      id: deliveryId(id, subscription),
      subscription,
      attempt: 1,
      event: { ...told, severityId: typeof severityId === 'number' ? severityId : 1 },
      data,
      body: record.value,
      content: { format: 'tocsin', mediaType: 'application/json', body: record.value },
    },
  };
}

/** A violation: it has no versions, and is not muted. */
function unreadEvent({ value }: StoredRecord, event: Delivery['event'], subscription: string): SubscribedEvent {
  const delivery: Delivery = {
    id: deliveryId(event.id, subscription),
    subscription,
    attempt: 1,
    event,
    get data() {
      return parseObject(value);
    },
    body: value,
    content: { format: 'tocsin', mediaType: 'application/json', body: value },
  };
  return {
    get data() {
      return delivery.data;
    },
    subject: undefined,
    muted: false,
    delivery,
  };
}

function parseObject(value: Buffer): object {
  let data: unknown;
  try {
    data = JSON.parse(value.toString('utf8'));
  } catch (cause) {
    throw new UndecodableRecord('the value is not JSON', { cause });
  }
  if (data === null || typeof data !== 'object' || Array.isArray(data)) throw new UndecodableRecord('the value is not a JSON object');
  return data;
}
