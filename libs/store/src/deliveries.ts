import { sql, type Expression, type ExpressionBuilder, type SqlBool } from 'kysely';
import { byKey, chunks } from './batches.js';
import { paged, placeOf, type Page, type Paged } from './paging.js';
import type { Database } from './schema.js';
import type { Queryable } from './store.js';
import { columnText, freeText, timeText } from './text.js';

/** `pending`: an attempt failed and there will be another; `dead`: with the dead letters. */
export type DeliveryState = 'pending' | 'delivered' | 'dead';

/** What became of one event at one subscription. */
export interface DeliveryRow {
  /** The id that the receiver sees. */
  id: string;
  subscription: string;
  eventId: string;
  state: DeliveryState;
  attempts: number;
  /** Where on the log the event is. */
  topic: string;
  partition: number;
  offset: number;
  /** When the log took it, RFC 3339. */
  loggedAt: string;
  /** When the first and the last attempt ended, RFC 3339. */
  firstAt: string;
  lastAt: string;
  /** Of the last attempt that failed; empty when none did. */
  reason: string;
  message: string;
}

export interface DeliveryFilter {
  subscription?: string | undefined;
  state?: DeliveryState | undefined;
  eventId?: string | undefined;
  /** Of an incident or action: events of all its versions. */
  about?: string | undefined;
}

const COLUMNS = 13;

/**
 * Adds to the ledger. `attempts` are those since the last call. What was delivered stays delivered, whatever happens when
 * it is sent again; otherwise the later attempt says how it stands, so that replicas may write in any order.
 */
export async function recordDeliveries(db: Queryable, rows: readonly DeliveryRow[]): Promise<void> {
  for (const chunk of chunks(
    byKey(rows, ({ id }) => id),
    COLUMNS,
  )) {
    await db
      .insertInto('deliveries')
      .values(
        chunk.map((row) => ({
          id: columnText(row.id),
          subscription: columnText(row.subscription),
          event_id: columnText(row.eventId),
          state: row.state,
          attempts: row.attempts,
          topic: columnText(row.topic),
          partition: row.partition,
          log_offset: row.offset,
          logged_at: timeText(row.loggedAt),
          first_at: timeText(row.firstAt),
          last_at: timeText(row.lastAt),
          reason: columnText(row.reason),
          message: freeText(row.message),
        })),
      )
      .onConflict((conflict) =>
        conflict.column('id').doUpdateSet({
          state: sql`case when deliveries.state = 'delivered' or deliveries.last_at > excluded.last_at and excluded.state <> 'delivered' then deliveries.state else excluded.state end`,
          attempts: sql`deliveries.attempts + excluded.attempts`,
          last_at: sql`case when deliveries.last_at > excluded.last_at then deliveries.last_at else excluded.last_at end`,
          reason: sql`case when excluded.reason = '' then deliveries.reason else excluded.reason end`,
          message: sql`case when excluded.reason = '' then deliveries.message else excluded.message end`,
        }),
      )
      .execute();
  }
}

export async function getDelivery(db: Queryable, id: string): Promise<DeliveryRow | undefined> {
  const row = await db.selectFrom('deliveries').selectAll().where('id', '=', columnText(id)).executeTakeFirst();
  return row === undefined ? undefined : fromRow(row);
}

/** Events with this id, and of every version of the incident or action with it: their events are called `<id>/<version>`. */
export function ofSubject(id: string): (eb: ExpressionBuilder<Database, 'deliveries'>) => Expression<SqlBool> {
  const text = columnText(id);
  // `0` is what follows `/`.
  return (eb) => eb.or([eb('event_id', '=', text), eb.and([eb('event_id', '>=', `${text}/`), eb('event_id', '<', `${text}0`)])]);
}

/** Those attempted last come first. */
export async function listDeliveries(db: Queryable, filter: DeliveryFilter, page: Page): Promise<Paged<DeliveryRow>> {
  let query = db
    .selectFrom('deliveries')
    .selectAll()
    .orderBy('last_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1);
  if (filter.subscription !== undefined) query = query.where('subscription', '=', columnText(filter.subscription));
  if (filter.eventId !== undefined) query = query.where('event_id', '=', columnText(filter.eventId));
  if (filter.about !== undefined) query = query.where(ofSubject(filter.about));
  if (filter.state !== undefined) query = query.where('state', '=', filter.state);
  // Says what the partial index wants to hear.
  if (filter.state === 'pending' || filter.state === 'dead') query = query.where('state', '<>', sql.lit('delivered'));
  const place = placeOf(page);
  if (place !== undefined) query = query.where((eb) => eb(eb.refTuple('last_at', 'id'), '<', eb.tuple(place.time, place.id)));
  return paged(await query.execute(), page.limit, (row) => ({ time: row.last_at, id: row.id }), fromRow);
}

/** The first offset of each partition with an event that ended at the subscription and that the log took in this time. */
export async function firstOffsets(
  db: Queryable,
  subscription: string,
  since: string,
  until: string,
): Promise<{ topic: string; partition: number; offset: number }[]> {
  const rows = await db
    .selectFrom('deliveries')
    .select(['topic', 'partition', ({ fn }) => fn.min<number>('log_offset').as('offset')])
    .where('subscription', '=', columnText(subscription))
    .where('last_at', '>=', timeText(since))
    .where('logged_at', '>=', timeText(since))
    .where('logged_at', '<', timeText(until))
    .groupBy(['topic', 'partition'])
    .execute();
  return rows.map(({ offset, ...rest }) => ({ ...rest, offset: Number(offset) }));
}

/** Deletes up to `limit` lines of before the time, the oldest first. Fewer than `limit` deleted: none are left. */
export async function pruneDeliveries(db: Queryable, before: string, limit: number): Promise<number> {
  const old = db.selectFrom('deliveries').select('id').where('last_at', '<', timeText(before)).orderBy('last_at').orderBy('id').limit(limit);
  return Number((await db.deleteFrom('deliveries').where('id', 'in', old).executeTakeFirst()).numDeletedRows);
}

interface Stored {
  id: string;
  subscription: string;
  event_id: string;
  state: string;
  attempts: number;
  topic: string;
  partition: number;
  log_offset: number;
  logged_at: string;
  first_at: string;
  last_at: string;
  reason: string;
  message: string;
}

function fromRow(row: Stored): DeliveryRow {
  const { event_id: eventId, log_offset, logged_at: loggedAt, first_at: firstAt, last_at: lastAt, state, attempts, ...rest } = row;
  return { ...rest, eventId, state: state as DeliveryState, attempts: Number(attempts), offset: Number(log_offset), loggedAt, firstAt, lastAt };
}
