import { expect, it } from '@jest/globals';
import { buildIncident } from '@tocsin/testing';
import { addIncidentViolations, deliveriesAbout, incidentsOfViolation, recordDeliveries, upsertIncidents, type DeliveryRow } from '../index.js';
import { HOSTILE, kept, type CurrentStore } from './harness.js';

const at = (second: number): string => new Date(Date.UTC(2026, 8, 14, 14, 0, second)).toISOString();
const delivery = (eventId: string, second: number): DeliveryRow => ({
  ...{ id: `d-${eventId}`, subscription: 'soc', eventId, state: 'delivered', attempts: 1, reason: '', message: '' },
  ...{ topic: 't', partition: 0, offset: 1, loggedAt: at(second), firstAt: at(second), lastAt: at(second) },
});

export function roadSuite(current: CurrentStore): void {
  it('finds the incidents that hold a violation, and how it came into them', async () => {
    const { db } = current();
    const [first, second] = [buildIncident({ id: 'i-1' }), buildIncident({ id: 'i-2' })];
    await upsertIncidents(db, [kept(first), kept(second)]);
    const member = { time: at(0), ruleVersion: 'v1' };
    await addIncidentViolations(db, [
      { ...member, incidentId: 'i-2', violationId: 'v', rule: 'shells', late: true },
      { ...member, incidentId: 'i-1', violationId: 'v', rule: 'burst', late: false },
      { ...member, incidentId: 'i-1', violationId: 'w', rule: 'burst', late: false },
    ]);
    expect(await incidentsOfViolation(db, 'v', 10)).toEqual([
      { incident: first, rule: 'burst', ruleVersion: 'v1', late: false },
      { incident: second, rule: 'shells', ruleVersion: 'v1', late: true },
    ]);
    expect(await incidentsOfViolation(db, 'v', 1)).toHaveLength(1);
    expect(await incidentsOfViolation(db, 'none', 10)).toEqual([]);
  });

  it('finds deliveries of an event and of all its versions, and of no other', async () => {
    const { db } = current();
    const events = ['i-1', 'i-1/1', 'i-1/2', 'i-10', 'i-10/1', 'i-1.', 'i-1a', 'v'];
    await recordDeliveries(
      db,
      events.map((eventId, n) => delivery(eventId, n)),
    );
    expect((await deliveriesAbout(db, ['i-1', 'v'], 10)).map(({ eventId }) => eventId)).toEqual(['v', 'i-1/2', 'i-1/1', 'i-1']);
    expect(await deliveriesAbout(db, ['none'], 10)).toEqual([]);
  });

  it.each(Object.entries(HOSTILE))('is asked for by a hostile id: %s', async (_name, text) => {
    const { db } = current();
    expect(await incidentsOfViolation(db, text, 10)).toEqual([]);
    expect(await deliveriesAbout(db, [text], 10)).toEqual([]);
  });
}
