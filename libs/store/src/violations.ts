import type { Violation } from '@tocsin/domain';
import { decodeCursor, paged, type Page, type Paged } from './paging.js';
import type { Queryable } from './store.js';
import { chunks, columnText, documentText, nullableColumnText } from './text.js';

export interface ViolationFilter {
  source?: string | undefined;
  kind?: string | undefined;
  name?: string | undefined;
  /** This severity or a higher one. */
  severity?: number | undefined;
  namespace?: string | undefined;
  workload?: string | undefined;
  /** At or after, RFC 3339 UTC. */
  since?: string | undefined;
  /** Before, RFC 3339 UTC. */
  until?: string | undefined;
}

/** Repeats of an id are left out: the first one stays. */
export async function insertViolations(db: Queryable, violations: readonly Violation[]): Promise<void> {
  for (const chunk of chunks(violations, 11)) {
    await db
      .insertInto('violations')
      .values(
        chunk.map((violation) => ({
          id: violation.id,
          time: violation.time,
          received_time: violation.received_time,
          source: violation.source,
          kind: violation.kind,
          name: columnText(violation.name),
          severity_id: violation.severity_id,
          cluster: columnText(violation.cluster),
          namespace: nullableColumnText(violation.workload.namespace),
          workload: nullableColumnText(violation.workload.name),
          document: documentText(violation),
        })),
      )
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
  }
}

export async function getViolation(db: Queryable, id: string): Promise<Violation | undefined> {
  const row = await db.selectFrom('violations').select('document').where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : (JSON.parse(row.document) as Violation);
}

export async function listViolations(db: Queryable, filter: ViolationFilter, page: Page): Promise<Paged<Violation>> {
  let query = db.selectFrom('violations').select(['id', 'time', 'document']).orderBy('time', 'desc').orderBy('id', 'desc').limit(page.limit + 1);
  for (const column of ['source', 'kind', 'name', 'namespace', 'workload'] as const) {
    const value = filter[column];
    if (value !== undefined) query = query.where(column, '=', columnText(value));
  }
  if (filter.severity !== undefined) query = query.where('severity_id', '>=', filter.severity);
  if (filter.since !== undefined) query = query.where('time', '>=', filter.since);
  if (filter.until !== undefined) query = query.where('time', '<', filter.until);
  if (page.cursor !== undefined) {
    const { time, id } = decodeCursor(page.cursor);
    query = query.where((eb) => eb.or([eb('time', '<', time), eb.and([eb('time', '=', time), eb('id', '<', id)])]));
  }
  const rows = await query.execute();
  return paged(rows, page.limit, (row) => ({ time: row.time, id: row.id }), (row) => JSON.parse(row.document) as Violation);
}
