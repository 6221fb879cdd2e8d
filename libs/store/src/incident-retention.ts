import { sql, type Transaction } from 'kysely';
import { locksRows } from './locking.js';
import type { Database } from './schema.js';
import { timeText } from './text.js';

/** Incidents looked at in one go. */
const STEP = 500;
/** What incidents have in other tables, with the rest of the key. */
const PARTS = [
  ['incident_violations', 'violation_id'],
  ['incident_history', 'version'],
  ['incident_namespaces', 'namespace'],
] as const;

/**
 * Deletes incidents that were resolved before the time, the longest resolved first, with their trail, history and
 * namespaces: up to `limit` rows of all of these. Fewer than `limit` deleted: none are left. A trail that is longer
 * takes several calls, and the incident goes with the last of it.
 *
 * What joins an incident that is gone opens it again from version 1, which others take for one they know. So the time
 * lies further back than any rule's `reopenWithin` (30 days at most) and than the violations that the log holds.
 * An incident that somebody is about to change is left for the next call.
 */
export async function pruneIncidents(tx: Transaction<Database>, before: string, limit: number): Promise<number> {
  let left = limit;
  while (left > 0) {
    const ids = await lockResolved(tx, before, Math.min(left, STEP));
    if (ids.length === 0) break;
    for (const [table, key] of PARTS) if (left > 0) left -= await removeRows(tx, table, key, ids, left);
    // With room left, nothing of these incidents is left but themselves.
    const gone = ids.slice(0, left);
    if (gone.length > 0) await tx.deleteFrom('incidents').where('id', 'in', gone).execute();
    left -= gone.length;
  }
  return limit - left;
}

async function lockResolved(tx: Transaction<Database>, before: string, limit: number): Promise<string[]> {
  let query = tx.selectFrom('incidents').select('id').where('resolved_at', '<', timeText(before)).orderBy('resolved_at').orderBy('id').limit(limit);
  if (locksRows(tx)) query = query.forUpdate().skipLocked();
  return (await query.execute()).map(({ id }) => id);
}

/** Up to `limit` rows of these incidents. */
async function removeRows(tx: Transaction<Database>, table: string, key: string, ids: readonly string[], limit: number): Promise<number> {
  const columns = sql`incident_id, ${sql.ref(key)}`;
  const rows = sql`select ${columns} from ${sql.table(table)} where incident_id in (${sql.join(ids)}) limit ${limit}`;
  const result = await sql`delete from ${sql.table(table)} where (${columns}) in (${rows})`.execute(tx);
  return Number(result.numAffectedRows);
}
