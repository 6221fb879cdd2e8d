import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  addIncidentViolations,
  claimCommand,
  getCommand,
  getIncidents,
  insertDeadLetters,
  insertViolations,
  listDeadLetters,
  listSilences,
  listViolations,
  migrate,
  putSilence,
  upsertIncidents,
  type Store,
} from '@tocsin/store';
import { buildIncident, buildViolation } from '@tocsin/testing';
import { Retention, sweepRetention, type Pruned } from './retention.js';

const NOW = Date.UTC(2026, 8, 14);
const DAY_MS = 24 * 3_600_000;
const MINUTE_MS = 60_000;
const days = { incidents: 100, violations: 30, deadLetters: 30, silences: 30, commands: 100 };
const ago = (count: number): string => new Date(NOW - count * DAY_MS).toISOString();
/** More than a step deletes. */
const MANY = 2_400;

/** What retention does on a database; `open` gives an empty one. */
export function runRetentionContract(open: () => Promise<Store>): void {
  describe('retention', () => {
    let store: Store;
    let pruned: Partial<Record<Pruned, number>>;
    const count = (what: Pruned, rows: number): void => void (pruned[what] = (pruned[what] ?? 0) + rows);
    beforeEach(async () => {
      store = await open();
      await migrate(store);
      pruned = {};
    });
    afterEach(() => store.close());

    const addViolations = async (): Promise<void> => {
      const old = Array.from({ length: MANY }, (_, index) => buildViolation({ id: `old-${index}`, time: ago(40) }));
      await insertViolations(store.db, [...old, buildViolation({ id: 'trail', time: ago(40) }), buildViolation({ id: 'new', time: ago(10) })]);
    };
    const addIncidents = async (): Promise<void> => {
      const resolved = (id: string, age: number) =>
        buildIncident({ id, status: 'resolved', resolution: { reason: 'benign', by: 'ann', time: ago(age) } });
      const incidents = [resolved('gone', 120), resolved('kept', 90), buildIncident({ id: 'open', last_seen: ago(400) })];
      await upsertIncidents(
        store.db,
        incidents.map((incident) => ({ incident, home: 't/0', dueAt: null })),
      );
      const holds = (incidentId: string, violationId: string) => ({
        incidentId,
        violationId,
        time: ago(40),
        rule: 'r',
        ruleVersion: '1',
        late: false,
      });
      await addIncidentViolations(store.db, [holds('gone', 'old-7'), holds('kept', 'trail')]);
    };
    const violations = async (): Promise<string[]> => (await listViolations(store.db, {}, { limit: 10 })).items.map(({ id }) => id).toSorted();

    it('deletes what is past its time, incidents before what is in their trail, and nothing else', async () => {
      const { db } = store;
      await addViolations();
      await addIncidents();
      for (const age of [10, 40, 120]) {
        const [id, time] = [`of-${age}`, ago(age)];
        const letter = { stage: 's', reason: 'r', component: 'c', message: '', key: null, value: Buffer.from('x'), headers: {} };
        await insertDeadLetters(db, [{ ...letter, id: `0-${age}`, time }]);
        await putSilence(db, { id, filter: 'true', starts_at: ago(500), ends_at: time, author: 'ann', comment: '', created_at: ago(500) });
        await claimCommand(db, { id, target: 'incident', targetId: 'i', time, outcome: 'applied', message: '' });
      }
      await sweepRetention(store, days, NOW, count, new AbortController().signal);
      // An incident's rows are itself, its trail and its namespace.
      expect(pruned).toEqual({ incidents: 3, violations: MANY, deadLetters: 2, silences: 2, commands: 1 });
      expect(await violations()).toEqual(['new', 'trail']);
      expect([...(await getIncidents(db, ['gone', 'kept', 'open'])).keys()].toSorted()).toEqual(['kept', 'open']);
      expect((await listDeadLetters(db, {}, { limit: 9 })).items.map(({ id }) => id)).toEqual(['0-10']);
      expect((await listSilences(db, {}, { limit: 9 })).items.map(({ id }) => id)).toEqual(['of-10']);
      expect(await Promise.all([10, 40, 120].map(async (age) => (await getCommand(db, `of-${age}`)) !== undefined))).toEqual([true, true, false]);
      pruned = {};
      await sweepRetention(store, days, NOW, count, new AbortController().signal);
      expect(Object.values(pruned)).toEqual([0, 0, 0, 0, 0]);
    });

    it('deletes each row once when two do it at once', async () => {
      await addViolations();
      await addIncidents();
      await Promise.all([1, 2].map(() => sweepRetention(store, days, NOW, count, new AbortController().signal)));
      // What one finds locked it leaves for the next hour.
      await sweepRetention(store, days, NOW, count, new AbortController().signal);
      expect(pruned).toMatchObject({ incidents: 3, violations: MANY });
      expect(await violations()).toEqual(['new', 'trail']);
    });

    it('ends within a step when it is stopped, and gives others their turn between two', async () => {
      await addViolations();
      const stopping = new AbortController();
      const turn = new Promise<void>((resolve) => setImmediate(resolve)).then(() => stopping.abort());
      await sweepRetention(store, days, NOW, count, stopping.signal);
      await turn;
      expect((await listViolations(store.db, {}, { limit: 500 })).items).toHaveLength(500);
    });

    it('is done once an hour, by the replica whose it is', async () => {
      let now = NOW;
      let ours = false;
      let sweeps = 0;
      const deps = { store, days, now: () => now, ours: () => ours, onFailed: (error: unknown) => expect(error).toBeUndefined() };
      const retention = new Retention({ ...deps, onPruned: (what) => void (sweeps += what === 'incidents' ? 1 : 0) });
      await retention.tick();
      expect(sweeps).toBe(0);
      // It came to be ours a minute later.
      now += MINUTE_MS;
      ours = true;
      await retention.tick();
      expect(sweeps).toBe(1);
      now += 59 * MINUTE_MS;
      await retention.tick();
      expect(sweeps).toBe(1);
      now += MINUTE_MS;
      await retention.tick();
      expect(sweeps).toBe(2);
    });

    it('tells that it failed, and tries again an hour later', async () => {
      let now = NOW;
      const failures: unknown[] = [];
      const broken: Store = { ...store, transaction: () => Promise.reject(new Error('away')) };
      const deps = { days, now: () => now, ours: () => true, onFailed: (error: unknown) => void failures.push(error) };
      const retention = new Retention({ ...deps, store: broken, onPruned: count });
      await retention.tick();
      await retention.tick();
      expect(failures).toEqual([new Error('away')]);
      now += 60 * MINUTE_MS;
      await retention.tick();
      expect(failures).toHaveLength(2);
    });
  });
}
