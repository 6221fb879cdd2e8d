import { severityName, type Digest, type Incident } from '@tocsin/domain';
import { talkers } from '../formats/facts.js';
import { oneLine, shorten } from '../formats/text.js';
import type { CaseContent, CaseResolution, CaseStatus } from './system.js';

/** What was last written to a case: JSON, as it is in the store. */
export interface Written {
  title?: string;
  description?: string;
  severityId?: number;
  status?: CaseStatus;
  /** Ids of the artefacts that a comment told of. */
  evidence?: string[];
  /** Of the incident, at its last comment. */
  told?: Pick<Incident, 'status' | 'severity_id' | 'count'> & { assignee?: string | undefined };
}

const TITLE_MAX = 200;
const LIST_MAX = 20;

export function contentOfIncident(incident: Incident, link: string | undefined): CaseContent {
  const { rule, cluster, group, entities, attacks, violations } = incident;
  const lines = [
    incident.reason,
    '',
    `Severity: ${severityName(incident.severity_id)}`,
    `Rule: ${rule.name}`,
    `Cluster: ${cluster}`,
    ...Object.entries(group).map(([field, value]) => `${field}: ${value}`),
    ...(attacks.length === 0 ? [] : [`ATT&CK: ${attacks.map(({ technique, tactic }) => technique ?? tactic ?? '').join(', ')}`]),
    ...entities.slice(0, LIST_MAX).map(({ type, name }) => `${type}: ${name}`),
    `First seen: ${incident.first_seen}`,
    ...(violations.length === 0 ? [] : ['', 'First violations:', ...violations.slice(0, LIST_MAX).map(({ id, time }) => `${time} ${id}`)]),
    ...(link === undefined ? [] : ['', link]),
  ];
  return { title: titleOf(incident.severity_id, incident.title), description: lines.map(oneLine).join('\n'), severityId: incident.severity_id };
}

export function contentOfDigest(digest: Digest, link: string | undefined): CaseContent {
  const lines = [
    digest.summary,
    '',
    `Events: ${digest.count} ${digest.events}`,
    `Names: ${talkers(digest.names)}`,
    `Workloads: ${talkers(digest.workloads)}`,
    `From ${digest.first_seen} until ${digest.last_seen}`,
    ...(link === undefined ? [] : ['', link]),
  ];
  return {
    title: titleOf(digest.severity_id, `${digest.reason} of ${digest.events}`),
    description: lines.map(oneLine).join('\n'),
    severityId: digest.severity_id,
  };
}

function titleOf(severityId: Incident['severity_id'], title: string): string {
  return shorten(oneLine(`[${severityName(severityId)}] ${title}`), TITLE_MAX);
}

export function statusOf({ status }: Incident): CaseStatus {
  if (status === 'resolved') return 'done';
  return status === 'open' ? 'new' : 'in_progress';
}

export function resolutionOf({ resolution, merged_into: into }: Incident): CaseResolution | undefined {
  if (resolution === undefined) return undefined;
  const where = into === undefined ? '' : ` Merged into ${into}.`;
  return {
    reason: resolution.reason,
    comment: oneLine(`Resolved by ${resolution.by}: ${resolution.reason}. ${resolution.comment ?? ''}${where}`).trim(),
  };
}

/** What people should read of a change, bounded; undefined when nothing of it means anything to them. */
export function commentOf(incident: Incident, told: Written['told']): string | undefined {
  const { status, severity_id: severity, count, assignee, change, actor, comment, resolution } = incident;
  if (told === undefined) return undefined;
  const said = actor === undefined || actor === 'tocsin' ? '' : ` by ${actor}`;
  const parts = [
    ...(status === told.status ? [] : [`${status}${said}`]),
    ...(severity === told.severity_id ? [] : [`severity ${severityName(told.severity_id)} → ${severityName(severity)}`]),
    ...(assignee === told.assignee ? [] : [assignee === undefined ? 'no longer assigned' : `assigned to ${assignee}`]),
    // Ten times as many as people were told of: worth a line, and no more than a few lines ever.
    ...(count >= told.count * 10 ? [`${count} violations`] : []),
    ...(resolution === undefined || status === told.status ? [] : [resolution.reason]),
    ...(comment === undefined || (change !== 'noted' && status === told.status) ? [] : [`“${comment}”`]),
  ];
  return parts.length === 0 ? undefined : shorten(oneLine(parts.join('; ')), 2_000);
}
