import type { Silence } from '@tocsin/domain';
import { paged, placeOf, type Page, type Paged } from './paging.js';
import type { Queryable } from './store.js';
import { columnText, freeText, timeText } from './text.js';

export async function putSilence(db: Queryable, silence: Silence): Promise<void> {
  const { filter, author, comment } = silence;
  const texts = { filter: freeText(filter), author: freeText(author), comment: freeText(comment) };
  const row = {
    ...silence,
    ...texts,
    starts_at: timeText(silence.starts_at),
    ends_at: timeText(silence.ends_at),
    created_at: timeText(silence.created_at),
  };
  await db
    .insertInto('silences')
    .values(row)
    .onConflict((conflict) => conflict.column('id').doNothing())
    .execute();
}

/** Ends a silence at the time, unless it has ended before. False when there is none of this id. */
export async function expireSilence(db: Queryable, id: string, endsAt: string): Promise<boolean> {
  const time = timeText(endsAt);
  await db.updateTable('silences').set({ ends_at: time }).where('id', '=', columnText(id)).where('ends_at', '>', time).execute();
  return (await getSilence(db, id)) !== undefined;
}

export async function getSilence(db: Queryable, id: string): Promise<Silence | undefined> {
  return db.selectFrom('silences').selectAll().where('id', '=', columnText(id)).executeTakeFirst();
}

/** Those that end last come first. `activeAt`: only those that have begun and not ended at this time. */
export async function listSilences(db: Queryable, filter: { activeAt?: string | undefined }, page: Page): Promise<Paged<Silence>> {
  let query = db
    .selectFrom('silences')
    .selectAll()
    .orderBy('ends_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1);
  if (filter.activeAt !== undefined) {
    const time = timeText(filter.activeAt);
    query = query.where('starts_at', '<=', time).where('ends_at', '>', time);
  }
  const place = placeOf(page);
  if (place !== undefined) query = query.where((eb) => eb(eb.refTuple('ends_at', 'id'), '<', eb.tuple(place.time, place.id)));
  return paged(
    await query.execute(),
    page.limit,
    (row) => ({ time: row.ends_at, id: row.id }),
    (row) => row,
  );
}

/** All that have not ended at the time, also those that have not begun. */
export async function activeSilences(db: Queryable, now: string): Promise<Silence[]> {
  return db.selectFrom('silences').selectAll().where('ends_at', '>', timeText(now)).orderBy('id').execute();
}
