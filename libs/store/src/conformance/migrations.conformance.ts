import { expect, it } from '@jest/globals';
import type { Incident } from '@tocsin/domain';
import { buildIncident } from '@tocsin/testing';
import { sql } from 'kysely';
import { incidentViolations, listIncidents, lockIncidents, migrate, upsertIncidents, type Store } from '../index.js';
import { migrate as migrateWith } from '../migrate.js';
import { MIGRATIONS } from '../migrations/index.js';
import type { CurrentStore, StoreHarness } from './harness.js';

const appliedNames = async (store: Store): Promise<string[]> => {
  const { rows } = await sql<{ name: string }>`select name from tocsin_migrations order by name`.execute(store.db);
  return rows.map(({ name }) => name);
};

/** With the columns that there were before `002_incident_lifecycle`. */
async function writeAsBefore(
  { db }: Store,
  { id, version, status, rule, severity_id, cluster, first_seen, last_seen, ...rest }: Incident,
): Promise<void> {
  const document = JSON.stringify({ id, version, status, rule, severity_id, cluster, first_seen, last_seen, ...rest });
  await sql`insert into incidents (id, version, status, rule, severity_id, cluster, first_seen, last_seen, document)
    values (${id}, ${version}, ${status}, ${rule.name}, ${severity_id}, ${cluster}, ${first_seen}, ${last_seen}, ${document})`.execute(db);
  await sql`insert into incident_violations (incident_id, violation_id, time) values (${id}, 'v', ${last_seen})`.execute(db);
}

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

  it('takes over what the release before has written, which goes on writing meanwhile', async () => {
    const [first] = MIGRATIONS;
    const store = await harness.open();
    await migrateWith(store, [first!]);
    const before = buildIncident({ id: 'before' });
    await writeAsBefore(store, before);
    await migrate(store);
    const meanwhile = buildIncident({ id: 'meanwhile' });
    await writeAsBefore(store, meanwhile);
    for (const incident of [before, meanwhile]) {
      expect((await lockIncidents(store.db, [incident.id])).get(incident.id)).toEqual({ incident, home: 'tocsin.violations/0', dueAt: null });
      const member = { id: 'v', time: incident.last_seen, rule: '', ruleVersion: '', late: false };
      expect((await incidentViolations(store.db, incident.id, { limit: 5 })).items).toEqual([member]);
      await upsertIncidents(store.db, [{ incident: { ...incident, version: 2, assignee: 'ann' }, home: 't/1', dueAt: null }]);
    }
    expect((await listIncidents(store.db, { assignee: 'ann', muted: false }, { limit: 5 })).items.map(({ id }) => id)).toEqual([
      'meanwhile',
      'before',
    ]);
    await store.close();
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
