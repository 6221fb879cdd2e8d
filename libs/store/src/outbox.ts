import { chunks } from './batches.js';
import { locksRows } from './locking.js';
import type { Queryable } from './store.js';

export interface OutboxRecord {
  topic: string;
  key: string | null;
  value: Buffer;
  headers: Readonly<Record<string, string>>;
}

/** Adds records in order; `owner` is the partition whose processing made them. */
export async function putOutbox(db: Queryable, owner: string, records: readonly OutboxRecord[]): Promise<void> {
  for (const chunk of chunks(records, 5)) {
    await db
      .insertInto('outbox')
      .values(
        chunk.map(({ topic, key, value, headers }) => ({
          owner,
          topic,
          record_key: key === null ? null : JSON.stringify(key),
          value,
          headers: JSON.stringify(headers),
        })),
      )
      .execute();
  }
}

/** The owner's oldest records; they stay until `deleteOutbox`. */
export async function takeOutbox(db: Queryable, owner: string, limit: number): Promise<(OutboxRecord & { id: number })[]> {
  return read(db, owner, limit, false);
}

/**
 * The same, for several processes that publish for one owner: whoever comes second waits until the transaction
 * `tx` ends, and gets what it left.
 */
export async function lockOutbox(tx: Queryable, owner: string, limit: number): Promise<(OutboxRecord & { id: number })[]> {
  return read(tx, owner, limit, true);
}

async function read(db: Queryable, owner: string, limit: number, lock: boolean): Promise<(OutboxRecord & { id: number })[]> {
  const all = db.selectFrom('outbox').selectAll().where('owner', '=', owner).orderBy('id').limit(limit);
  const rows = await (lock && locksRows(db) ? all.forUpdate() : all).execute();
  return rows.map(({ id, topic, record_key: key, value, headers }) => ({
    id,
    topic,
    key: key === null ? null : (JSON.parse(key) as string),
    value,
    headers: JSON.parse(headers) as Record<string, string>,
  }));
}

/** Which of the owners have records waiting. */
export async function outboxOwners(db: Queryable, owners: readonly string[]): Promise<string[]> {
  if (owners.length === 0) return [];
  const rows = await db
    .selectFrom('outbox')
    .select('owner')
    .distinct()
    .where('owner', 'in', [...owners])
    .execute();
  return rows.map(({ owner }) => owner);
}

export async function deleteOutbox(db: Queryable, ids: readonly number[]): Promise<void> {
  for (const chunk of chunks(ids, 1)) await db.deleteFrom('outbox').where('id', 'in', chunk).execute();
}
