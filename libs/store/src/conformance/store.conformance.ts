import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Violation } from '@tocsin/domain';
import { buildIncident, buildViolation } from '@tocsin/testing';
import {
  addIncidentViolations,
  advancePosition,
  BadCursor,
  deleteOutbox,
  deleteRuleStates,
  getDeadLetter,
  getIncidents,
  getViolation,
  incidentViolations,
  insertDeadLetters,
  insertViolations,
  listDeadLetters,
  listIncidents,
  listViolations,
  loadRuleStates,
  migrate,
  putOutbox,
  readPosition,
  saveRuleStates,
  takeOutbox,
  upsertIncidents,
  type Store,
} from '../index.js';

/** What every database that the store runs on must do; `open` gives an empty one, `again` a second handle on it. */
export function describeStore(name: string, harness: { open(): Promise<Store>; again?(): Promise<Store>; drop?(): Promise<void> }): void {
  describe(name, () => {
    let store: Store;
    beforeEach(async () => {
      store = await harness.open();
      await migrate(store);
    });
    afterEach(async () => {
      await store.close();
      await harness.drop?.();
    });

    describe('positions', () => {
      it('moves only from where the caller left it', async () => {
        expect(await readPosition(store.db, 'g', 't', 0)).toBeUndefined();
        expect(await advancePosition(store.db, 'g', 't', 0, undefined, 10)).toBe(true);
        expect(await advancePosition(store.db, 'g', 't', 0, undefined, 20)).toBe(false);
        expect(await advancePosition(store.db, 'g', 't', 0, 9, 20)).toBe(false);
        expect(await advancePosition(store.db, 'g', 't', 0, 10, 20)).toBe(true);
        expect(await readPosition(store.db, 'g', 't', 0)).toBe(20);
      });

      it('lets one of two owners win', async () => {
        const attempts = await Promise.all([1, 2, 3, 4].map((next) => advancePosition(store.db, 'g', 't', 1, undefined, next)));
        expect(attempts.filter(Boolean)).toHaveLength(1);
      });

      it('keeps the position when the transaction is undone', async () => {
        await advancePosition(store.db, 'g', 't', 0, undefined, 10);
        const failing = store.transaction(async (tx) => {
          await advancePosition(tx, 'g', 't', 0, 10, 20);
          await putOutbox(tx, 'o', [{ topic: 't', key: null, value: Buffer.from('x'), headers: {} }]);
          throw new Error('undone');
        });
        await expect(failing).rejects.toThrow('undone');
        expect(await readPosition(store.db, 'g', 't', 0)).toBe(10);
        expect(await takeOutbox(store.db, 'o', 10)).toEqual([]);
      });
    });

    it('gives the outbox back in order, by owner, until it is deleted', async () => {
      const record = (n: number) => ({ topic: 't', key: `k${n}`, value: Buffer.from([n, 0, 255]), headers: { ce_id: `é${n}` } });
      await putOutbox(store.db, 'a', [1, 2, 3].map(record));
      await putOutbox(store.db, 'b', [record(9)]);
      const first = await takeOutbox(store.db, 'a', 2);
      expect(first.map(({ id: _, ...rest }) => rest)).toEqual([record(1), record(2)]);
      await deleteOutbox(store.db, first.map(({ id }) => id));
      expect((await takeOutbox(store.db, 'a', 10)).map(({ key }) => key)).toEqual(['k3']);
      expect(await takeOutbox(store.db, 'b', 10)).toHaveLength(1);
    });

    it('keeps rule states by partition, replaces and deletes them', async () => {
      const state = (group: string, text: string) => ({ rule: 'r', ruleVersion: '1', group, state: text, wakeAt: 5 });
      await saveRuleStates(store.db, 't', 0, [state('g1', '1'), state('g2', '2')]);
      await saveRuleStates(store.db, 't', 1, [state('g1', 'other')]);
      await saveRuleStates(store.db, 't', 0, [state('g1', '3')]);
      await deleteRuleStates(store.db, 't', 0, [state('g2', '')]);
      expect(await loadRuleStates(store.db, 't', 0)).toEqual([state('g1', '3')]);
    });

    it('replaces an incident and leaves out repeated evidence', async () => {
      const incident = buildIncident();
      await upsertIncidents(store.db, [incident]);
      await upsertIncidents(store.db, [{ ...incident, version: 2, count: 2 }]);
      expect((await getIncidents(store.db, [incident.id, 'absent'])).get(incident.id)).toEqual({ ...incident, version: 2, count: 2 });
      const member = { incidentId: incident.id, violationId: 'v1', time: incident.first_seen };
      await addIncidentViolations(store.db, [member, { ...member, violationId: 'v2' }]);
      await addIncidentViolations(store.db, [member]);
      expect((await incidentViolations(store.db, incident.id, { limit: 10 })).items.map(({ id }) => id)).toEqual(['v2', 'v1']);
    });

    it('pages incidents newest first, through equal times', async () => {
      const incidents = Array.from({ length: 7 }, (_, n) => buildIncident({ id: `i${n}`, last_seen: `2026-09-14T14:0${Math.floor(n / 3)}:00.000Z` }));
      await upsertIncidents(store.db, incidents);
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await listIncidents(store.db, {}, { limit: 2, cursor });
        seen.push(...page.items.map(({ id }) => id));
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(seen).toEqual(['i6', 'i5', 'i4', 'i3', 'i2', 'i1', 'i0']);
    });

    it('filters incidents', async () => {
      await upsertIncidents(store.db, [
        buildIncident({ id: 'a', severity_id: 5 }),
        buildIncident({ id: 'b', severity_id: 2, status: 'resolved', group: { 'workload.namespace': 'pay' } }),
      ]);
      const ids = async (filter: Parameters<typeof listIncidents>[1]) => (await listIncidents(store.db, filter, { limit: 10 })).items.map(({ id }) => id);
      expect(await ids({ severity: 4 })).toEqual(['a']);
      expect(await ids({ status: 'resolved' })).toEqual(['b']);
      expect(await ids({ namespace: 'pay' })).toEqual(['b']);
      expect(await ids({ rule: "x' or 1=1 --" })).toEqual([]);
    });

    it('keeps the first of violations with one id, and pages through thousands of rows', async () => {
      const violations = Array.from({ length: 3_000 }, (_, n) => buildViolation({ time: new Date(Date.UTC(2026, 8, 14, 0, 0, n % 60)).toISOString(), message: String(n) }));
      await insertViolations(store.db, violations);
      await insertViolations(store.db, [{ ...(violations[0] as Violation), message: 'again' }]);
      expect((await getViolation(store.db, (violations[0] as Violation).id))?.message).toBe('0');
      const seen = new Set<string>();
      let cursor: string | undefined;
      do {
        const page = await listViolations(store.db, {}, { limit: 500, cursor });
        for (const { id } of page.items) seen.add(id);
        cursor = page.nextCursor;
      } while (cursor !== undefined);
      expect(seen.size).toBe(3_000);
    });

    it('keeps hostile text whole in the document', async () => {
      const hostile = 'nul \u0000 surrogate \uD800 emoji 😀 quote \' " \\ line\nfeed';
      const violation = buildViolation({ name: hostile, workload: { namespace: hostile, name: 'x'.repeat(100_000) } });
      await insertViolations(store.db, [violation]);
      expect(await getViolation(store.db, violation.id)).toEqual(violation);
      expect((await listViolations(store.db, { namespace: hostile }, { limit: 1 })).items).toEqual([violation]);
    });

    it('keeps dead letters byte for byte', async () => {
      const letter = { id: '0-7', time: '2026-09-14T14:00:00.000Z', stage: 'decode', reason: 'bad_input', component: 'falco', message: 'x', key: null, value: Buffer.from([0, 255, 10]), headers: { a: 'ü' } };
      await insertDeadLetters(store.db, [letter]);
      await insertDeadLetters(store.db, [{ ...letter, message: 'again' }]);
      expect(await getDeadLetter(store.db, '0-7')).toEqual(letter);
      expect((await listDeadLetters(store.db, { stage: 'deliver' }, { limit: 5 })).items).toEqual([]);
    });

    it('refuses a cursor that it did not give', async () => {
      for (const cursor of ['', 'x', Buffer.from('[1,2]').toString('base64url'), Buffer.from('["\\u0000","b"]').toString('base64url')]) {
        await expect(listViolations(store.db, {}, { limit: 1, cursor })).rejects.toThrow(BadCursor);
      }
    });

    if (harness.again !== undefined) {
      it('migrates from several replicas at once', async () => {
        const others = await Promise.all([harness.again?.(), harness.again?.(), harness.again?.()]);
        await Promise.all(others.map((other) => migrate(other as Store)));
        await Promise.all(others.map((other) => other?.close()));
      });
    }
  });
}
