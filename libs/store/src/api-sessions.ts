import type { Queryable } from './store.js';
import { timeText } from './text.js';

/** A browser that is logged in. */
export interface ApiSession {
  /** By what it was made: it ends with that. */
  credential: string;
  /** JSON text of who it is. */
  principal: string;
  createdAt: string;
  /** When it was used last, to the minute. */
  seenAt: string;
  expiresAt: string;
}

/** `hash` is all that is kept of the cookie. */
export async function putApiSession(db: Queryable, hash: string, session: ApiSession): Promise<void> {
  await db
    .insertInto('api_sessions')
    .values({
      hash,
      credential: session.credential,
      principal: session.principal,
      created_at: timeText(session.createdAt),
      seen_at: timeText(session.seenAt),
      expires_at: timeText(session.expiresAt),
    })
    .execute();
}

export async function findApiSession(db: Queryable, hash: string): Promise<ApiSession | undefined> {
  const row = await db.selectFrom('api_sessions').selectAll().where('hash', '=', hash).executeTakeFirst();
  if (row === undefined) return undefined;
  return { credential: row.credential, principal: row.principal, createdAt: row.created_at, seenAt: row.seen_at, expiresAt: row.expires_at };
}

export async function noteApiSessionUse(db: Queryable, hash: string, time: string): Promise<void> {
  await db
    .updateTable('api_sessions')
    .set({ seen_at: timeText(time) })
    .where('hash', '=', hash)
    .execute();
}

export async function deleteApiSession(db: Queryable, hash: string): Promise<void> {
  await db.deleteFrom('api_sessions').where('hash', '=', hash).execute();
}

/** Those whose time was over at `time`. */
export async function deleteEndedApiSessions(db: Queryable, time: string): Promise<void> {
  await db.deleteFrom('api_sessions').where('expires_at', '<=', timeText(time)).execute();
}
