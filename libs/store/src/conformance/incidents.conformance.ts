import { expect, it } from '@jest/globals';
import { buildIncident, buildViolation } from '@tocsin/testing';
import {
  addIncidentViolations,
  getIncidents,
  incidentViolations,
  insertViolations,
  listIncidents,
  upsertIncidents,
  type IncidentFilter,
} from '../index.js';
import { allPages, HOSTILE, type CurrentStore } from './harness.js';

export function incidentsSuite(current: CurrentStore): void {
  const ids = async (filter: IncidentFilter): Promise<string[]> =>
    (await listIncidents(current().db, filter, { limit: 50 })).items.map(({ id }) => id);

  it('replaces an incident by a newer version, never by an older one', async () => {
    const { db } = current();
    const incident = buildIncident();
    const at = (version: number) => ({ ...incident, version, count: version });
    await upsertIncidents(db, [at(1)]);
    await upsertIncidents(db, [at(4), at(3)]);
    expect(await getIncidents(db, [incident.id, 'absent'])).toEqual(new Map([[incident.id, at(4)]]));
    await upsertIncidents(db, [at(2)]);
    expect((await getIncidents(db, [incident.id])).get(incident.id)).toEqual(at(4));
  });

  it('pages newest first, through equal times', async () => {
    const incidents = Array.from({ length: 7 }, (_, n) => buildIncident({ id: `i${n}`, last_seen: `2026-09-14T14:0${Math.floor(n / 3)}:00.000Z` }));
    await upsertIncidents(current().db, incidents);
    const seen = await allPages((page) => listIncidents(current().db, {}, page), 2);
    expect(seen.map(({ id }) => id)).toEqual(['i6', 'i5', 'i4', 'i3', 'i2', 'i1', 'i0']);
  });

  it('filters by each field and by several', async () => {
    await upsertIncidents(current().db, [
      buildIncident({ id: 'a', severity_id: 5, cluster: 'east' }),
      buildIncident({ id: 'b', severity_id: 2, status: 'resolved', group: { 'workload.namespace': 'pay' }, last_seen: '2026-09-15T00:00:00.000Z' }),
    ]);
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
    await upsertIncidents(current().db, [spread]);
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
    await upsertIncidents(current().db, [hostile, other]);
    expect((await getIncidents(current().db, ['h'])).get('h')).toEqual(hostile);
    expect(await ids({ rule: text })).toEqual(['h']);
    expect(await ids({ cluster: text })).toEqual(['h']);
    expect(await ids({ namespace: text })).toEqual(text === '' ? [] : ['h']);
    expect(await ids({ status: text })).toEqual([]);
  });

  it('leaves out repeated evidence and pages through it newest first', async () => {
    const { db } = current();
    const member = (n: number) => ({ incidentId: 'i', violationId: `v${n}`, time: `2026-09-14T14:0${Math.floor(n / 2)}:00.000Z` });
    await addIncidentViolations(db, [member(0), member(1), member(2), member(1)]);
    await addIncidentViolations(db, [member(2), member(3), { ...member(9), incidentId: 'other' }]);
    const trail = await allPages((page) => incidentViolations(db, 'i', page), 2);
    expect(trail.map(({ id }) => id)).toEqual(['v3', 'v2', 'v1', 'v0']);
  });

  it('shows the evidence with the violations that the store holds', async () => {
    const { db } = current();
    const violation = buildViolation();
    await insertViolations(db, [violation]);
    await addIncidentViolations(db, [
      { incidentId: 'i', violationId: violation.id, time: violation.time },
      { incidentId: 'i', violationId: 'not-yet-here', time: '2026-09-01T00:00:00.000Z' },
    ]);
    expect((await incidentViolations(db, 'i', { limit: 5 })).items).toEqual([
      { id: violation.id, time: violation.time, violation },
      { id: 'not-yet-here', time: '2026-09-01T00:00:00.000Z' },
    ]);
  });
}
