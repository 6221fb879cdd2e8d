import { INCIDENT_ENTITIES_MAX, INCIDENT_EVIDENCE_INLINE, incidentId, type Incident, type SeverityId } from '@tocsin/domain';
import type { Match } from '../rules/rule-kind.js';
import { attackText, parseAttack, parseEntity } from './match.js';
import { periodStart } from './period.js';
import type { CompiledRule, Group } from './rule.js';

/** The incident that a member belongs to. */
export function incidentIdOf(rule: CompiledRule, group: Group, member: Match): string {
  const anchor = new Date(periodStart(member.t, rule.name, group.key)).toISOString();
  return incidentId(rule.name, rule.version, group.key, anchor);
}

/**
 * Adds members to an incident, or opens it. Everything in it is a union, a minimum, a maximum or a count of its
 * members, so that their order does not matter.
 */
export function addMembers(id: string, old: Incident | undefined, rule: CompiledRule, group: Group, members: readonly Match[]): Incident {
  const times = members.map((member) => member.t);
  const first = Math.min(...times, old === undefined ? Infinity : Date.parse(old.first_seen));
  const last = Math.max(...times, old === undefined ? -Infinity : Date.parse(old.last_seen));
  const count = (old?.count ?? 0) + members.length;
  const severity = Math.max(rule.severity, old?.severity_id ?? 0) as SeverityId;
  const entities = mergeTexts(
    old?.entities.map(({ type, name }) => `${type}:${name}`) ?? [],
    members.flatMap((member) => member.e),
    INCIDENT_ENTITIES_MAX,
  );
  const attacks = mergeTexts(
    [...rule.attacks, ...(old?.attacks ?? [])].map(attackText),
    members.flatMap((member) => member.a),
    INCIDENT_ENTITIES_MAX,
  );
  const violations = [...(old?.violations ?? []), ...members.map((member) => ({ id: member.id, time: new Date(member.t).toISOString() }))]
    .toSorted((a, b) => (a.time + a.id < b.time + b.id ? -1 : 1))
    .slice(0, INCIDENT_EVIDENCE_INLINE);
  const where = describeGroup(group.values);
  return {
    schema: 1,
    id,
    version: (old?.version ?? 0) + members.length,
    change: changeOf(old, severity),
    status: old?.status ?? 'open',
    rule: { name: rule.name, version: rule.version, title: rule.title },
    title: where === '' ? rule.title : `${rule.title} (${where})`,
    reason: `${count} ${count === 1 ? 'violation' : 'violations'} matched rule "${rule.name}", and ${rule.reducer.because}.`,
    severity_id: severity,
    cluster: group.values['cluster'] ?? '',
    group: group.values,
    entities: entities.map(parseEntity),
    attacks: attacks.map(parseAttack),
    count,
    first_seen: new Date(first).toISOString(),
    last_seen: new Date(last).toISOString(),
    violations,
  };
}

function changeOf(old: Incident | undefined, severity: SeverityId): Incident['change'] {
  if (old === undefined) return 'opened';
  return severity > old.severity_id ? 'escalated' : 'updated';
}

/** Union in text order, cut: the same set gives the same result in whatever order it was gathered. */
function mergeTexts(a: readonly string[], b: readonly string[], max: number): string[] {
  return [...new Set([...a, ...b])].toSorted().slice(0, max);
}

/** "shop/web" for a workload's group, else the values in the order of the rule. */
function describeGroup(values: Record<string, string>): string {
  return Object.entries(values)
    .filter(([path, value]) => value !== '' && path !== 'cluster')
    .map(([, value]) => value)
    .join('/');
}
