import type { Incident } from '@tocsin/domain';
import { sql } from 'kysely';
import type { IncidentRow } from './incidents.js';
import type { Queryable } from './store.js';
import { columnText, timeText } from './text.js';

/** Incidents of these homes that are due at the time, the longest waiting first. */
export async function dueIncidents(db: Queryable, homes: readonly string[], now: string, limit: number): Promise<{ id: string; home: string }[]> {
  if (homes.length === 0) return [];
  return db
    .selectFrom('incidents')
    .select(['id', 'home'])
    .where('home', 'in', [...homes])
    .where('due_at', '<=', timeText(now))
    .orderBy('due_at')
    .limit(limit)
    .execute();
}

/** Incidents of these homes that are muted and not resolved, in the order of their ids, from the one after `after` on. */
export async function mutedIncidents(
  db: Queryable,
  homes: readonly string[],
  limit: number,
  after = '',
): Promise<Pick<IncidentRow, 'incident' | 'home'>[]> {
  if (homes.length === 0) return [];
  const rows = await db
    .selectFrom('incidents')
    .select(['document', 'home'])
    .where('muted', '=', sql.lit(1))
    .where('status', '!=', sql.lit('resolved'))
    .where('home', 'in', [...homes])
    .where('id', '>', after)
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(({ document, home }) => ({ home, incident: JSON.parse(document) as Incident }));
}

/** Incidents of these rules that are not resolved, the last seen first. */
export async function openIncidentsOfRules(db: Queryable, rules: readonly string[], limit: number): Promise<Incident[]> {
  if (rules.length === 0) return [];
  const rows = await db
    .selectFrom('incidents')
    .select('document')
    .where('rule', 'in', rules.map(columnText))
    .where('status', '!=', sql.lit('resolved'))
    .orderBy('last_seen', 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ document }) => JSON.parse(document) as Incident);
}
