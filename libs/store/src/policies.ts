import type { Selectable } from 'kysely';
import { byKey, chunks } from './batches.js';
import type { Database } from './schema.js';
import type { Queryable } from './store.js';
import { columnText, freeText } from './text.js';

/** A policy document that a service has in force. */
export interface PolicyInForce {
  kind: string;
  name: string;
  mode: 'enabled' | 'disabled';
  /** Where it was read from. */
  file: string;
  line: number;
  /** Of all that it says. */
  hash: string;
  /** JSON text. */
  document: string;
  /** When it came in force with this hash, RFC 3339 UTC with milliseconds. */
  loadedAt: string;
}

/**
 * These are in force now, and no others of the kind. One that is as it was keeps the time at which it was loaded. Statements stand for
 * themselves, and each takes its rows in one order, so that replicas that start together do not wait for one another in a circle.
 */
export async function putPolicies(db: Queryable, kind: string, policies: readonly Omit<PolicyInForce, 'kind'>[]): Promise<void> {
  const before = new Map((await listPolicies(db, kind)).map((policy) => [policy.name, policy]));
  const rows = byKey(
    policies.map(({ name, mode, file, line, hash, document, loadedAt }) => ({
      kind,
      name: columnText(name),
      mode,
      file: freeText(file),
      line,
      hash,
      document,
      loaded_at: before.get(columnText(name))?.hash === hash ? (before.get(columnText(name))?.loadedAt ?? loadedAt) : loadedAt,
    })),
    ({ name }) => name,
  );
  for (const chunk of chunks(rows, 8)) {
    await db
      .insertInto('policies')
      .values([...chunk])
      .onConflict((conflict) =>
        conflict.columns(['kind', 'name']).doUpdateSet(({ ref }) => ({
          mode: ref('excluded.mode'),
          file: ref('excluded.file'),
          line: ref('excluded.line'),
          hash: ref('excluded.hash'),
          document: ref('excluded.document'),
          loaded_at: ref('excluded.loaded_at'),
        })),
      )
      .execute();
  }
  const names = new Set(rows.map(({ name }) => name));
  for (const name of before.keys()) {
    if (!names.has(name)) await db.deleteFrom('policies').where('kind', '=', kind).where('name', '=', name).execute();
  }
}

/** Of one kind or of all, in the order of their kinds and names. */
export async function listPolicies(db: Queryable, kind?: string): Promise<PolicyInForce[]> {
  let query = db.selectFrom('policies').selectAll().orderBy('kind').orderBy('name');
  if (kind !== undefined) query = query.where('kind', '=', kind);
  return (await query.execute()).map(fromRow);
}

export async function getPolicy(db: Queryable, kind: string, name: string): Promise<PolicyInForce | undefined> {
  const row = await db.selectFrom('policies').selectAll().where('kind', '=', freeText(kind)).where('name', '=', columnText(name)).executeTakeFirst();
  return row === undefined ? undefined : fromRow(row);
}

/** How many actions of each response policy are kept, and when the last one was planned. */
export async function countPolicyActions(db: Queryable): Promise<Map<string, { count: number; last: string }>> {
  const rows = await db
    .selectFrom('actions')
    .select(({ fn }) => ['policy', fn.countAll<number>().as('count'), fn.max('created_at').as('last')])
    .groupBy('policy')
    .execute();
  return new Map(rows.map(({ policy, count, last }) => [policy, { count: Number(count), last }]));
}

function fromRow({ mode, loaded_at: loadedAt, ...rest }: Selectable<Database['policies']>): PolicyInForce {
  return { ...rest, mode: mode as PolicyInForce['mode'], loadedAt };
}
