import { expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { migrate, type Store } from '../index.js';
import { migrate as migrateWith } from '../migrate.js';
import { MIGRATIONS } from '../migrations/index.js';
import type { CurrentStore, StoreHarness } from './harness.js';

const appliedNames = async (store: Store): Promise<string[]> => {
  const { rows } = await sql<{ name: string }>`select name from tocsin_migrations order by name`.execute(store.db);
  return rows.map(({ name }) => name);
};

export function migrationsSuite(current: CurrentStore, harness: StoreHarness): void {
  it('applies each once, also when asked again', async () => {
    await migrate(current());
    expect(await appliedNames(current())).toEqual(MIGRATIONS.map(({ name }) => name));
  });

  it('leaves nothing of one that fails, and applies it when it is mended', async () => {
    const half = { name: '900_half', statements: () => ['create table half (x integer)', 'create table half (x integer)'] };
    await expect(migrateWith(current(), [...MIGRATIONS, half])).rejects.toThrow(/half/);
    expect(await appliedNames(current())).toEqual(MIGRATIONS.map(({ name }) => name));
    await migrateWith(current(), [...MIGRATIONS, { ...half, statements: () => ['create table half (x integer)'] }]);
    await sql`select x from half`.execute(current().db);
    expect(await appliedNames(current())).toContain('900_half');
  });

  it('works for an older release on the schema of a newer one', async () => {
    await migrateWith(current(), [...MIGRATIONS, { name: '901_newer', statements: () => ['create table newer (x integer)'] }]);
    await migrate(current());
  });

  if (harness.again === undefined) return;
  it('is done once when several replicas start at once on an empty database', async () => {
    const empty = await harness.open();
    const replicas = [empty, ...(await Promise.all([harness.again!(), harness.again!(), harness.again!()]))];
    await Promise.all(replicas.map((replica) => migrate(replica)));
    expect(await appliedNames(empty)).toEqual(MIGRATIONS.map(({ name }) => name));
    await Promise.all(replicas.map((replica) => replica.close()));
  });
}
