import { expect, it } from '@jest/globals';
import { buildIncident, buildViolation } from '@tocsin/testing';
import {
  addIncidentViolations,
  advancePosition,
  getIncidents,
  incidentViolations,
  insertViolations,
  listViolations,
  lockIncidents,
  putOutbox,
  readPosition,
  saveRuleStates,
  takeOutbox,
  upsertIncidents,
} from '../index.js';
import { allRuleStates, kept, type CurrentStore } from './harness.js';

export function transactionsSuite(current: CurrentStore): void {
  it('leaves nothing behind when the work fails, and says why it failed', async () => {
    const { db, transaction } = current();
    const incident = buildIncident();
    await advancePosition(db, 'g', 't', 0, undefined, 10);
    const work = transaction(async (tx) => {
      await advancePosition(tx, 'g', 't', 0, 10, 20);
      await saveRuleStates(tx, 't', 0, [{ rule: 'r', ruleVersion: '1', group: 'g', state: '{}', wakeAt: 1 }]);
      await upsertIncidents(tx, [kept(incident)]);
      await addIncidentViolations(tx, [
        { incidentId: incident.id, violationId: 'v', time: incident.last_seen, rule: 'r', ruleVersion: '1', late: false },
      ]);
      await putOutbox(tx, 'o', [{ topic: 't', key: null, value: Buffer.from('x'), headers: {} }]);
      throw new Error('in the middle');
    });
    await expect(work).rejects.toThrow('in the middle');
    expect(await readPosition(db, 'g', 't', 0)).toBe(10);
    expect(await allRuleStates(db, 't', 0)).toEqual([]);
    expect(await getIncidents(db, [incident.id])).toEqual(new Map());
    expect((await incidentViolations(db, incident.id, { limit: 1 })).items).toEqual([]);
    expect(await takeOutbox(db, 'o', 1)).toEqual([]);
  });

  it('goes on after one that failed', async () => {
    await expect(current().transaction(() => Promise.reject(new Error('first')))).rejects.toThrow('first');
    expect(await current().transaction((tx) => advancePosition(tx, 'g', 't', 0, undefined, 1))).toBe(true);
  });

  it('shows nothing to others before it is committed', async () => {
    const { db, transaction } = current();
    const violation = buildViolation();
    const seen: number[] = [];
    let reading: Promise<void> = Promise.resolve();
    await transaction(async (tx) => {
      await insertViolations(tx, [violation]);
      // On SQLite this waits for the end of the transaction, which then may be seen; elsewhere it sees nothing yet.
      reading = listViolations(db, {}, { limit: 1 }).then(({ items }) => void seen.push(items.length));
      if (current().dialect === 'postgres') await reading;
      else await insertViolations(tx, [violation]);
      expect(seen).toEqual(current().dialect === 'postgres' ? [0] : []);
    });
    await reading;
    expect((await listViolations(db, {}, { limit: 1 })).items).toEqual([violation]);
  });

  it('does not mix with another one', async () => {
    const { transaction, db } = current();
    const owners = ['a', 'b', 'c', 'd'];
    await Promise.allSettled(
      owners.map((owner, n) =>
        transaction(async (tx) => {
          await putOutbox(tx, owner, [{ topic: 't', key: '1', value: Buffer.from('x'), headers: {} }]);
          await readPosition(tx, 'g', 't', 0);
          if (n % 2 === 1) throw new Error('undone');
          await putOutbox(tx, owner, [{ topic: 't', key: '2', value: Buffer.from('x'), headers: {} }]);
        }),
      ),
    );
    const kept = await Promise.all(owners.map(async (owner) => (await takeOutbox(db, owner, 10)).map(({ key }) => key)));
    expect(kept).toEqual([['1', '2'], [], ['1', '2'], []]);
  });

  it('does not deadlock on the same rows in another order', async () => {
    const { transaction, db } = current();
    const incidents = Array.from({ length: 200 }, (_, n) => buildIncident({ id: `incident-${n}` }));
    await upsertIncidents(
      db,
      incidents.map((incident) => kept(incident)),
    );
    const batches = [incidents, incidents.toReversed(), incidents.toSorted((a, b) => (a.id.at(-1)! < b.id.at(-1)! ? -1 : 1))];
    for (let round = 2; round < 7; round += 1) {
      await Promise.all(
        batches.map((batch) =>
          transaction((tx) =>
            upsertIncidents(
              tx,
              batch.map((incident) => kept({ ...incident, version: round })),
            ),
          ),
        ),
      );
    }
    expect((await getIncidents(db, ['incident-7'])).get('incident-7')?.version).toBe(6);
  });

  it('locks incidents against a change meanwhile, in whatever order they are asked for', async () => {
    const { transaction, db } = current();
    const ids = ['a', 'b', 'c'];
    await upsertIncidents(
      db,
      ids.map((id) => kept(buildIncident({ id, version: 1, count: 0 }))),
    );
    const addOne = (order: string[]) =>
      transaction(async (tx) => {
        const rows = await lockIncidents(tx, [...order, 'absent']);
        expect([...rows.keys()].toSorted()).toEqual(ids);
        await upsertIncidents(
          tx,
          [...rows.values()].map((row) => ({
            ...row,
            incident: { ...row.incident, version: row.incident.version + 1, count: row.incident.count + 1 },
          })),
        );
      });
    await Promise.all(Array.from({ length: 10 }, (_, n) => addOne(n % 2 === 0 ? ids : ids.toReversed())));
    expect([...(await getIncidents(db, ids)).values()].map(({ count }) => count)).toEqual([10, 10, 10]);
  });
}
