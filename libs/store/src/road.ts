import type { Incident } from '@tocsin/domain';
import type { DeliveryRow } from './deliveries.js';
import { listDeliveries, ofSubject } from './deliveries.js';
import type { Queryable } from './store.js';
import { columnText } from './text.js';

/** How a violation came into an incident. */
export interface Joined {
  incident: Incident;
  /** The rule that it matched, and the version of the incident's rule then. */
  rule: string;
  ruleVersion: string;
  late: boolean;
}

/** The incidents that hold a violation, by their ids. */
export async function incidentsOfViolation(db: Queryable, violationId: string, limit: number): Promise<Joined[]> {
  const rows = await db
    .selectFrom('incident_violations as member')
    .innerJoin('incidents', 'incidents.id', 'member.incident_id')
    .select(['incidents.document', 'member.rule', 'member.rule_version', 'member.late'])
    .where('member.violation_id', '=', columnText(violationId))
    .orderBy('member.incident_id')
    .limit(limit)
    .execute();
  return rows.map((row) => ({
    incident: JSON.parse(row.document) as Incident,
    rule: row.rule,
    ruleVersion: row.rule_version,
    late: row.late === 1,
  }));
}

/**
 * What the ledger has of events with these ids, and of every version of the incidents and actions with them: their events are called
 * `<id>/<version>`. Those attempted last come first, at most `limit` for each id.
 */
export async function deliveriesAbout(db: Queryable, ids: readonly string[], limit: number): Promise<DeliveryRow[]> {
  const found: DeliveryRow[] = [];
  for (const id of ids) {
    const versions = await db
      .selectFrom('deliveries')
      .select('event_id')
      .distinct()
      .where(ofSubject(id))
      .orderBy('event_id', 'desc')
      .limit(limit)
      .execute();
    for (const { event_id: eventId } of versions) found.push(...(await listDeliveries(db, { eventId }, { limit })).items);
  }
  return found.toSorted((a, b) => (a.lastAt < b.lastAt ? 1 : -1));
}
