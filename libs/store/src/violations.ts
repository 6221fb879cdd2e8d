import type { SeverityId, Violation } from '@tocsin/domain';
import { sql } from 'kysely';
import { byKey, chunks } from './batches.js';
import { paged, placeOf, type Page, type Paged } from './paging.js';
import type { Queryable } from './store.js';
import { columnText, documentText, nullableColumnText, timeText } from './text.js';

export interface ViolationFilter {
  source?: string | undefined;
  kind?: string | undefined;
  name?: string | undefined;
  /** This severity or a higher one. */
  severity?: number | undefined;
  cluster?: string | undefined;
  namespace?: string | undefined;
  workload?: string | undefined;
  /** At or after, RFC 3339. */
  since?: string | undefined;
  /** Before, RFC 3339. */
  until?: string | undefined;
}

const HIGH: SeverityId = 4;
const TEXT_FILTERS = ['source', 'kind', 'name', 'cluster', 'namespace', 'workload'] as const;

/** Repeats of an id are left out: the first one stays. Returns how many were new. */
export async function insertViolations(db: Queryable, violations: readonly Violation[]): Promise<number> {
  let inserted = 0n;
  for (const chunk of chunks(
    byKey(violations.toReversed(), ({ id }) => id),
    10,
  )) {
    const result = await db
      .insertInto('violations')
      .values(
        chunk.map((violation) => ({
          id: violation.id,
          time: timeText(violation.time),
          source: columnText(violation.source),
          kind: columnText(violation.kind),
          name: columnText(violation.name),
          severity_id: violation.severity_id,
          cluster: columnText(violation.cluster),
          namespace: nullableColumnText(violation.workload.namespace),
          workload: nullableColumnText(violation.workload.name),
          document: documentText(violation),
        })),
      )
      .onConflict((conflict) => conflict.column('id').doNothing())
      .executeTakeFirst();
    inserted += result.numInsertedOrUpdatedRows ?? 0n;
  }
  return Number(inserted);
}

export async function getViolation(db: Queryable, id: string): Promise<Violation | undefined> {
  const row = await db.selectFrom('violations').select('document').where('id', '=', columnText(id)).executeTakeFirst();
  return row === undefined ? undefined : (JSON.parse(row.document) as Violation);
}

export async function listViolations(db: Queryable, filter: ViolationFilter, page: Page): Promise<Paged<Violation>> {
  let query = db
    .selectFrom('violations')
    .select(['id', 'time', 'document'])
    .orderBy('time', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1);
  for (const column of TEXT_FILTERS) {
    const value = filter[column];
    if (value !== undefined) query = query.where(column, '=', columnText(value));
  }
  if (filter.severity !== undefined) query = query.where('severity_id', '>=', filter.severity);
  // Says the condition of an index word by word, see the migration.
  if (filter.severity !== undefined && filter.severity >= HIGH) query = query.where('severity_id', '>=', sql.lit(HIGH));
  if (filter.since !== undefined) query = query.where('time', '>=', timeText(filter.since));
  if (filter.until !== undefined) query = query.where('time', '<', timeText(filter.until));
  const place = placeOf(page);
  if (place !== undefined) query = query.where((eb) => eb(eb.refTuple('time', 'id'), '<', eb.tuple(place.time, place.id)));
  const rows = await query.execute();
  return paged(
    rows,
    page.limit,
    (row) => row,
    (row) => JSON.parse(row.document) as Violation,
  );
}
