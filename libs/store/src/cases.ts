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
  row: Omit<CaseRow, 'attemptedAt' | 'updatedAt'>,
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
    updatedAt: row.updated_at,
  };
}
