import { randomUUID } from 'node:crypto';
import { VIOLATION_SCHEMA, actionKey, deliveryId, violationKey, type Action, type Incident, type Violation } from '@tocsin/domain';
import { EventType, Topic, directed, encodeEvent, type LogRecord } from '@tocsin/event-log';

export interface Drill {
  topic: string;
  record: LogRecord;
  event: string;
  /** Id of the delivery. */
  delivery: string;
}

const OWN = 'tocsin';
const TITLE = 'Drill: this is a test of the road to you, and nothing happened';

/**
 * A test event for one subscription alone: on the log it is directed, so that no rule, policy or other subscription sees
 * it. Of what receivers open tickets or call people for, it is one that is over already.
 */
export function drillFor(subscription: string, events: string, time: string): Drill {
  const id = randomUUID();
  const { topic, key, event, type, data } = eventOf(events, id, time);
  const record = encodeEvent(key, { id: event, type, source: '/tocsin/api', time }, { ...data, drill: true });
  return { topic, record: directed(record, `notifier.${subscription}`, 'drill'), event, delivery: deliveryId(event, subscription) };
}

function eventOf(events: string, id: string, time: string) {
  if (events === 'incidents') {
    return { topic: Topic.Incidents, key: id, event: `${id}/1`, type: EventType.Incident, data: incident(id, time) };
  }
  if (events === 'actions') {
    const data = action(id, time);
    return { topic: Topic.Actions, key: actionKey(data), event: `${id}/1`, type: EventType.Action, data };
  }
  const data = violation(id, time);
  return { topic: Topic.Violations, key: violationKey(data), event: id, type: EventType.Violation, data };
}

function violation(id: string, time: string): Violation {
  return {
    ...{ schema: VIOLATION_SCHEMA, id, source: OWN, kind: 'generic', name: 'Drill', message: `${TITLE}.`, severity_id: 1 },
    ...{ time, received_time: time, cluster: OWN, workload: {}, disposition: 'Detected', attacks: [], tags: ['drill'], count: 1, raw: '' },
  };
}

function incident(id: string, time: string): Incident {
  return {
    ...{ schema: 1, id, version: 1, change: 'resolved', status: 'resolved', rule: { name: 'drill', version: '1', title: 'Drill' } },
    ...{ title: TITLE, reason: `${TITLE}.`, severity_id: 1, cluster: OWN, group: {}, entities: [], attacks: [], count: 1, late: 0 },
    ...{ first_seen: time, last_seen: time, violations: [], resolution: { reason: 'other', by: OWN, time }, updated_at: time },
  };
}

function action(id: string, time: string): Action {
  return {
    ...{
      schema: 1,
      id,
      version: 1,
      state: 'succeeded',
      policy: 'drill',
      step: 'drill',
      type: 'drill',
      target: { type: 'workload', name: 'tocsin/drill' },
    },
    ...{ cluster: OWN, severity_id: 1, mode: 'observe', reason: `${TITLE}.`, time, created_at: time },
  };
}
