import { expect, it } from '@jest/globals';
import type { Incident, Silence } from '@tocsin/domain';
import { buildIncident } from '@tocsin/testing';
import {
  activeSilences,
  addIncidentHistory,
  claimCommand,
  dueIncidents,
  expireSilence,
  getCommand,
  getSilence,
  incidentHistory,
  listSilences,
  lockIncidents,
  mutedIncidents,
  openIncidentsOfRules,
  outboxOwners,
  putSilence,
  upsertIncidents,
  type HistoryEntry,
} from '../index.js';
import { allPages, HOSTILE, kept, type CurrentStore } from './harness.js';

const minute = (n: number): string => `2026-09-14T14:${String(n).padStart(2, '0')}:00.000Z`;

export function lifecycleSuite(current: CurrentStore): void {
  it('finds what is due, of the homes asked for, the longest waiting first', async () => {
    const { db } = current();
    const row = (id: string, home: string, dueAt: string | null) => kept(buildIncident({ id }), { home, dueAt });
    await upsertIncidents(db, [
      row('late', 't/0', minute(2)),
      row('later', 't/1', minute(1)),
      row('never', 't/0', null),
      row('yet', 't/0', minute(9)),
      row('else', 't/2', minute(1)),
    ]);
    expect((await dueIncidents(db, ['t/0', 't/1'], minute(2), 10)).map(({ id }) => id)).toEqual(['later', 'late']);
    expect(await dueIncidents(db, ['t/0', 't/1'], minute(2), 1)).toEqual([{ id: 'later', home: 't/1' }]);
    await upsertIncidents(db, [kept(buildIncident({ id: 'later', version: 2 }), { home: 't/1' })]);
    expect((await dueIncidents(db, ['t/0', 't/1'], minute(2), 10)).map(({ id }) => id)).toEqual(['late']);
  });

  it('finds muted incidents and those of a rule that are not resolved', async () => {
    const { db } = current();
    const muted = { muted: [{ by: 'silence', id: 's', comment: '' }] } satisfies Partial<Incident>;
    await upsertIncidents(db, [
      kept(buildIncident({ id: 'a', ...muted })),
      kept(buildIncident({ id: 'b', ...muted, status: 'resolved' })),
      kept(buildIncident({ id: 'c', status: 'acknowledged' })),
      kept(buildIncident({ id: 'd', ...muted }), { home: 't/9' }),
    ]);
    expect((await mutedIncidents(db, ['t/0'], 10)).map(({ incident: { id } }) => id)).toEqual(['a']);
    expect((await mutedIncidents(db, ['t/0', 't/9'], 10)).map(({ incident: { id }, home }) => [id, home])).toEqual([
      ['a', 't/0'],
      ['d', 't/9'],
    ]);
    // The first ones do not keep the others from being looked at.
    expect((await mutedIncidents(db, ['t/0', 't/9'], 1)).map(({ incident: { id } }) => id)).toEqual(['a']);
    expect((await mutedIncidents(db, ['t/0', 't/9'], 1, 'a')).map(({ incident: { id } }) => id)).toEqual(['d']);
    expect(await mutedIncidents(db, ['t/0', 't/9'], 1, 'd')).toEqual([]);
    expect((await openIncidentsOfRules(db, ['shell-in-container'], 10)).map(({ id }) => id).toSorted()).toEqual(['a', 'c', 'd']);
    expect(await openIncidentsOfRules(db, ['other'], 10)).toEqual([]);
    await upsertIncidents(db, [
      kept(buildIncident({ id: 'a', version: 2, muted: [] })),
      kept(buildIncident({ id: 'c', version: 2, status: 'resolved' })),
      kept(buildIncident({ id: 'd', version: 2, status: 'contained', last_seen: minute(40) })),
    ]);
    expect(await mutedIncidents(db, ['t/0', 't/9'], 10)).toEqual([]);
    expect((await openIncidentsOfRules(db, ['other', 'shell-in-container'], 10)).map(({ id }) => id)).toEqual(['d', 'a']);
    expect((await openIncidentsOfRules(db, ['shell-in-container'], 1)).map(({ id }) => id)).toEqual(['d']);
  });

  it('finds nothing for nobody', async () => {
    const { db } = current();
    await upsertIncidents(db, [kept(buildIncident({ muted: [{ by: 'silence', id: 's', comment: '' }] }), { dueAt: minute(1) })]);
    expect(await dueIncidents(db, [], minute(2), 10)).toEqual([]);
    expect(await mutedIncidents(db, [], 10)).toEqual([]);
    expect(await openIncidentsOfRules(db, [], 10)).toEqual([]);
    expect(await outboxOwners(db, [])).toEqual([]);
    expect(await lockIncidents(db, [])).toEqual(new Map());
  });

  it('reads for a change who looks after an incident and when, and leaves both to the first', async () => {
    const { db, transaction } = current();
    const incident = buildIncident({ id: 'i' });
    await upsertIncidents(db, [kept(incident, { home: 't/3', dueAt: '2026-09-14T16:05:00+02:00' })]);
    expect(await transaction((tx) => lockIncidents(tx, ['absent', 'i', 'i']))).toEqual(new Map([['i', { incident, home: 't/3', dueAt: minute(5) }]]));
    await upsertIncidents(db, [kept({ ...incident, version: 2 }, { home: 't/4', dueAt: minute(7) })]);
    expect((await lockIncidents(db, ['i'])).get('i')).toMatchObject({ home: 't/3', dueAt: minute(7) });
    await upsertIncidents(db, [kept(incident, { dueAt: minute(1) })]);
    expect((await lockIncidents(db, ['i'])).get('i')).toMatchObject({ incident: { version: 2 }, dueAt: minute(7) });
  });

  it('adds to the history and never changes it', async () => {
    const { db } = current();
    const entry = (version: number, parts: Partial<HistoryEntry> = {}): HistoryEntry => ({
      incidentId: 'i',
      version,
      time: minute(version),
      change: 'updated',
      actor: null,
      comment: null,
      fromStatus: 'open',
      toStatus: 'open',
      severityId: 3,
      count: version,
      ...parts,
    });
    await addIncidentHistory(
      db,
      [1, 2, 3, 12].map((version) => entry(version)),
    );
    await addIncidentHistory(db, [entry(2, { comment: 'rewritten' }), { ...entry(1), incidentId: 'other' }]);
    const history = await allPages((page) => incidentHistory(db, 'i', page), 2);
    expect(history).toEqual([12, 3, 2, 1].map((version) => entry(version)));
  });

  it.each(Object.entries(HOSTILE))('takes %s in what people write', async (_, text) => {
    const { db } = current();
    await addIncidentHistory(db, [
      {
        incidentId: 'i',
        version: 1,
        time: minute(1),
        change: 'noted',
        actor: text,
        comment: text,
        fromStatus: 'open',
        toStatus: 'open',
        severityId: 3,
        count: 1,
      },
    ]);
    expect((await incidentHistory(db, 'i', { limit: 1 })).items).toHaveLength(1);
    await putSilence(db, { ...silence('s', 0, 9), author: text, comment: text });
    expect(await getSilence(db, 's')).toBeDefined();
    expect(await claimCommand(db, { id: text, target: 'incident', targetId: text, time: minute(1), outcome: 'refused', message: text })).toBe(true);
    expect(await getCommand(db, text)).toMatchObject({ outcome: 'refused' });
  });

  it('keeps silences on record when they end', async () => {
    const { db } = current();
    await putSilence(db, silence('past', 0, 1));
    await putSilence(db, silence('now', 1, 8));
    await putSilence(db, silence('next', 6, 9));
    await putSilence(db, { ...silence('now', 1, 2), comment: 'again' });
    expect((await activeSilences(db, minute(5))).map(({ id }) => id)).toEqual(['next', 'now']);
    expect((await listSilences(db, { activeAt: minute(5) }, { limit: 9 })).items).toEqual([silence('now', 1, 8)]);
    expect((await allPages((page) => listSilences(db, {}, page), 2)).map(({ id }) => id)).toEqual(['next', 'now', 'past']);
    expect(await expireSilence(db, 'now', minute(5))).toBe(true);
    expect(await expireSilence(db, 'now', minute(7))).toBe(true);
    expect(await expireSilence(db, 'absent', minute(5))).toBe(false);
    expect((await getSilence(db, 'now'))?.ends_at).toBe(minute(5));
    expect((await activeSilences(db, minute(5))).map(({ id }) => id)).toEqual(['next']);
  });

  it('lets a command have one effect', async () => {
    const { transaction, db } = current();
    const claim = (outcome: 'applied' | 'refused') =>
      transaction((tx) => claimCommand(tx, { id: 'c', target: 'incident', targetId: 'i', time: minute(1), outcome, message: '' }));
    const claims = await Promise.all([claim('applied'), claim('applied'), claim('applied')]);
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await claim('refused')).toBe(false);
    expect(await getCommand(db, 'c')).toEqual({ id: 'c', target: 'incident', targetId: 'i', time: minute(1), outcome: 'applied', message: '' });
    expect(await getCommand(db, 'other')).toBeUndefined();
  });
}

function silence(id: string, from: number, to: number): Silence {
  return { id, filter: 'true', starts_at: minute(from), ends_at: minute(to), author: 'ann', comment: 'why', created_at: minute(0) };
}
