import { expect, it } from '@jest/globals';
import { buildIncident, buildViolation } from '@tocsin/testing';
import {
  addIncidentViolations,
  copyIncidentViolations,
  getIncidents,
  incidentViolations,
  insertViolations,
  listIncidents,
  upsertIncidents,
  type IncidentFilter,
} from '../index.js';
import { allPages, HOSTILE, kept, type CurrentStore } from './harness.js';

export function incidentsSuite(current: CurrentStore): void {
  const ids = async (filter: IncidentFilter): Promise<string[]> =>
    (await listIncidents(current().db, filter, { limit: 50 })).items.map(({ id }) => id);

  it('replaces an incident by a newer version, never by an older one', async () => {
    const { db } = current();
    const incident = buildIncident();
    const at = (version: number) => ({ ...incident, version, count: version });
    await upsertIncidents(db, [kept(at(1))]);
    await upsertIncidents(db, [kept(at(4)), kept(at(3))]);
    expect(await getIncidents(db, [incident.id, 'absent'])).toEqual(new Map([[incident.id, at(4)]]));
    await upsertIncidents(db, [kept(at(2))]);
    expect((await getIncidents(db, [incident.id])).get(incident.id)).toEqual(at(4));
  });

  it('pages newest first, through equal times', async () => {
    const incidents = Array.from({ length: 7 }, (_, n) => buildIncident({ id: `i${n}`, last_seen: `2026-09-14T14:0${Math.floor(n / 3)}:00.000Z` }));
    await upsertIncidents(
      current().db,
      incidents.map((incident) => kept(incident)),
    );
    const seen = await allPages((page) => listIncidents(current().db, {}, page), 2);
    expect(seen.map(({ id }) => id)).toEqual(['i6', 'i5', 'i4', 'i3', 'i2', 'i1', 'i0']);
  });

  it('filters by each field and by several', async () => {
    await upsertIncidents(current().db, [
      kept(buildIncident({ id: 'a', severity_id: 5, cluster: 'east', assignee: 'ann', muted: [{ by: 'silence', id: 's', comment: '' }] })),
      kept(
        buildIncident({ id: 'b', severity_id: 2, status: 'resolved', group: { 'workload.namespace': 'pay' }, last_seen: '2026-09-15T00:00:00.000Z' }),
      ),
    ]);
    expect(await ids({ muted: true })).toEqual(['a']);
    expect(await ids({ muted: false })).toEqual(['b']);
    expect(await ids({ assignee: 'ann' })).toEqual(['a']);
    expect(await ids({ severity: 4 })).toEqual(['a']);
    expect(await ids({ severity: 2 })).toEqual(['b', 'a']);
    expect(await ids({ status: 'resolved' })).toEqual(['b']);
    expect(await ids({ namespace: 'pay' })).toEqual(['b']);
    expect(await ids({ cluster: 'east' })).toEqual(['a']);
    expect(await ids({ rule: 'shell-in-container' })).toEqual(['b', 'a']);
    expect(await ids({ since: '2026-09-14T20:00:00-04:00' })).toEqual(['b']);
    expect(await ids({ since: '2026-09-15T00:00:00.001Z' })).toEqual([]);
    expect(await ids({ status: 'open', namespace: 'pay' })).toEqual([]);
  });

  it('finds an incident by every namespace that it is about', async () => {
    const spread = buildIncident({
      id: 'spread',
      group: { 'user.name': 'eve' },
      entities: [
        { type: 'workload', name: 'shop/web' },
        { type: 'pod', name: 'pay/api-1' },
        { type: 'image', name: 'registry/nginx' },
      ],
    });
    await upsertIncidents(current().db, [kept(spread)]);
    expect(await ids({ namespace: 'shop' })).toEqual(['spread']);
    expect(await ids({ namespace: 'pay' })).toEqual(['spread']);
    expect(await ids({ namespace: 'registry' })).toEqual([]);
  });

  it.each(Object.entries(HOSTILE))('keeps %s whole and finds exactly it', async (_, text) => {
    const hostile = buildIncident({
      id: 'h',
      title: text,
      cluster: text,
      rule: { name: text, version: text, title: text },
      group: { 'workload.namespace': text },
      entities: [],
    });
    const other = buildIncident({
      id: 'o',
      cluster: `${text}x`,
      rule: { name: `${text}x`, version: '', title: '' },
      group: { 'workload.namespace': `${text}x` },
      entities: [],
    });
    await upsertIncidents(current().db, [kept(hostile), kept(other)]);
    expect((await getIncidents(current().db, ['h'])).get('h')).toEqual(hostile);
    expect(await ids({ rule: text })).toEqual(['h']);
    expect(await ids({ cluster: text })).toEqual(['h']);
    expect(await ids({ namespace: text })).toEqual(text === '' ? [] : ['h']);
    expect(await ids({ status: text })).toEqual([]);
  });

  it('leaves out repeated evidence and pages through it newest first', async () => {
    const { db } = current();
    const member = (n: number, rule = 'r') => ({
      incidentId: 'i',
      violationId: `v${n}`,
      time: `2026-09-14T14:0${Math.floor(n / 2)}:00.000Z`,
      rule,
      ruleVersion: '1',
      late: n === 3,
    });
    const first = await addIncidentViolations(db, [member(0), member(1), member(2), member(1, 'a')]);
    expect([...first].toSorted()).toEqual(['i/v0', 'i/v1', 'i/v2']);
    const second = await addIncidentViolations(db, [member(2, 'b'), member(3), { ...member(9), incidentId: 'other' }]);
    expect([...second].toSorted()).toEqual(['i/v3', 'other/v9']);
    const trail = await allPages((page) => incidentViolations(db, 'i', page), 2);
    expect(trail.map(({ id, rule, late }) => [id, rule, late])).toEqual([
      ['v3', 'r', true],
      ['v2', 'b', false],
      ['v1', 'a', false],
      ['v0', 'r', false],
    ]);
    expect(await copyIncidentViolations(db, 'i', 'other')).toBe(4);
    expect(await copyIncidentViolations(db, 'i', 'other')).toBe(0);
    expect((await incidentViolations(db, 'other', { limit: 9 })).items).toHaveLength(5);
    expect((await incidentViolations(db, 'i', { limit: 9 })).items).toHaveLength(4);
  });

  it('tells one of several that add a violation at once that it is new', async () => {
    const { transaction, db } = current();
    const members = Array.from({ length: 300 }, (_, n) => ({
      incidentId: `i${n % 3}`,
      violationId: `v${n}`,
      time: '2026-09-14T14:00:00.000Z',
      rule: `r${n % 2}`,
      ruleVersion: '1',
      late: false,
    }));
    const orders = [members, members.toReversed(), members.slice(100), members.slice(0, 200)];
    const added = await Promise.all(orders.map((order) => transaction((tx) => addIncidentViolations(tx, order))));
    expect(added.reduce((sum, keys) => sum + keys.size, 0)).toBe(300);
    expect(new Set(added.flatMap((keys) => [...keys])).size).toBe(300);
    const trail = (await incidentViolations(db, 'i1', { limit: 200 })).items;
    expect(trail).toHaveLength(100);
  });

  it('keeps the first name of the rules that a violation came through, for thousands at once', async () => {
    const { db } = current();
    const through = (rule: string) =>
      Array.from({ length: 6_000 }, (_, n) => ({
        incidentId: 'i',
        violationId: `v${n}`,
        time: '2026-09-14T14:00:00.000Z',
        rule,
        ruleVersion: '1',
        late: false,
      }));
    expect((await addIncidentViolations(db, through('m'))).size).toBe(6_000);
    expect((await addIncidentViolations(db, through('z'))).size).toBe(0);
    expect((await addIncidentViolations(db, through('b').slice(0, 5_500))).size).toBe(0);
    const rules = (await incidentViolations(db, 'i', { limit: 6_000 })).items.map(({ rule }) => rule);
    expect([rules.filter((rule) => rule === 'b').length, rules.filter((rule) => rule === 'm').length]).toEqual([5_500, 500]);
  });

  it('shows the evidence with the violations that the store holds', async () => {
    const { db } = current();
    const violation = buildViolation();
    const plain = { rule: 'r', ruleVersion: '1', late: false };
    await insertViolations(db, [violation]);
    await addIncidentViolations(db, [
      { incidentId: 'i', violationId: violation.id, time: violation.time, ...plain },
      { incidentId: 'i', violationId: 'not-yet-here', time: '2026-09-01T00:00:00.000Z', ...plain },
    ]);
    expect((await incidentViolations(db, 'i', { limit: 5 })).items).toEqual([
      { id: violation.id, time: violation.time, ...plain, violation },
      { id: 'not-yet-here', time: '2026-09-01T00:00:00.000Z', ...plain },
    ]);
  });
}
