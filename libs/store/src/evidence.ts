import type { Violation } from '@tocsin/domain';
import { byKey, chunks } from './batches.js';
import { paged, placeOf, type Page, type Paged } from './paging.js';
import type { Queryable } from './store.js';
import { columnText, timeText } from './text.js';

export interface IncidentViolation {
  incidentId: string;
  violationId: string;
  time: string;
}

/** Repeats are left out. */
export async function addIncidentViolations(db: Queryable, members: readonly IncidentViolation[]): Promise<void> {
  for (const chunk of chunks(
    byKey(members, ({ incidentId, violationId }) => `${incidentId}/${violationId}`),
    3,
  )) {
    await db
      .insertInto('incident_violations')
      .values(chunk.map((member) => ({ incident_id: member.incidentId, violation_id: member.violationId, time: timeText(member.time) })))
      .onConflict((conflict) => conflict.columns(['incident_id', 'violation_id']).doNothing())
      .execute();
  }
}

export interface Evidence {
  /** Of the violation. */
  id: string;
  time: string;
  /** Absent while the store does not hold it: not yet written, or no longer kept. */
  violation?: Violation;
}

/** The evidence trail, newest first. */
export async function incidentViolations(db: Queryable, incidentId: string, page: Page): Promise<Paged<Evidence>> {
  let query = db
    .selectFrom('incident_violations as member')
    .leftJoin('violations', 'violations.id', 'member.violation_id')
    .select(['member.violation_id', 'member.time', 'violations.document'])
    .where('member.incident_id', '=', columnText(incidentId))
    .orderBy('member.time', 'desc')
    .orderBy('member.violation_id', 'desc')
    .limit(page.limit + 1);
  const place = placeOf(page);
  if (place !== undefined) query = query.where((eb) => eb(eb.refTuple('member.time', 'member.violation_id'), '<', eb.tuple(place.time, place.id)));
  const rows = await query.execute();
  return paged(
    rows,
    page.limit,
    (row) => ({ time: row.time, id: row.violation_id }),
    ({ violation_id: id, time, document }) => (document === null ? { id, time } : { id, time, violation: JSON.parse(document) as Violation }),
  );
}
