import type { Incident } from '@tocsin/domain';
import { EventType, Topic, encodeEvent } from '@tocsin/event-log';
import {
  addIncidentHistory,
  addIncidentViolations,
  lockIncidents,
  putOutbox,
  upsertIncidents,
  type IncidentRow,
  type IncidentViolation,
  type Queryable,
} from '@tocsin/store';
import type { Match } from '../rules/rule-kind.js';
import type { IncidentMembers } from './engine.js';
import { addMembers } from './incident.js';
import { parseDetails } from './match.js';
import type { Mutings } from './muting.js';
import type { RuleSet } from './rule-set.js';
import { tell, type Telling } from './telling.js';

export interface WriterDeps {
  rules: RuleSet;
  mutings: Mutings;
  /** RFC 3339. */
  now: string;
}

/** A version about to be written, and the one before it. */
export interface IncidentVersion {
  old: IncidentRow | undefined;
  incident: Incident;
  /** The partition that tells of it; of an incident that exists, the one that it has. */
  home: string;
}

/** Merges chain as operators chain them, not longer. */
const MERGES_MAX = 20;

/**
 * Adds members to incidents, in the transaction `tx`; returns the new versions. A violation that the incident holds
 * already changes nothing, so that whatever comes twice counts once.
 */
export async function writeMembers(
  tx: Queryable,
  home: string,
  members: ReadonlyMap<string, IncidentMembers>,
  deps: WriterDeps,
): Promise<Incident[]> {
  if (members.size === 0) return [];
  const rows = await lockIncidents(tx, [...members.keys()]);
  const joined = await redirect(tx, members, rows, deps.rules);
  const added = await addIncidentViolations(
    tx,
    [...joined].flatMap(([id, { rule, matches }]) => matches.map((match) => evidence(id, rule, match))),
  );
  const versions: IncidentVersion[] = [];
  for (const [id, { rule, group, matches }] of joined) {
    const fresh = new Map(matches.filter((match) => added.has(`${id}/${match.id}`)).map((match) => [match.id, match]));
    if (fresh.size === 0) continue;
    const old = rows.get(id);
    versions.push({ old, home: old?.home ?? home, incident: addMembers(id, old?.incident, rule, group, [...fresh.values()], deps.now) });
  }
  return writeVersions(tx, versions, deps);
}

/** Decides who hears of the new versions, and writes them with their history and what is to be told. */
export async function writeVersions(tx: Queryable, versions: readonly IncidentVersion[], deps: WriterDeps): Promise<Incident[]> {
  const { rules, mutings, now } = deps;
  const beside = versions.map(({ incident }) => incident);
  const told = versions.map((version): IncidentVersion & Telling => {
    const { old, incident } = version;
    const telling = tell(old?.incident, incident, mutings.of(incident, rules, now, beside), rules.byName.get(incident.rule.name), now);
    return { ...version, ...telling };
  });
  await write(tx, told);
  return told.map(({ incident }) => incident);
}

/** Writes what has been decided. */
export async function write(tx: Queryable, told: readonly (IncidentVersion & Telling)[]): Promise<void> {
  if (told.length === 0) return;
  await upsertIncidents(
    tx,
    told.map(({ incident, home, dueAt }) => ({ incident, home, dueAt })),
  );
  const published = told.filter(({ publish }) => publish);
  await addIncidentHistory(
    tx,
    published.map(({ old, incident }) => ({
      incidentId: incident.id,
      version: incident.version,
      time: incident.updated_at,
      change: incident.change,
      actor: incident.actor ?? null,
      comment: incident.comment ?? null,
      fromStatus: old?.incident.status ?? null,
      toStatus: incident.status,
      severityId: incident.severity_id,
      count: incident.count,
    })),
  );
  for (const home of new Set(published.map((version) => version.home))) {
    const records = published.filter((version) => version.home === home).map(({ incident }) => toRecord(incident));
    await putOutbox(tx, home, records);
  }
}

function toRecord(incident: Incident) {
  const { id, version, updated_at: time } = incident;
  return {
    topic: Topic.Incidents,
    ...encodeEvent(id, { id: `${id}/${version}`, type: EventType.Incident, source: '/tocsin/correlator', time }, incident),
  };
}

function evidence(id: string, rule: IncidentMembers['rule'], match: Match): IncidentViolation {
  return {
    incidentId: id,
    violationId: match.id,
    time: new Date(match.t).toISOString(),
    rule: rule.input === 'rule' ? match.k : rule.name,
    ruleVersion: rule.version,
    late: parseDetails(match.d).late,
  };
}

/** Members of an incident that was merged into another join that one; its row is locked and added to `rows`. */
async function redirect(
  tx: Queryable,
  members: ReadonlyMap<string, IncidentMembers>,
  rows: Map<string, IncidentRow>,
  rules: RuleSet,
): Promise<Map<string, IncidentMembers>> {
  const joined = new Map<string, IncidentMembers>();
  for (const [id, entry] of members) {
    let target = rows.get(id)?.incident;
    for (let merges = 0; target?.merged_into !== undefined && merges < MERGES_MAX; merges++) {
      const next: string = target.merged_into;
      if (!rows.has(next)) for (const [found, row] of await lockIncidents(tx, [next])) rows.set(found, row);
      target = rows.get(next)?.incident;
    }
    const to = target?.id ?? id;
    const own = target === undefined || to === id ? entry : asOf(target, entry, rules);
    const before = joined.get(to);
    joined.set(to, before === undefined ? own : { ...before, matches: [...before.matches, ...own.matches] });
  }
  return joined;
}

/** An incident that took another in goes on under its own rule and group. */
function asOf(target: Incident, { rule, matches }: IncidentMembers, rules: RuleSet): IncidentMembers {
  const own = rules.byName.get(target.rule.name) ?? rule;
  return { rule: own, matches, group: { values: target.group, key: JSON.stringify(Object.values(target.group)) } };
}
