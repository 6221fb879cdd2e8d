import { decodeCursor, paged, type Page, type Paged } from './paging.js';
import type { Queryable } from './store.js';
import { chunks, columnText } from './text.js';

export interface DeadLetterRow {
  /** `<partition>-<offset>` on the dead-letter topic. */
  id: string;
  /** When it was given up, RFC 3339 UTC. */
  time: string;
  stage: string;
  reason: string;
  component: string;
  message: string;
  key: string | null;
  value: Buffer;
  headers: Record<string, string>;
}

export interface DeadLetterFilter {
  stage?: string | undefined;
  reason?: string | undefined;
  component?: string | undefined;
  since?: string | undefined;
}

/** Repeats of an id are left out. */
export async function insertDeadLetters(db: Queryable, letters: readonly DeadLetterRow[]): Promise<void> {
  for (const chunk of chunks(letters, 9)) {
    await db
      .insertInto('dead_letters')
      .values(
        chunk.map((letter) => ({
          id: letter.id,
          time: letter.time,
          stage: columnText(letter.stage),
          reason: columnText(letter.reason),
          component: columnText(letter.component),
          message: columnText(letter.message),
          key: letter.key === null ? null : columnText(letter.key),
          value: letter.value,
          headers: JSON.stringify(letter.headers),
        })),
      )
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute();
  }
}

export async function getDeadLetter(db: Queryable, id: string): Promise<DeadLetterRow | undefined> {
  const row = await db.selectFrom('dead_letters').selectAll().where('id', '=', id).executeTakeFirst();
  return row === undefined ? undefined : { ...row, headers: JSON.parse(row.headers) as Record<string, string> };
}

export async function listDeadLetters(db: Queryable, filter: DeadLetterFilter, page: Page): Promise<Paged<DeadLetterRow>> {
  let query = db.selectFrom('dead_letters').selectAll().orderBy('time', 'desc').orderBy('id', 'desc').limit(page.limit + 1);
  for (const column of ['stage', 'reason', 'component'] as const) {
    const value = filter[column];
    if (value !== undefined) query = query.where(column, '=', columnText(value));
  }
  if (filter.since !== undefined) query = query.where('time', '>=', filter.since);
  if (page.cursor !== undefined) {
    const { time, id } = decodeCursor(page.cursor);
    query = query.where((eb) => eb.or([eb('time', '<', time), eb.and([eb('time', '=', time), eb('id', '<', id)])]));
  }
  const rows = await query.execute();
  return paged(rows, page.limit, (row) => ({ time: row.time, id: row.id }), (row) => ({ ...row, headers: JSON.parse(row.headers) as Record<string, string> }));
}
