import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { getIncidents, insertViolations, listViolations, migrate, openStore, upsertIncidents, type Store } from '@tocsin/store';
import { buildIncident, buildViolation } from '@tocsin/testing';
import { sweepRetention } from './retention.js';

const NOW = Date.UTC(2026, 8, 14);
const DAY_MS = 24 * 3_600_000;
const days = { incidents: 100, violations: 30, deadLetters: 30, silences: 30, commands: 100 };
const ago = (count: number): string => new Date(NOW - count * DAY_MS).toISOString();

let store: Store;
beforeEach(async () => {
  store = await openStore({ file: ':memory:' });
  await migrate(store);
});
afterEach(() => store.close());

it('deletes what is past its time, more than a step of it, and nothing else', async () => {
  const old = Array.from({ length: 1_200 }, (_, index) => buildViolation({ id: `old-${index}`, time: ago(40) }));
  await insertViolations(store.db, [...old, buildViolation({ id: 'new', time: ago(10) })]);
  const resolved = (id: string, age: number) =>
    buildIncident({ id, status: 'resolved', resolution: { reason: 'benign', by: 'ann', time: ago(age) } });
  const incidents = [resolved('gone', 120), resolved('kept', 90), buildIncident({ id: 'open', last_seen: ago(400) })];
  await upsertIncidents(
    store.db,
    incidents.map((incident) => ({ incident, home: 't/0', dueAt: null })),
  );
  expect(await sweepRetention(store, days, NOW)).toMatchObject({ violations: 1_200, deadLetters: 0 });
  expect((await listViolations(store.db, {}, { limit: 10 })).items.map(({ id }) => id)).toEqual(['new']);
  expect([...(await getIncidents(store.db, ['gone', 'kept', 'open'])).keys()].toSorted()).toEqual(['kept', 'open']);
  expect(await sweepRetention(store, days, NOW)).toMatchObject({ violations: 0, incidents: 0 });
});
