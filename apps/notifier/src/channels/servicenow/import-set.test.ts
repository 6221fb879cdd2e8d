import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Incident } from '@tocsin/domain';
import { getCase, migrate, openStore, type Store } from '@tocsin/store';
import { buildIncident, fakeServiceNow, type FakeServiceNow } from '@tocsin/testing';
import type { Channel, Outcome } from '../channel.js';
import { deliveryOf } from '../contract.js';
import { channelDeps } from '../testing.js';
import { servicenow } from './servicenow.js';

process.env['TEST_SERVICENOW_PASSWORD'] = 'p';
const ID = '11111111-1111-5111-8111-111111111111';
const auth = { basic: { username: 'tocsin', password: { env: 'TEST_SERVICENOW_PASSWORD' } } };
const incident = (version: number, parts: Partial<Incident> = {}): Incident => buildIncident({ id: ID, version, status: 'open', ...parts });

describe('tickets of ServiceNow through an import set', () => {
  let instance: FakeServiceNow;
  let store: Store;
  let to: Channel;
  const open = async (coalesces: boolean, config: object = {}): Promise<void> => {
    const importSets = { u_tocsin: { table: 'incident', prefix: 'u_', coalesces } };
    instance = await fakeServiceNow({ auth: { basic: { username: 'tocsin', password: 'p' } }, importSets });
    const parsed = servicenow.config.parse({ instance: instance.url, auth, closeCode: 'Solved', importSet: { table: 'u_tocsin' }, ...config });
    to = servicenow.create(parsed, channelDeps({ store }));
  };
  beforeEach(async () => {
    store = await openStore({ file: ':memory:' });
    await migrate(store);
  });
  afterEach(async () => {
    await to.close();
    await instance.close();
    await store.close();
  });
  const tell = async (told: Incident): Promise<Outcome | undefined> =>
    (await to.send([{ ...deliveryOf('incident', told), id: `delivery-${told.version}` }], new AbortController().signal))[0];
  const tickets = () => instance.tables.get('incident') ?? [];

  it('are made and changed by it alone', async () => {
    await open(true, { fields: { category: 'Security' } });
    expect(await tell(incident(1))).toEqual({ ok: true });
    expect(await tell(incident(2, { status: 'acknowledged', change: 'acknowledged', severity_id: 5 }))).toEqual({ ok: true });
    const resolution = { reason: 'benign', by: 'ann', time: '2026-09-14T15:00:00.000Z' } as const;
    expect(await tell(incident(3, { status: 'resolved', change: 'resolved', resolution }))).toEqual({ ok: true });
    expect(tickets()).toMatchObject([{ correlation_id: `tocsin-${ID}`, correlation_display: 'Tocsin test', state: '6', close_code: 'Solved' }]);
    expect(instance.journal).toHaveLength(3);
    const writes = instance.requests.filter(({ method }) => method !== 'GET').map(({ path }) => path);
    expect(new Set(writes)).toEqual(new Set(['/api/now/import/u_tocsin']));
    expect(await getCase(store.db, 'test', ID)).toMatchObject({ state: 'closed', name: tickets()[0]?.['number'] });
  });

  it('have a dead letter with the reason where the transform map refuses, although it answers 201', async () => {
    await open(true);
    instance.abort(() => "Operation against file 'incident' was aborted by Business Rule 'Sundays'");
    expect(await tell(incident(1))).toMatchObject({ ok: false, retry: false, message: expect.stringContaining('Sundays') });
    instance.abort(() => undefined);
    expect(await tell(incident(1))).toEqual({ ok: true });
    expect(tickets()).toHaveLength(1);
  });

  it('say that the transform map does not coalesce, instead of going on making others', async () => {
    await open(false);
    await tell(incident(1));
    expect(await tell(incident(2, { severity_id: 5 }))).toMatchObject({ ok: false, retry: false, message: expect.stringContaining('coalesce') });
  });

  it('are followed by a new one, which the transform map makes, when one was deleted', async () => {
    await open(true);
    await tell(incident(1));
    instance.delete('incident', tickets()[0]?.['sys_id'] ?? '');
    expect(await tell(incident(2, { severity_id: 5 }))).toEqual({ ok: true });
    expect(tickets()).toHaveLength(1);
    expect(await getCase(store.db, 'test', ID)).toMatchObject({ state: 'open', reference: tickets()[0]?.['sys_id'] });
  });

  it('wait while there is no such staging table, or no transform map to the table', async () => {
    await open(true, { importSet: { table: 'u_other' } });
    expect(await tell(incident(1))).toMatchObject({ ok: false, retry: true, reason: 'config', message: expect.stringContaining('u_other') });
    await to.close();
    await instance.close();
    await open(true, { table: 'sn_si_incident', states: { resolved: '100', reopened: '16', closed: ['3'] } });
    expect(await tell(incident(1))).toMatchObject({ ok: false, retry: true, reason: 'config', message: expect.stringContaining('no transform map') });
  });

  it.each([
    [{ displayValues: true }, 'has no effect on an import set'],
    [{ table: 'em_event' }, 'is for tickets'],
    [{ importSet: { table: 'U-X' } }, 'expected the name of a table'],
  ])('refuses %j', async (config, message) => {
    await open(true);
    const given = { instance: instance.url, auth, closeCode: 'Solved', importSet: { table: 'u_tocsin' }, ...config };
    expect(servicenow.config.safeParse(given).error?.issues.map((issue) => issue.message)).toEqual([expect.stringContaining(message)]);
  });
});
