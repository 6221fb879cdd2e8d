import type { Action, Digest, Incident } from '@tocsin/domain';
import { EventType } from '@tocsin/event-log';
import type { Delivery } from './channel.js';
import { delivery } from './contract.js';

/** A delivery of an event, as the pipeline would hand it to a channel. */
export function deliveryOf(kind: 'incident' | 'action' | 'digest', data: Incident | Action | Digest): Delivery {
  const type = { incident: EventType.Incident, action: EventType.Action, digest: EventType.Digest }[kind];
  const version = 'version' in data ? data.version : 1;
  const plain = delivery({ data });
  return { ...plain, event: { ...plain.event, id: `${data.id}/${version}`, type, severityId: data.severity_id } };
}
