import { sql } from 'kysely';
import { byKey, chunks } from './batches.js';
import { paged, placeOf, type Page, type Paged } from './paging.js';
import type { Database } from './schema.js';
import type { Queryable } from './store.js';
import { columnText, timeText } from './text.js';

export interface DeadLetterRow {
  /** `<partition>-<offset>` on the dead-letter topic. */
  id: string;
  /** When it was given up, RFC 3339. */
  time: string;
  /** These four are cut when they are long; the headers have them whole. */
  stage: string;
  reason: string;
  component: string;
  message: string;
  key: string | null;
  value: Buffer;
  headers: Record<string, string>;
}

/** Without the payload, which may have a megabyte. */
export type DeadLetterSummary = Omit<DeadLetterRow, 'value'> & { bytes: number };

export interface DeadLetterFilter {
  stage?: string | undefined;
  reason?: string | undefined;
  component?: string | undefined;
  /** At or after, RFC 3339. */
  since?: string | undefined;
  /** Before, RFC 3339. */
  until?: string | undefined;
}

const SUMMARY_COLUMNS = ['id', 'time', 'stage', 'reason', 'component', 'message', 'record_key', 'headers'] as const;

/** Repeats of an id are left out. Returns how many were new. */
export async function insertDeadLetters(db: Queryable, letters: readonly DeadLetterRow[]): Promise<number> {
  let inserted = 0n;
  for (const chunk of chunks(
    byKey(letters.toReversed(), ({ id }) => id),
    9,
  )) {
    const result = await db
      .insertInto('dead_letters')
      .values(
        chunk.map((letter) => ({
          id: letter.id,
          time: timeText(letter.time),
          stage: columnText(letter.stage),
          reason: columnText(letter.reason),
          component: columnText(letter.component),
          message: columnText(letter.message),
          record_key: letter.key === null ? null : JSON.stringify(letter.key),
          value: letter.value,
          headers: JSON.stringify(letter.headers),
        })),
      )
      .onConflict((conflict) => conflict.column('id').doNothing())
      .executeTakeFirst();
    inserted += result.numInsertedOrUpdatedRows ?? 0n;
  }
  return Number(inserted);
}

export async function getDeadLetter(db: Queryable, id: string): Promise<DeadLetterRow | undefined> {
  const row = await db
    .selectFrom('dead_letters')
    .select([...SUMMARY_COLUMNS, 'value'])
    .where('id', '=', columnText(id))
    .executeTakeFirst();
  return row === undefined ? undefined : fromRow(row);
}

export async function listDeadLetters(db: Queryable, filter: DeadLetterFilter, page: Page): Promise<Paged<DeadLetterSummary>> {
  let query = db
    .selectFrom('dead_letters')
    .select([...SUMMARY_COLUMNS, sql<number>`length(value)`.as('bytes')])
    .orderBy('time', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1);
  for (const column of ['stage', 'reason', 'component'] as const) {
    const value = filter[column];
    if (value !== undefined) query = query.where(column, '=', columnText(value));
  }
  if (filter.since !== undefined) query = query.where('time', '>=', timeText(filter.since));
  if (filter.until !== undefined) query = query.where('time', '<', timeText(filter.until));
  const place = placeOf(page);
  if (place !== undefined) query = query.where((eb) => eb(eb.refTuple('time', 'id'), '<', eb.tuple(place.time, place.id)));
  return paged(await query.execute(), page.limit, (row) => row, fromRow);
}

type Stored = Pick<Database['dead_letters'], 'record_key' | 'headers'>;

function fromRow<Row extends Stored>(row: Row): Omit<Row, keyof Stored> & { key: string | null; headers: Record<string, string> } {
  const { record_key, headers, ...rest } = row;
  return { ...rest, key: record_key === null ? null : (JSON.parse(record_key) as string), headers: JSON.parse(headers) as Record<string, string> };
}
