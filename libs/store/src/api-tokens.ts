import { paged, placeOf, type Page, type Paged } from './paging.js';
import type { Queryable } from './store.js';
import { columnText, freeText, timeText } from './text.js';

/** A token of the API, without what would let anyone use it. */
export interface ApiToken {
  id: string;
  name: string;
  role: string;
  /** Whose it is; absent: of a service. */
  person?: string;
  /** The only operations that it may do; absent: all that its role may. */
  operations?: readonly string[];
  createdAt: string;
  createdBy: string;
  expiresAt: string;
  /** When it was shown last, to the minute. */
  usedAt?: string;
  revokedAt?: string;
  revokedBy?: string;
}

/** `hash` is all that is kept of the token itself: it is random and long, so that one round tells nothing of it. */
export async function putApiToken(db: Queryable, hash: string, token: ApiToken): Promise<void> {
  await db
    .insertInto('api_tokens')
    .values({
      id: token.id,
      hash,
      name: freeText(token.name),
      role: token.role,
      person: token.person === undefined ? null : freeText(token.person),
      operations: token.operations === undefined ? null : JSON.stringify(token.operations),
      created_at: timeText(token.createdAt),
      created_by: freeText(token.createdBy),
      expires_at: timeText(token.expiresAt),
    })
    .execute();
}

interface Row {
  id: string;
  name: string;
  role: string;
  person: string | null;
  operations: string | null;
  created_at: string;
  created_by: string;
  expires_at: string;
  used_at: string | null;
  revoked_at: string | null;
  revoked_by: string | null;
}

function tokenOf(row: Row): ApiToken {
  return {
    id: row.id,
    name: row.name,
    role: row.role,
    ...(row.person !== null && { person: row.person }),
    ...(row.operations !== null && { operations: JSON.parse(row.operations) as string[] }),
    createdAt: row.created_at,
    createdBy: row.created_by,
    expiresAt: row.expires_at,
    ...(row.used_at !== null && { usedAt: row.used_at }),
    ...(row.revoked_at !== null && { revokedAt: row.revoked_at }),
    ...(row.revoked_by !== null && { revokedBy: row.revoked_by }),
  };
}

/** Also one that has expired or was revoked: the caller says which. */
export async function findApiToken(db: Queryable, by: { hash: string } | { id: string }): Promise<ApiToken | undefined> {
  const query = db.selectFrom('api_tokens').selectAll();
  const row = await ('hash' in by ? query.where('hash', '=', by.hash) : query.where('id', '=', columnText(by.id))).executeTakeFirst();
  return row === undefined ? undefined : tokenOf(row);
}

/** Newest first, also those that have ended. */
export async function listApiTokens(db: Queryable, page: Page): Promise<Paged<ApiToken>> {
  let query = db
    .selectFrom('api_tokens')
    .selectAll()
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(page.limit + 1);
  const place = placeOf(page);
  if (place !== undefined) query = query.where((eb) => eb(eb.refTuple('created_at', 'id'), '<', eb.tuple(place.time, place.id)));
  return paged(await query.execute(), page.limit, (row) => ({ time: row.created_at, id: row.id }), tokenOf);
}

/** Revokes it, once: who revokes it again changes nothing. Undefined when there is none of this id. */
export async function revokeApiToken(db: Queryable, id: string, by: string, time: string): Promise<ApiToken | undefined> {
  await db
    .updateTable('api_tokens')
    .set({ revoked_at: timeText(time), revoked_by: freeText(by) })
    .where('id', '=', columnText(id))
    .where('revoked_at', 'is', null)
    .execute();
  return findApiToken(db, { id });
}

export async function noteApiTokenUse(db: Queryable, id: string, time: string): Promise<void> {
  await db
    .updateTable('api_tokens')
    .set({ used_at: timeText(time) })
    .where('id', '=', id)
    .execute();
}
