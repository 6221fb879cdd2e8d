import type { Incident } from '@tocsin/domain';
import { decodeCursor, paged, type Page, type Paged } from './paging.js';
import type { Queryable } from './store.js';
import { chunks, columnText, documentText, nullableColumnText } from './text.js';

export interface IncidentFilter {
  status?: string | undefined;
  /** This severity or a higher one. */
  severity?: number | undefined;
  rule?: string | undefined;
  namespace?: string | undefined;
  /** Last seen at or after, RFC 3339 UTC. */
  since?: string | undefined;
}

export async function upsertIncidents(db: Queryable, incidents: readonly Incident[]): Promise<void> {
  for (const chunk of chunks(incidents, 10)) {
    await db
      .insertInto('incidents')
      .values(
        chunk.map((incident) => ({
          id: incident.id,
          version: incident.version,
          status: incident.status,
          rule: columnText(incident.rule.name),
          severity_id: incident.severity_id,
          cluster: columnText(incident.cluster),
          namespace: nullableColumnText(incident.group['workload.namespace']),
          first_seen: incident.first_seen,
          last_seen: incident.last_seen,
          document: documentText(incident),
        })),
      )
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet((eb) => ({
          version: eb.ref('excluded.version'),
          status: eb.ref('excluded.status'),
          severity_id: eb.ref('excluded.severity_id'),
          first_seen: eb.ref('excluded.first_seen'),
          last_seen: eb.ref('excluded.last_seen'),
          document: eb.ref('excluded.document'),
        })),
      )
      .execute();
  }
}

export async function getIncidents(db: Queryable, ids: readonly string[]): Promise<Map<string, Incident>> {
  const found = new Map<string, Incident>();
  for (const chunk of chunks(ids, 1)) {
    for (const row of await db.selectFrom('incidents').select(['id', 'document']).where('id', 'in', chunk).execute()) {
      found.set(row.id, JSON.parse(row.document) as Incident);
    }
  }
  return found;
}

export async function listIncidents(db: Queryable, filter: IncidentFilter, page: Page): Promise<Paged<Incident>> {
  let query = db.selectFrom('incidents').select(['id', 'last_seen', 'document']).orderBy('last_seen', 'desc').orderBy('id', 'desc').limit(page.limit + 1);
  if (filter.status !== undefined) query = query.where('status', '=', filter.status);
  if (filter.severity !== undefined) query = query.where('severity_id', '>=', filter.severity);
  if (filter.rule !== undefined) query = query.where('rule', '=', columnText(filter.rule));
  if (filter.namespace !== undefined) query = query.where('namespace', '=', columnText(filter.namespace));
  if (filter.since !== undefined) query = query.where('last_seen', '>=', filter.since);
  if (page.cursor !== undefined) {
    const { time, id } = decodeCursor(page.cursor);
    query = query.where((eb) => eb.or([eb('last_seen', '<', time), eb.and([eb('last_seen', '=', time), eb('id', '<', id)])]));
  }
  const rows = await query.execute();
  return paged(rows, page.limit, (row) => ({ time: row.last_seen, id: row.id }), (row) => JSON.parse(row.document) as Incident);
}

export interface IncidentViolation {
  incidentId: string;
  violationId: string;
  time: string;
}

export async function addIncidentViolations(db: Queryable, members: readonly IncidentViolation[]): Promise<void> {
  for (const chunk of chunks(members, 3)) {
    await db
      .insertInto('incident_violations')
      .values(chunk.map((member) => ({ incident_id: member.incidentId, violation_id: member.violationId, time: member.time })))
      .onConflict((conflict) => conflict.columns(['incident_id', 'violation_id']).doNothing())
      .execute();
  }
}

/** The evidence trail, newest first. */
export async function incidentViolations(db: Queryable, incidentId: string, page: Page): Promise<Paged<{ id: string; time: string }>> {
  let query = db
    .selectFrom('incident_violations')
    .select(['violation_id', 'time'])
    .where('incident_id', '=', incidentId)
    .orderBy('time', 'desc')
    .orderBy('violation_id', 'desc')
    .limit(page.limit + 1);
  if (page.cursor !== undefined) {
    const { time, id } = decodeCursor(page.cursor);
    query = query.where((eb) => eb.or([eb('time', '<', time), eb.and([eb('time', '=', time), eb('violation_id', '<', id)])]));
  }
  const rows = await query.execute();
  return paged(rows, page.limit, (row) => ({ time: row.time, id: row.violation_id }), (row) => ({ id: row.violation_id, time: row.time }));
}
