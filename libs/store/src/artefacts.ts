import type { Artefact } from '@tocsin/domain';
import { sql } from 'kysely';
import type { Queryable } from './store.js';
import { columnText, documentText, nullableColumnText, timeText } from './text.js';

/** False when it is there. */
export async function insertArtefact(tx: Queryable, artefact: Artefact): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await tx
    .insertInto('evidence')
    .values({
      id: artefact.id,
      action_id: columnText(artefact.action),
      incident_id: nullableColumnText(artefact.incident),
      collected_at: timeText(artefact.collected_at),
      ...changing(artefact),
    })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

export async function updateArtefact(tx: Queryable, artefact: Artefact): Promise<void> {
  await tx.updateTable('evidence').set(changing(artefact)).where('id', '=', artefact.id).execute();
}

function changing(artefact: Artefact) {
  return {
    retain_until: timeText(artefact.retain_until),
    held: artefact.legal_hold === undefined ? 0 : 1,
    deleted_at: artefact.deleted_at === undefined ? null : timeText(artefact.deleted_at),
    document: documentText(artefact),
  };
}

export async function getArtefact(db: Queryable, id: string): Promise<Artefact | undefined> {
  const row = await db.selectFrom('evidence').select('document').where('id', '=', columnText(id)).executeTakeFirst();
  return row === undefined ? undefined : (JSON.parse(row.document) as Artefact);
}

/** Of one action or one incident, the oldest first. */
export async function artefactsOf(db: Queryable, of: { action: string } | { incident: string }): Promise<Artefact[]> {
  const all = db.selectFrom('evidence').select('document').orderBy('collected_at').orderBy('id');
  const query = 'action' in of ? all.where('action_id', '=', columnText(of.action)) : all.where('incident_id', '=', columnText(of.incident));
  return (await query.execute()).map(({ document }) => JSON.parse(document) as Artefact);
}

/** What was collected since then for incidents that the subscription has a case of, with the incident's id: the newest, and those the oldest first. */
export async function artefactsOfCases(
  db: Queryable,
  subscription: string,
  since: string,
  limit: number,
): Promise<{ incident: string; artefact: Artefact }[]> {
  const rows = await db
    .selectFrom('evidence')
    .innerJoin('cases', 'cases.subject', 'evidence.incident_id')
    .select(['cases.subject', 'evidence.document'])
    .where('cases.subscription', '=', columnText(subscription))
    .where('cases.reference', 'is not', null)
    .where('cases.state', '!=', 'orphaned')
    .where('evidence.collected_at', '>=', timeText(since))
    .orderBy('evidence.collected_at', 'desc')
    .orderBy('evidence.id')
    .limit(limit)
    .execute();
  return rows.toReversed().map(({ subject, document }) => ({ incident: subject, artefact: JSON.parse(document) as Artefact }));
}

/** Those whose time is over, that nobody holds and whose bytes are still there. */
export async function expiredArtefacts(db: Queryable, now: string, limit: number): Promise<Artefact[]> {
  const rows = await db
    .selectFrom('evidence')
    .select('document')
    .where('deleted_at', 'is', null)
    .where('held', '=', sql.lit(0))
    .where('retain_until', '<', timeText(now))
    .orderBy('retain_until')
    .limit(limit)
    .execute();
  return rows.map(({ document }) => JSON.parse(document) as Artefact);
}
