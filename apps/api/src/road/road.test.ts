import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Action, Incident, Violation } from '@tocsin/domain';
import { addIncidentViolations, insertActions, insertViolations, recordDeliveries, upsertIncidents, type DeliveryRow } from '@tocsin/store';
import { buildIncident, buildViolation } from '@tocsin/testing';
import { NOW, openApi, type ApiUnderTest } from '../access/testing.js';
import { actionExample } from '../resources/action-examples.js';

const AT = new Date(NOW).toISOString();

describe('the road of a violation', () => {
  let api: ApiUnderTest;
  let violation: Violation;
  beforeEach(async () => {
    api = await openApi({ protection: { by: 'loopback' } });
    violation = buildViolation();
    await insertViolations(api.store.db, [violation, buildViolation({ id: 'other' })]);
  });
  afterEach(() => api.close());

  async function told(): Promise<string[]> {
    const { status, body } = await api.send('GET', `/v1/violations/${violation.id}/explain`, { headers: { host: 'localhost' } });
    expect(status).toBe(200);
    return body['told'] as string[];
  }
  async function join(incident: Incident, { rule = incident.rule.name, late = false } = {}): Promise<void> {
    await upsertIncidents(api.store.db, [{ incident, home: 't/0', dueAt: null }]);
    await addIncidentViolations(api.store.db, [
      { incidentId: incident.id, violationId: violation.id, time: violation.time, rule, ruleVersion: 'v1', late },
    ]);
  }
  const act = (action: Action): Promise<unknown> => insertActions(api.store.db, [{ action, work: {}, holds: false, disrupts: false, dueAt: null }]);
  const deliver = (row: Partial<DeliveryRow>): Promise<void> =>
    recordDeliveries(api.store.db, [
      {
        ...{ id: `d-${row.eventId ?? ''}`, subscription: 'soc', eventId: violation.id, state: 'delivered', attempts: 1 },
        ...{ topic: 't', partition: 0, offset: 1, loggedAt: AT, firstAt: AT, lastAt: AT, reason: '', message: '' },
        ...row,
      },
    ]);

  it('says of one that was never seen where to look', async () => {
    const { status, body } = await api.send('GET', '/v1/violations/absent/explain', { headers: { host: 'localhost' } });
    expect({ status, detail: body['detail'] }).toEqual({ status: 404, detail: expect.stringContaining('/v1/dead-letters?stage=decode') });
  });

  it('says by which source it came, that no incident holds it, and that nobody was told', async () => {
    expect(await told()).toEqual([
      expect.stringContaining(`The source ${violation.source} reported it`),
      expect.stringContaining('No incident holds it'),
      expect.stringContaining('Nobody was told'),
    ]);
  });

  it('says which rule matched and which incident took it in', async () => {
    const incident = buildIncident({ id: 'i-1', count: 12 });
    await join(incident);
    expect(await told()).toContain(
      `The rule ${incident.rule.name} matched it: it is one of 12 in the incident "${incident.title}" (i-1), which is ${incident.status}.`,
    );
    expect(await told()).toContain('No policy planned an action for it.');
  });

  it('names both rules of a chain, and says that it came late', async () => {
    const incident = buildIncident({ id: 'i-1' });
    await join(incident, { rule: 'shells', late: true });
    expect(await told()).toEqual(
      expect.arrayContaining([
        expect.stringContaining(`The rule shells, which ${incident.rule.name} follows`),
        expect.stringContaining('It came later'),
      ]),
    );
  });

  it.each([
    ['silence', 'the silence s-1: a drill'],
    ['inhibition', 'the incident s-1, which inhibits it: a drill'],
  ] as const)('says what mutes its incident: %s', async (by, why) => {
    await join(buildIncident({ id: 'i-1', muted: [{ by, id: 's-1', comment: 'a drill' }] }));
    expect(await told()).toContain(`Nobody is told of the incident i-1 because of ${why}`);
  });

  it('says what was planned, and by which limit it was refused', async () => {
    await join(buildIncident({ id: 'i-1' }));
    await act({ ...actionExample, id: 'a-1', incident: 'i-1', state: 'refused', refused_by: 'step_failed', reason: 'Why it was.' });
    const { type, policy, target } = actionExample;
    expect(await told()).toContain(
      `The policy ${policy} asked for ${type} of ${target.type} ${target.name} (a-1): refused by step_failed. Why it was.`,
    );
  });

  it.each([
    [{ state: 'delivered', attempts: 2 }, `The subscription soc was sent i-1/3: delivered at ${AT}, after 2 attempts.`],
    [
      { state: 'pending', reason: 'http_5xx', message: 'it answered 503' },
      `The subscription soc waits for i-1/3: 1 attempt failed, the last at ${AT} (http_5xx: it answered 503); there will be another.`,
    ],
    [
      { state: 'dead', reason: 'http_4xx', message: 'it answered 400' },
      `The subscription soc could not be sent i-1/3: given up at ${AT} after 1 attempt (http_4xx: it answered 400); it is with the dead letters.`,
    ],
  ] as const)('says how its delivery stands: %j', async (row, sentence) => {
    await join(buildIncident({ id: 'i-1' }));
    await deliver({ ...row, eventId: 'i-1/3' });
    expect(await told()).toContain(sentence);
  });

  it('tells of every version of its incidents and actions, and of nothing else', async () => {
    await join(buildIncident({ id: 'i-1' }));
    await act({ ...actionExample, id: 'a-1', incident: 'i-1' });
    await act({ ...actionExample, id: 'a-10', incident: 'i-10' });
    for (const eventId of [violation.id, 'i-1/1', 'i-1/2', 'a-1/1', 'i-10/1', 'a-10/1', 'i-1', 'other']) await deliver({ eventId });
    const { body } = await api.send('GET', `/v1/violations/${violation.id}/explain`, { headers: { host: 'localhost' } });
    const events = (body['deliveries'] as { event: string }[]).map(({ event }) => event);
    expect(events.toSorted()).toEqual([violation.id, 'a-1/1', 'i-1', 'i-1/1', 'i-1/2'].toSorted());
    expect((body['actions'] as { id: string }[]).map(({ id }) => id)).toEqual(['a-1']);
  });
});
