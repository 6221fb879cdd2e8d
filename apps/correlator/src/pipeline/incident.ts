import {
  INCIDENT_ENTITIES_MAX,
  INCIDENT_EVIDENCE_INLINE,
  incidentId,
  type Incident,
  type IncidentChange,
  type IncidentStatus,
  type SeverityId,
} from '@tocsin/domain';
import type { Match } from '../rules/rule-kind.js';
import type { Group } from './group.js';
import { attackText, parseAttack, parseDetails, parseEntity } from './match.js';
import { reopened } from './lifecycle.js';
import { periodStart } from './period.js';
import type { CompiledRule } from './rule.js';

/** The incident that a member belongs to; `time` is the member's, in milliseconds. */
export function incidentIdOf(rule: CompiledRule, group: Group, time: number): string {
  const anchor = new Date(periodStart(time, rule.name, group.key, rule.reopenWithin)).toISOString();
  return incidentId(rule.name, rule.grouping, group.key, anchor);
}

/**
 * Adds members to an incident, or opens it. What it holds is a union, a minimum, a maximum or a count of its members,
 * so that their order does not matter. A resolved one reopens when a member is younger than its resolution. `now` is
 * RFC 3339.
 */
export function addMembers(
  id: string,
  old: Incident | undefined,
  rule: CompiledRule,
  group: Group,
  members: readonly Match[],
  now: string,
): Incident {
  const held = gather(old, rule, members);
  const recurs = old?.resolution !== undefined && members.some((member) => member.t > Date.parse(old.resolution?.time ?? ''));
  const before = recurs ? reopened(old) : old;
  const { actor: _actor, comment: _comment, ...rest } = before ?? {};
  const incident: Incident = {
    ...rest,
    schema: 1,
    id,
    version: (old?.version ?? 0) + members.length,
    change: 'opened',
    status: before?.status ?? 'open',
    rule: { name: rule.name, version: rule.version, title: rule.title },
    title: titleOf(rule, group),
    reason: `${held.count} ${held.count === 1 ? 'violation' : 'violations'} matched rule "${rule.name}", and ${rule.reducer.because}.`,
    severity_id: rule.severity,
    cluster: group.values['cluster'] ?? '',
    group: group.values,
    ...held,
    updated_at: now,
  };
  incident.severity_id = severityOf(rule, incident);
  incident.change = changeOf(old, incident);
  return incident;
}

type Held = Pick<Incident, 'entities' | 'attacks' | 'count' | 'late' | 'first_seen' | 'last_seen' | 'violations'>;

function gather(old: Held | undefined, rule: CompiledRule, members: readonly Match[]): Held {
  const details = members.map((member) => parseDetails(member.d));
  const added: Held = {
    entities: unite(details.flatMap(({ entities }) => entities)).map(parseEntity),
    attacks: unite([...rule.attacks.map(attackText), ...details.flatMap(({ attacks }) => attacks)]).map(parseAttack),
    count: members.length,
    late: details.filter(({ late }) => late).length,
    first_seen: new Date(Math.min(...members.map(({ t }) => t))).toISOString(),
    last_seen: new Date(Math.max(...members.map(({ t }) => t))).toISOString(),
    violations: earliest(members.map(({ id, t }) => ({ id, time: new Date(t).toISOString() }))),
  };
  return old === undefined ? added : uniteHeld(old, added);
}

/** What two incidents, or an incident and its new members, hold together. */
export function uniteHeld(a: Held, b: Held): Held {
  const texts = (held: Held): string[] => held.entities.map(({ type, name }) => `${type}:${name}`);
  return {
    entities: unite([...texts(a), ...texts(b)]).map(parseEntity),
    attacks: unite([...a.attacks, ...b.attacks].map(attackText)).map(parseAttack),
    count: a.count + b.count,
    late: a.late + b.late,
    first_seen: a.first_seen < b.first_seen ? a.first_seen : b.first_seen,
    last_seen: a.last_seen > b.last_seen ? a.last_seen : b.last_seen,
    violations: earliest([...a.violations, ...b.violations]),
  };
}

/** Union in text order, cut: the same set gives the same result in whatever order it was gathered. */
function unite(texts: readonly string[]): string[] {
  return [...new Set(texts)].toSorted().slice(0, INCIDENT_ENTITIES_MAX);
}

function earliest(violations: readonly { id: string; time: string }[]): { id: string; time: string }[] {
  return violations.toSorted((a, b) => (a.time + a.id < b.time + b.id ? -1 : 1)).slice(0, INCIDENT_EVIDENCE_INLINE);
}

/** By what it holds now, not by its history, so that it depends on the set of members only. */
function severityOf(rule: CompiledRule, incident: Incident): SeverityId {
  const passed = rule.escalate.filter(({ when }) => when.test(incident)).map(({ to }) => to);
  return Math.max(rule.severity, ...passed) as SeverityId;
}

function changeOf(old: Incident | undefined, incident: { status: IncidentStatus; severity_id: SeverityId }): IncidentChange {
  if (old === undefined) return 'opened';
  if (old.status === 'resolved' && incident.status !== 'resolved') return 'reopened';
  if (incident.severity_id !== old.severity_id) return incident.severity_id > old.severity_id ? 'escalated' : 'de_escalated';
  return 'updated';
}

/** "shop/web" for a workload's group, else the values in the order of the rule. */
function titleOf(rule: CompiledRule, group: Group): string {
  const where = Object.entries(group.values)
    .filter(([name, value]) => value !== '' && name !== 'cluster')
    .map(([, value]) => value)
    .join('/');
  return where === '' ? rule.title : `${rule.title} (${where})`;
}
