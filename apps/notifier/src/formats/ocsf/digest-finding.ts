import type { Digest } from '@tocsin/domain';
import { baseEvent, epochMs, unlessEmpty, type EventClass } from './base.js';

const CLASS: EventClass = { class: [2004, 'Detection Finding'], category: [2, 'Findings'], profiles: [] };

/** A digest as one OCSF Detection Finding that counts the events. What OCSF has no place for is in `unmapped`. */
export function digestFinding(digest: Digest): object {
  const { id, events, reason, summary, count, names, workloads, sample, first_seen: first, last_seen: last, time } = digest;
  return {
    ...baseEvent(CLASS, { activity: [1, 'Create'], severityId: digest.severity_id, time, message: summary, uid: id }),
    status_id: 1,
    status: 'New',
    is_alert: true,
    // OCSF counts from one; a repeat brings nothing new.
    count: Math.max(1, count),
    start_time: epochMs(first),
    end_time: epochMs(last),
    finding_info: {
      uid: id,
      title: `${reason} of ${events}`,
      desc: summary,
      types: [events],
      first_seen_time: epochMs(first),
      last_seen_time: epochMs(last),
      created_time: epochMs(time),
      related_events: unlessEmpty(sample.map((uid) => ({ uid }))),
    },
    resources: unlessEmpty(workloads.values.map(({ value, count: times }) => ({ type: 'Workload', name: value, labels: [`count:${times}`] }))),
    unmapped: { subscription: digest.subscription, reason, group: digest.group, severities: digest.severities, names, workloads },
  };
}
