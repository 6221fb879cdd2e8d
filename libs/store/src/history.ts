import type { IncidentChange, IncidentStatus } from '@tocsin/domain';
import { byKey, chunks } from './batches.js';
import { paged, placeOf, type Page, type Paged } from './paging.js';
import type { Queryable } from './store.js';
import { columnText, freeText, timeText } from './text.js';

export interface HistoryEntry {
  incidentId: string;
  version: number;
  time: string;
  change: IncidentChange;
  /** null when the correlator did it. */
  actor: string | null;
  comment: string | null;
  /** null when it was opened. */
  fromStatus: IncidentStatus | null;
  toStatus: IncidentStatus;
  severityId: number;
  count: number;
}

/** Only ever adds; a version that is there stays as it is. */
export async function addIncidentHistory(db: Queryable, entries: readonly HistoryEntry[]): Promise<void> {
  for (const chunk of chunks(
    byKey(entries, ({ incidentId, version }) => `${incidentId}/${version}`),
    10,
  )) {
    await db
      .insertInto('incident_history')
      .values(
        chunk.map((entry) => ({
          incident_id: entry.incidentId,
          version: entry.version,
          time: timeText(entry.time),
          change: entry.change,
          actor: entry.actor === null ? null : freeText(entry.actor),
          comment: entry.comment === null ? null : freeText(entry.comment),
          from_status: entry.fromStatus,
          to_status: entry.toStatus,
          severity_id: entry.severityId,
          count: entry.count,
        })),
      )
      .onConflict((conflict) => conflict.columns(['incident_id', 'version']).doNothing())
      .execute();
  }
}

/** The newest first. */
export async function incidentHistory(db: Queryable, incidentId: string, page: Page): Promise<Paged<HistoryEntry>> {
  let query = db
    .selectFrom('incident_history')
    .selectAll()
    .where('incident_id', '=', columnText(incidentId))
    .orderBy('version', 'desc')
    .limit(page.limit + 1);
  const place = placeOf(page);
  if (place !== undefined) query = query.where('version', '<', Number(place.id) || 0);
  return paged(
    await query.execute(),
    page.limit,
    (row) => ({ time: row.time, id: String(row.version) }),
    (row) => ({
      incidentId: row.incident_id,
      version: row.version,
      time: row.time,
      change: row.change as IncidentChange,
      actor: row.actor,
      comment: row.comment,
      fromStatus: row.from_status as IncidentStatus | null,
      toStatus: row.to_status as IncidentStatus,
      severityId: row.severity_id,
      count: row.count,
    }),
  );
}
