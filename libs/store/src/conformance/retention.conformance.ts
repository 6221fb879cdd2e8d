import { expect, it } from '@jest/globals';
import type { Silence, Violation } from '@tocsin/domain';
import { buildIncident, buildViolation } from '@tocsin/testing';
import {
  addIncidentHistory,
  addIncidentViolations,
  claimCommand,
  getCommand,
  getIncidents,
  incidentHistory,
  incidentViolations,
  insertDeadLetters,
  insertViolations,
  listDeadLetters,
  listIncidents,
  listSilences,
  listViolations,
  lockIncidents,
  pruneCommands,
  pruneDeadLetters,
  pruneIncidents,
  pruneSilences,
  pruneViolations,
  putSilence,
  upsertIncidents,
} from '../index.js';
import { allPages, kept, type CurrentStore } from './harness.js';

const day = (n: number): string => new Date(Date.UTC(2026, 8, n)).toISOString();
const resolved = (id: string, n: number) =>
  kept(buildIncident({ id, status: 'resolved', resolution: { reason: 'benign', by: 'ann', time: day(n) }, last_seen: day(1) }));

export function retentionSuite(current: CurrentStore): void {
  /** An incident's rows in other tables: so many violations and versions, and the namespace that `buildIncident` gives. */
  const fill = async (incidentId: string, violations: number, versions: number): Promise<void> => {
    const { db } = current();
    const numbers = (count: number): number[] => Array.from({ length: count }, (_, n) => n + 1);
    await addIncidentViolations(
      db,
      numbers(violations).map((n) => ({ incidentId, violationId: `v${n}`, time: day(n), rule: 'r', ruleVersion: '1', late: false })),
    );
    await addIncidentHistory(
      db,
      numbers(versions).map((version) => ({
        incidentId,
        version,
        time: day(version),
        change: 'updated',
        actor: null,
        comment: null,
        fromStatus: 'open',
        toStatus: 'open',
        severityId: 3,
        count: version,
      })),
    );
  };
  const rowsOf = async (id: string): Promise<number[]> => {
    const { db } = current();
    const trail = await incidentViolations(db, id, { limit: 100 });
    const history = await incidentHistory(db, id, { limit: 100 });
    const namespaces = await db.selectFrom('incident_namespaces').selectAll().where('incident_id', '=', id).execute();
    return [trail.items.length, history.items.length, namespaces.length, (await getIncidents(db, [id])).size];
  };
  const prune = (before: string, limit: number): Promise<number> => current().transaction((tx) => pruneIncidents(tx, before, limit));

  it('deletes incidents that were resolved long ago, and all that is theirs', async () => {
    const { db } = current();
    await upsertIncidents(db, [resolved('old', 3), resolved('recent', 20), kept(buildIncident({ id: 'open', last_seen: day(1) }))]);
    for (const id of ['old', 'recent', 'open']) await fill(id, 4, 3);
    expect(await prune(day(10), 1_000)).toBe(9);
    expect(await rowsOf('old')).toEqual([0, 0, 0, 0]);
    expect(await rowsOf('recent')).toEqual([4, 3, 1, 1]);
    expect(await rowsOf('open')).toEqual([4, 3, 1, 1]);
    expect(await prune(day(10), 1_000)).toBe(0);
  });

  it('goes by when an incident was resolved last, and keeps one that was reopened', async () => {
    const { db } = current();
    await upsertIncidents(db, [resolved('again', 3), resolved('reopened', 3)]);
    const next = resolved('again', 20);
    await upsertIncidents(db, [
      { ...next, incident: { ...next.incident, version: 2 } },
      kept(buildIncident({ id: 'reopened', version: 2, status: 'open' })),
    ]);
    expect(await prune(day(10), 1_000)).toBe(0);
    // Up to the time, not at it.
    expect(await prune(day(20), 1_000)).toBe(0);
    expect(await prune(day(21), 1_000)).toBe(2);
  });

  it.each([1, 2, 5, 7, 12])('deletes at most %i rows in one call, and an incident with the last of its rows', async (limit) => {
    const { db } = current();
    await upsertIncidents(db, [resolved('first', 2), resolved('second', 3), resolved('bare', 4)]);
    await fill('first', 8, 2);
    await fill('second', 1, 5);
    let calls = 0;
    let deleted: number;
    do {
      deleted = await prune(day(10), limit);
      expect(deleted).toBeLessThanOrEqual(limit);
      calls += 1;
      for (const id of ['first', 'second', 'bare']) {
        const [trail, history, namespaces, self] = await rowsOf(id);
        if (self === 0) expect([trail, history, namespaces]).toEqual([0, 0, 0]);
      }
    } while (deleted === limit);
    // 8 + 2, 1 + 5, and for each of the three its namespace and itself.
    expect(calls).toBe(Math.floor(22 / limit) + 1);
    expect((await listIncidents(db, {}, { limit: 9 })).items).toEqual([]);
  });

  it('takes more incidents than it looks at in one go', async () => {
    const { db } = current();
    await upsertIncidents(
      db,
      Array.from({ length: 1_201 }, (_, n) => resolved(`i${n}`, 1 + (n % 9))),
    );
    expect(await prune(day(11), 10_000)).toBe(2_402);
    expect((await listIncidents(db, {}, { limit: 9 })).items).toEqual([]);
  });

  it('leaves an incident alone that is being reopened', async () => {
    const { db, transaction, dialect } = current();
    await upsertIncidents(db, [resolved('i', 3)]);
    await transaction(async (tx) => {
      expect((await lockIncidents(tx, ['i'])).size).toBe(1);
      // On SQLite it would wait for this transaction.
      if (dialect === 'postgres') expect(await prune(day(10), 10)).toBe(0);
      await upsertIncidents(tx, [kept(buildIncident({ id: 'i', version: 2, status: 'open' }))]);
    });
    expect(await prune(day(10), 10)).toBe(0);
    expect((await getIncidents(db, ['i'])).get('i')?.status).toBe('open');
  });

  const pruneAllViolations = async (before: string, limit: number): Promise<number[]> => {
    const deleted: number[] = [];
    let cursor: string | undefined;
    do {
      const step: { deleted: number; nextCursor?: string } = await pruneViolations(current().db, before, { limit, cursor });
      deleted.push(step.deleted);
      cursor = step.nextCursor;
    } while (cursor !== undefined);
    return deleted;
  };

  it.each([1, 2, 3, 1_000])('deletes old violations that no incident holds, looking at %i at a time', async (limit) => {
    const { db } = current();
    // Three at each time, so that steps end between equal times.
    const violations = Array.from({ length: 18 }, (_, n): Violation => buildViolation({ time: day(1 + Math.floor(n / 3)), message: String(n) }));
    await insertViolations(db, violations);
    const held = violations.filter((_, n) => [0, 1, 2, 7, 11].includes(n));
    await addIncidentViolations(
      db,
      held.map(({ id: violationId, time }) => ({ incidentId: 'i', violationId, time, rule: 'r', ruleVersion: '1', late: false })),
    );
    const steps = await pruneAllViolations(day(5), limit);
    expect(steps.reduce((sum, deleted) => sum + deleted, 0)).toBe(12 - held.length);
    expect(Math.max(...steps)).toBeLessThanOrEqual(limit);
    const left = new Set((await listViolations(db, {}, { limit: 50 })).items.map(({ id }) => id));
    const expected = violations.filter((violation, n) => n >= 12 || held.includes(violation));
    expect(left).toEqual(new Set(expected.map(({ id }) => id)));
    expect(new Set(await pruneAllViolations(day(5), limit))).toEqual(new Set([0]));
  });

  it('deletes violations of an incident once it is gone', async () => {
    const { db } = current();
    const violation = buildViolation({ time: day(1) });
    await insertViolations(db, [violation]);
    await upsertIncidents(db, [resolved('i', 3)]);
    await addIncidentViolations(db, [{ incidentId: 'i', violationId: violation.id, time: violation.time, rule: 'r', ruleVersion: '1', late: false }]);
    expect(await pruneAllViolations(day(10), 10)).toEqual([0]);
    await prune(day(10), 10);
    expect(await pruneAllViolations(day(10), 10)).toEqual([1]);
  });

  it('deletes dead letters, silences and outcomes of commands, the oldest first', async () => {
    const { db } = current();
    const days = [5, 3, 1, 4, 2];
    await insertDeadLetters(
      db,
      days.map((n) => ({
        id: `0-${n}`,
        time: day(n),
        stage: 's',
        reason: 'r',
        component: 'c',
        message: '',
        key: null,
        value: Buffer.from('x'),
        headers: {},
      })),
    );
    for (const n of days) {
      await putSilence(db, silence(`s${n}`, n));
      await claimCommand(db, { id: `c${n}`, target: 'incident', targetId: 'i', time: day(n), outcome: 'applied', message: '' });
    }
    const left = async () => ({
      letters: (await allPages((page) => listDeadLetters(db, {}, page), 9)).map(({ id }) => id),
      silences: (await allPages((page) => listSilences(db, {}, page), 9)).map(({ id }) => id),
      commands: (await Promise.all(days.map((n) => getCommand(db, `c${n}`))))
        .flatMap((outcome) => (outcome === undefined ? [] : [outcome.id]))
        .toSorted(),
    });
    for (const remove of [pruneDeadLetters, pruneSilences, pruneCommands]) expect(await remove(db, day(4), 2)).toBe(2);
    expect(await left()).toEqual({ letters: ['0-5', '0-4', '0-3'], silences: ['s5', 's4', 's3'], commands: ['c3', 'c4', 'c5'] });
    for (const remove of [pruneDeadLetters, pruneSilences, pruneCommands]) expect(await remove(db, day(4), 2)).toBe(1);
    expect(await left()).toEqual({ letters: ['0-5', '0-4'], silences: ['s5', 's4'], commands: ['c4', 'c5'] });
    for (const remove of [pruneDeadLetters, pruneSilences, pruneCommands]) expect(await remove(db, day(4), 2)).toBe(0);
  });
}

function silence(id: string, ends: number): Silence {
  return { id, filter: 'true', starts_at: day(0), ends_at: day(ends), author: 'ann', comment: '', created_at: day(0) };
}
