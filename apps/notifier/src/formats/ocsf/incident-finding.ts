import type { Incident, IncidentChange, IncidentStatus, ResolutionReason } from '@tocsin/domain';
import { attacksOf, baseEvent, epochMs, unlessEmpty, type Choice, type EventClass } from './base.js';

const CLASS: EventClass = { class: [2005, 'Incident Finding'], category: [2, 'Findings'], profiles: [] };

const STATUSES: Record<IncidentStatus, Choice> = {
  open: [1, 'New'],
  acknowledged: [2, 'In Progress'],
  contained: [2, 'In Progress'],
  resolved: [4, 'Resolved'],
};

const VERDICTS: Record<ResolutionReason, Choice> = {
  true_positive: [2, 'True Positive'],
  benign: [5, 'Benign'],
  false_positive: [1, 'False Positive'],
  duplicate: [10, 'Duplicate'],
  merged: [10, 'Duplicate'],
  other: [99, 'Other'],
  quiet: [7, 'Insufficient Data'],
};

/** An incident as OCSF Incident Finding. `finding_info_list` has the incident itself first, then its earliest violations. */
export function incidentFinding(incident: Incident): object {
  const { id, version, title, reason, rule, change, resolution, assignee, severity_id: severityId } = incident;
  const [statusId, status] = STATUSES[incident.status];
  const verdict = resolution === undefined ? undefined : VERDICTS[resolution.reason];
  return {
    ...baseEvent(CLASS, {
      activity: activityOf(change),
      severityId,
      time: incident.updated_at,
      message: title,
      uid: `${id}/${version}`,
      correlationUid: id,
    }),
    status_id: statusId,
    status,
    status_detail: incident.status,
    verdict_id: verdict?.[0],
    verdict: verdict?.[1],
    desc: reason,
    comment: incident.comment,
    count: incident.count,
    start_time: epochMs(incident.first_seen),
    end_time: epochMs(incident.last_seen),
    attacks: attacksOf(incident.attacks),
    // OCSF wants one of the two.
    ...(assignee === undefined || assignee === '' ? { assignee_group: { name: 'Unassigned' } } : { assignee: { name: assignee } }),
    finding_info_list: [
      {
        uid: id,
        title,
        desc: reason,
        types: ['incident'],
        analytic: { name: rule.name, version: rule.version, desc: rule.title, type_id: 1, type: 'Rule' },
        attacks: attacksOf(incident.attacks),
        first_seen_time: epochMs(incident.first_seen),
        last_seen_time: epochMs(incident.last_seen),
        modified_time: epochMs(incident.updated_at),
        related_events_count: incident.count,
        related_events: unlessEmpty(incident.violations.map(({ id: uid, time }) => ({ uid, type_uid: 200401, created_time: epochMs(time) }))),
      },
    ],
    unmapped: {
      change,
      cluster: incident.cluster,
      group: incident.group,
      entities: incident.entities,
      muted: incident.muted,
      resolution,
      merged_into: incident.merged_into,
      actor: incident.actor,
    },
  };
}

function activityOf(change: IncidentChange): Choice {
  switch (change) {
    case 'opened':
      return [1, 'Create'];
    case 'resolved':
    case 'merged':
      return [3, 'Close'];
    default:
      return [2, 'Update'];
  }
}
