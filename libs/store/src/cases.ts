import { paged, placeOf, type Page, type Paged } from './paging.js';
import type { Queryable } from './store.js';
import { columnText, freeText, timeText } from './text.js';

/**
 * States of a case, which is what an incident is in a ticket system:
 *
 * - `creating`: the row is taken, and the system is being asked to make it.
 * - `unknown`: it was asked, and what became of that is not known; a search decides.
 * - `open`, `closed`: it is there.
 * - `orphaned`: it is gone, or cannot be written; `reason` says why. Nothing more is told to it.
 */
export type CaseStateName = 'creating' | 'unknown' | 'open' | 'closed' | 'orphaned';

export interface CaseRow {
  subscription: string;
  /** Id of the incident, or of a digest. */
  subject: string;
  state: CaseStateName;
  /** The system's own id of it; undefined while there is none. */
  reference: string | undefined;
  /** What people call it, such as SEC-7. */
  name: string | undefined;
  url: string | undefined;
  /** Why it is orphaned; else empty. */
  reason: string;
  /** Of the incident, the last one that the case tells; 0 while it tells none. */
  version: number;
  /** What was last written, the notifier's, as JSON text. */
  written: string;
  /** When the system was last asked to make it, RFC 3339. */
  attemptedAt: string | undefined;
  createdAt: string;
  updatedAt: string;
}

/**
 * Takes the row of a case for a while, makes it where there is none, and gives it; undefined while another process has it.
 * Whoever has it is the only one to write to the case.
 */
export async function claimCase(
  db: Queryable,
  { subscription, subject }: Pick<CaseRow, 'subscription' | 'subject'>,
  { by, now, until }: { by: string; now: string; until: string },
): Promise<CaseRow | undefined> {
  const key = { subscription: columnText(subscription), subject: columnText(subject) };
  await db
    .insertInto('cases')
    .values({ ...key, state: 'creating', reason: '', version: 0, written: '{}', created_at: timeText(now), updated_at: timeText(now) })
    .onConflict((conflict) => conflict.columns(['subscription', 'subject']).doNothing())
    .execute();
  const { numUpdatedRows } = await db
    .updateTable('cases')
    .set({ claimed_by: by, claimed_until: timeText(until) })
    .where('subscription', '=', key.subscription)
    .where('subject', '=', key.subject)
    .where((eb) => eb.or([eb('claimed_until', 'is', null), eb('claimed_until', '<=', timeText(now)), eb('claimed_by', '=', by)]))
    .executeTakeFirst();
  return numUpdatedRows === 1n ? getCase(db, subscription, subject) : undefined;
}

export type CaseChange = Partial<Pick<CaseRow, 'state' | 'reference' | 'name' | 'url' | 'reason' | 'version' | 'written' | 'attemptedAt'>>;

/** False, with nothing changed, when the claim was lost. */
export async function changeCase(
  db: Queryable,
  { subscription, subject }: Pick<CaseRow, 'subscription' | 'subject'>,
  by: string,
  { attemptedAt, reason, written, ...plain }: CaseChange,
  now: string,
): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('cases')
    .set({
      ...plain,
      ...(attemptedAt !== undefined && { attempted_at: timeText(attemptedAt) }),
      ...(reason !== undefined && { reason: freeText(reason) }),
      ...(written !== undefined && { written: freeText(written) }),
      updated_at: timeText(now),
    })
    .where('subscription', '=', columnText(subscription))
    .where('subject', '=', columnText(subject))
    .where('claimed_by', '=', by)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/**
 * For systems that take a case by comparing: writes it when `written` is still what it was, undefined: when there is none.
 * False, with nothing changed, when another was faster.
 */
export async function putCase(
  db: Queryable,
  row: Omit<CaseRow, 'attemptedAt' | 'createdAt' | 'updatedAt'>,
  before: string | undefined,
  now: string,
): Promise<boolean> {
  const { reference, name, url } = row;
  const key = { subscription: columnText(row.subscription), subject: columnText(row.subject) };
  const parts = {
    state: row.state,
    reference: reference === undefined ? null : columnText(reference),
    name: name === undefined ? null : columnText(name),
    url: url === undefined ? null : columnText(url),
    reason: freeText(row.reason),
    version: row.version,
    written: freeText(row.written),
    updated_at: timeText(now),
  };
  if (before === undefined) {
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('cases')
      .values({ ...key, ...parts, created_at: timeText(now) })
      .onConflict((conflict) => conflict.columns(['subscription', 'subject']).doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n;
  }
  const { numUpdatedRows } = await db
    .updateTable('cases')
    .set(parts)
    .where('subscription', '=', key.subscription)
    .where('subject', '=', key.subject)
    .where('written', '=', freeText(before))
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** As if there had never been one; only where the system said that it made none. */
export async function dropCase(db: Queryable, { subscription, subject }: Pick<CaseRow, 'subscription' | 'subject'>): Promise<void> {
  await db.deleteFrom('cases').where('subscription', '=', columnText(subscription)).where('subject', '=', columnText(subject)).execute();
}

export async function releaseCase(db: Queryable, { subscription, subject }: Pick<CaseRow, 'subscription' | 'subject'>, by: string): Promise<void> {
  await db
    .updateTable('cases')
    .set({ claimed_by: null, claimed_until: null })
    .where('subscription', '=', columnText(subscription))
    .where('subject', '=', columnText(subject))
    .where('claimed_by', '=', by)
    .execute();
}

export async function getCase(db: Queryable, subscription: string, subject: string): Promise<CaseRow | undefined> {
  const row = await db
    .selectFrom('cases')
    .selectAll()
    .where('subscription', '=', columnText(subscription))
    .where('subject', '=', columnText(subject))
    .executeTakeFirst();
  return row === undefined ? undefined : read(row);
}

/** The case that the system calls so; undefined when it is none of ours. */
export async function findCase(db: Queryable, subscription: string, reference: string): Promise<CaseRow | undefined> {
  const row = await db
    .selectFrom('cases')
    .selectAll()
    .where('subscription', '=', columnText(subscription))
    .where('reference', '=', columnText(reference))
    .executeTakeFirst();
  return row === undefined ? undefined : read(row);
}

/** All cases of an incident. */
export async function casesOf(db: Queryable, subject: string): Promise<CaseRow[]> {
  const rows = await db.selectFrom('cases').selectAll().where('subject', '=', columnText(subject)).orderBy('subscription').execute();
  return rows.map(read);
}

export interface CaseFilter {
  subscription?: string | undefined;
  state?: CaseStateName | undefined;
}

/** All cases, newest first. */
export async function listCases(db: Queryable, { subscription, state }: CaseFilter, page: Page): Promise<Paged<CaseRow>> {
  let query = db
    .selectFrom('cases')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('subject', 'desc')
    .orderBy('subscription', 'desc')
    .limit(page.limit + 1);
  if (subscription !== undefined) query = query.where('subscription', '=', columnText(subscription));
  if (state !== undefined) query = query.where('state', '=', state);
  const place = placeOf(page);
  if (place !== undefined) {
    const [subject = '', ...rest] = place.id.split(' ');
    query = query.where((eb) => eb(eb.refTuple('created_at', 'subject', 'subscription'), '<', eb.tuple(place.time, subject, rest.join(' '))));
  }
  const rows = await query.execute();
  // Ids have no spaces; one incident may have a case by each of several subscriptions.
  return paged(rows, page.limit, (row) => ({ time: row.created_at, id: `${row.subject} ${row.subscription}` }), read);
}

/**
 * Makes an orphaned case one that is written to again, because what kept it from that was mended. False, with nothing changed, when it
 * is not orphaned. Systems that keep more in `written` decide by that.
 */
export async function retryCase(db: Queryable, { subscription, subject }: Pick<CaseRow, 'subscription' | 'subject'>, now: string): Promise<boolean> {
  const { numUpdatedRows } = await db
    .updateTable('cases')
    .set({ state: 'open', reason: '', updated_at: timeText(now) })
    .where('subscription', '=', columnText(subscription))
    .where('subject', '=', columnText(subject))
    .where('state', '=', 'orphaned')
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

/** Makes room for a new case in place of an orphaned one. False, with nothing changed, when it is not orphaned. */
export async function forgetCase(db: Queryable, { subscription, subject }: Pick<CaseRow, 'subscription' | 'subject'>): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('cases')
    .where('subscription', '=', columnText(subscription))
    .where('subject', '=', columnText(subject))
    .where('state', '=', 'orphaned')
    .executeTakeFirst();
  return numDeletedRows === 1n;
}

interface StoredCase {
  subscription: string;
  subject: string;
  state: string;
  reference: string | null;
  name: string | null;
  url: string | null;
  reason: string;
  version: number;
  written: string;
  attempted_at: string | null;
  created_at: string;
  updated_at: string;
}

function read(row: StoredCase): CaseRow {
  return {
    subscription: row.subscription,
    subject: row.subject,
    state: row.state as CaseStateName,
    reference: row.reference ?? undefined,
    name: row.name ?? undefined,
    url: row.url ?? undefined,
    reason: row.reason,
    version: Number(row.version),
    written: row.written,
    attemptedAt: row.attempted_at ?? undefined,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}
