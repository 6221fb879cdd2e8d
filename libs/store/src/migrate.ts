import { sql, type Transaction } from 'kysely';
import { MIGRATIONS } from './migrations/index.js';
import type { ColumnTypes, Migration } from './migrations/migration.js';
import type { Database } from './schema.js';
import type { Dialect, Store } from './store.js';

const COLUMN_TYPES: Record<Dialect, ColumnTypes> = {
  postgres: { text: 'text collate "C"', bytes: 'bytea', serial: 'bigint generated always as identity primary key' },
  sqlite: { text: 'text', bytes: 'blob', serial: 'integer primary key autoincrement' },
};

/** Any number will do, but it is for ever: all replicas of all versions take this lock. */
const LOCK = 7_462_091_835;

/**
 * Brings the schema up to date, in one transaction: all of it or nothing, also after a crash. Several replicas may do
 * it at once; the others wait for the first and then find nothing to do. Resolves to the names of those it applied.
 */
export async function migrate(store: Store, migrations: readonly Migration[] = MIGRATIONS): Promise<string[]> {
  return store.transaction(async (tx) => {
    if (store.dialect === 'postgres') {
      await sql`set local statement_timeout = 0`.execute(tx);
      await sql`select pg_advisory_xact_lock(${sql.lit(LOCK)})`.execute(tx);
    }
    const applied = await appliedMigrations(tx);
    const done: string[] = [];
    for (const { name, statements } of migrations) {
      if (applied.has(name)) continue;
      for (const statement of statements(COLUMN_TYPES[store.dialect])) await sql.raw(statement).execute(tx);
      await sql`insert into tocsin_migrations (name, applied_at) values (${name}, ${new Date().toISOString()})`.execute(tx);
      done.push(name);
    }
    return done;
  });
}

async function appliedMigrations(tx: Transaction<Database>): Promise<Set<string>> {
  await sql`create table if not exists tocsin_migrations (name text primary key, applied_at text not null)`.execute(tx);
  const { rows } = await sql<{ name: string }>`select name from tocsin_migrations`.execute(tx);
  return new Set(rows.map(({ name }) => name));
}
