import { placeOf, encodeCursor, type Page } from './paging.js';
import type { Queryable } from './store.js';
import { timeText } from './text.js';

// What ended long ago is deleted some rows at a time: nothing is locked for long, and on SQLite, which answers at once,
// the caller gives others a turn between two calls.

/**
 * Deletes violations of before the time, except those in the trail of an incident that is kept. Goes through them from the
 * oldest on, looking at up to `limit` of them; goes on at `nextCursor`, which is absent when there are no more.
 * Incidents come first, see `pruneIncidents`: their trails keep violations.
 */
export async function pruneViolations(db: Queryable, before: string, page: Page): Promise<{ deleted: number; nextCursor?: string }> {
  const place = placeOf(page);
  let query = db.selectFrom('violations').select(['time', 'id']).where('time', '<', timeText(before));
  if (place !== undefined) query = query.where((eb) => eb(eb.refTuple('time', 'id'), '>', eb.tuple(place.time, place.id)));
  const last = await query
    .orderBy('time')
    .orderBy('id')
    .limit(1)
    .offset(page.limit - 1)
    .executeTakeFirst();
  let old = db
    .deleteFrom('violations')
    .where(({ exists, not, selectFrom }) =>
      not(exists(selectFrom('incident_violations').select('violation_id').whereRef('violation_id', '=', 'violations.id'))),
    );
  if (place !== undefined) old = old.where((eb) => eb(eb.refTuple('time', 'id'), '>', eb.tuple(place.time, place.id)));
  if (last === undefined) old = old.where('time', '<', timeText(before));
  else old = old.where((eb) => eb(eb.refTuple('time', 'id'), '<=', eb.tuple(last.time, last.id)));
  const deleted = Number((await old.executeTakeFirst()).numDeletedRows);
  return last === undefined ? { deleted } : { deleted, nextCursor: encodeCursor(last) };
}

/** Deletes up to `limit` dead letters of before the time, the oldest first. Fewer than `limit` deleted: none are left. */
export async function pruneDeadLetters(db: Queryable, before: string, limit: number): Promise<number> {
  const old = db.selectFrom('dead_letters').select('id').where('time', '<', timeText(before)).orderBy('time').orderBy('id').limit(limit);
  return Number((await db.deleteFrom('dead_letters').where('id', 'in', old).executeTakeFirst()).numDeletedRows);
}

/** Deletes up to `limit` silences that ended before the time. Fewer than `limit` deleted: none are left. */
export async function pruneSilences(db: Queryable, before: string, limit: number): Promise<number> {
  const old = db.selectFrom('silences').select('id').where('ends_at', '<', timeText(before)).orderBy('ends_at').orderBy('id').limit(limit);
  return Number((await db.deleteFrom('silences').where('id', 'in', old).executeTakeFirst()).numDeletedRows);
}

/**
 * Deletes up to `limit` outcomes of commands of before the time. A command whose outcome is gone would have its effect
 * again, so the time lies before what the log holds of commands. Fewer than `limit` deleted: none are left.
 */
export async function pruneCommands(db: Queryable, before: string, limit: number): Promise<number> {
  const old = db.selectFrom('incident_commands').select('id').where('time', '<', timeText(before)).orderBy('time').orderBy('id').limit(limit);
  return Number((await db.deleteFrom('incident_commands').where('id', 'in', old).executeTakeFirst()).numDeletedRows);
}
