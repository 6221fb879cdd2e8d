import type { Incident } from '@tocsin/domain';
import type { IncidentRow } from './incidents.js';
import type { Queryable } from './store.js';
import { columnText, timeText } from './text.js';

/** Incidents of these homes that are due at the time, the longest waiting first. */
export async function dueIncidents(db: Queryable, homes: readonly string[], now: string, limit: number): Promise<{ id: string; home: string }[]> {
  return db
    .selectFrom('incidents')
    .select(['id', 'home'])
    .where('home', 'in', [...homes])
    .where('due_at', '<=', timeText(now))
    .orderBy('due_at')
    .limit(limit)
    .execute();
}

/** Incidents of these homes that are muted and not resolved. */
export async function mutedIncidents(db: Queryable, homes: readonly string[], limit: number): Promise<Pick<IncidentRow, 'incident' | 'home'>[]> {
  const rows = await db
    .selectFrom('incidents')
    .select(['document', 'home'])
    .where('muted', '=', 1)
    .where('status', '!=', 'resolved')
    .where('home', 'in', [...homes])
    .orderBy('id')
    .limit(limit)
    .execute();
  return rows.map(({ document, home }) => ({ home, incident: JSON.parse(document) as Incident }));
}

/** Incidents of these rules that are not resolved. */
export async function openIncidentsOfRules(db: Queryable, rules: readonly string[], limit: number): Promise<Incident[]> {
  const rows = await db
    .selectFrom('incidents')
    .select('document')
    .where('rule', 'in', rules.map(columnText))
    .where('status', 'in', ['open', 'acknowledged', 'contained'])
    .orderBy('last_seen', 'desc')
    .limit(limit)
    .execute();
  return rows.map(({ document }) => JSON.parse(document) as Incident);
}
