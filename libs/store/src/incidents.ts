import type { Incident } from '@tocsin/domain';
import { sql } from 'kysely';
import { byKey, chunks } from './batches.js';
import { locksRows } from './locking.js';
import { paged, placeOf, type Page, type Paged } from './paging.js';
import type { Queryable } from './store.js';
import { columnText, documentText, nullableColumnText, timeText } from './text.js';

/** An incident, and who looks after it. */
export interface IncidentRow {
  incident: Incident;
  /** The partition, as `topic/number`, whose owner tells of its changes. An incident keeps the one that it began with. */
  home: string;
  /** When its owner must look at it again, RFC 3339; null: never. */
  dueAt: string | null;
}

export interface IncidentFilter {
  status?: string | undefined;
  /** This severity or a higher one. */
  severity?: number | undefined;
  rule?: string | undefined;
  cluster?: string | undefined;
  /** One of those that the incident is about. */
  namespace?: string | undefined;
  /** Last seen at or after, RFC 3339. */
  since?: string | undefined;
  muted?: boolean | undefined;
  assignee?: string | undefined;
}

/** An older version never replaces a newer one. */
export async function upsertIncidents(db: Queryable, rows: readonly IncidentRow[]): Promise<void> {
  const newest = byKey(
    rows.toSorted((a, b) => a.incident.version - b.incident.version),
    ({ incident }) => incident.id,
  );
  for (const chunk of chunks(newest, 14)) {
    await db
      .insertInto('incidents')
      .values(
        chunk.map(({ incident, home, dueAt }) => ({
          id: incident.id,
          version: incident.version,
          status: incident.status,
          rule: columnText(incident.rule.name),
          severity_id: incident.severity_id,
          cluster: columnText(incident.cluster),
          first_seen: timeText(incident.first_seen),
          last_seen: timeText(incident.last_seen),
          document: documentText(incident),
          home,
          due_at: dueAt === null ? null : timeText(dueAt),
          muted: (incident.muted ?? []).length > 0 ? 1 : 0,
          assignee: nullableColumnText(incident.assignee),
          resolved_at: incident.status === 'resolved' ? timeText(incident.resolution?.time ?? incident.updated_at) : null,
        })),
      )
      .onConflict((conflict) =>
        conflict
          .column('id')
          .doUpdateSet((eb) => ({
            version: eb.ref('excluded.version'),
            status: eb.ref('excluded.status'),
            severity_id: eb.ref('excluded.severity_id'),
            first_seen: eb.ref('excluded.first_seen'),
            last_seen: eb.ref('excluded.last_seen'),
            document: eb.ref('excluded.document'),
            due_at: eb.ref('excluded.due_at'),
            muted: eb.ref('excluded.muted'),
            assignee: eb.ref('excluded.assignee'),
            resolved_at: eb.ref('excluded.resolved_at'),
          }))
          .where(sql<boolean>`excluded.version >= incidents.version`),
      )
      .execute();
  }
  await addNamespaces(
    db,
    newest.map(({ incident }) => incident),
  );
}

/** Namespaces are only ever added: an incident gains members and loses none. */
async function addNamespaces(db: Queryable, incidents: readonly Incident[]): Promise<void> {
  const rows = incidents.flatMap((incident) =>
    namespacesOf(incident).map((namespace) => ({ incident_id: incident.id, namespace: columnText(namespace) })),
  );
  for (const chunk of chunks(
    byKey(rows, (row) => `${row.incident_id}/${row.namespace}`),
    2,
  )) {
    await db
      .insertInto('incident_namespaces')
      .values(chunk)
      .onConflict((conflict) => conflict.columns(['incident_id', 'namespace']).doNothing())
      .execute();
  }
}

/** The namespace that it is grouped by, and those of its entities, whose names are `namespace/name`. */
function namespacesOf({ group, entities }: Incident): string[] {
  const namespaces = entities
    .filter(({ type, name }) => (type === 'workload' || type === 'pod') && name.includes('/'))
    .map(({ name }) => name.slice(0, name.indexOf('/')));
  const grouped = group['workload.namespace'];
  return [...new Set(grouped ? [grouped, ...namespaces] : namespaces)];
}

/** Those of the ids that exist. */
export async function getIncidents(db: Queryable, ids: readonly string[]): Promise<Map<string, Incident>> {
  const found = new Map<string, Incident>();
  for (const chunk of chunks(ids, 1)) {
    for (const row of await db.selectFrom('incidents').select(['id', 'document']).where('id', 'in', chunk.map(columnText)).execute()) {
      found.set(row.id, JSON.parse(row.document) as Incident);
    }
  }
  return found;
}

/**
 * Those of the ids that exist, for a change in the transaction `tx`: no other transaction changes them meanwhile. They are
 * locked in the order of their ids, so that two transactions cannot wait for one another. An incident that does not
 * exist cannot be locked, and need not be: only the owner of its home opens it. SQLite has one writer at a time anyway.
 */
export async function lockIncidents(tx: Queryable, ids: readonly string[]): Promise<Map<string, IncidentRow>> {
  const found = new Map<string, IncidentRow>();
  for (const chunk of chunks([...new Set(ids)].toSorted(), 1)) {
    let query = tx.selectFrom('incidents').select(['id', 'document', 'home', 'due_at']).where('id', 'in', chunk.map(columnText)).orderBy('id');
    if (locksRows(tx)) query = query.forUpdate();
    for (const row of await query.execute()) {
      found.set(row.id, { incident: JSON.parse(row.document) as Incident, home: row.home, dueAt: row.due_at });
    }
  }
  return found;
}

/** By when they were last seen: one that changes moves to the first page. */
export async function listIncidents(db: Queryable, filter: IncidentFilter, page: Page): Promise<Paged<Incident>> {
  let query = db
    .selectFrom('incidents')
    .select(['id', 'last_seen', 'document'])
    .orderBy('last_seen', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1);
  for (const column of ['status', 'rule', 'cluster', 'assignee'] as const) {
    const value = filter[column];
    if (value !== undefined) query = query.where(column, '=', columnText(value));
  }
  if (filter.severity !== undefined) query = query.where('severity_id', '>=', filter.severity);
  if (filter.muted !== undefined) query = query.where('muted', '=', sql.lit(filter.muted ? 1 : 0));
  if (filter.namespace !== undefined) {
    const inNamespace = db.selectFrom('incident_namespaces').select('incident_id').where('namespace', '=', columnText(filter.namespace));
    query = query.where('id', 'in', inNamespace);
  }
  if (filter.since !== undefined) query = query.where('last_seen', '>=', timeText(filter.since));
  const place = placeOf(page);
  if (place !== undefined) query = query.where((eb) => eb(eb.refTuple('last_seen', 'id'), '<', eb.tuple(place.time, place.id)));
  const rows = await query.execute();
  return paged(
    rows,
    page.limit,
    (row) => ({ time: row.last_seen, id: row.id }),
    (row) => JSON.parse(row.document) as Incident,
  );
}
