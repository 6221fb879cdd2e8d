import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { auditRecords, changeCase, claimCase } from '@tocsin/store';
import { openApi, type ApiUnderTest } from '../access/testing.js';

const TIME = '2026-09-14T14:00:00.000Z';

describe('cases by the API', () => {
  let api: ApiUnderTest;
  beforeEach(async () => {
    api = await openApi({ protection: { by: 'loopback' } });
    for (const [subscription, subject, state] of [
      ['jira', 'i-1', 'open'],
      ['jira', 'i-2', 'orphaned'],
      ['snow', 'i-2', 'closed'],
    ] as const) {
      const key = { subscription, subject };
      await claimCase(api.store.db, key, { by: 'test', now: TIME, until: TIME });
      const change = { state, reference: '1', name: 'SEC-1', url: 'https://jira/SEC-1', reason: state === 'orphaned' ? 'it is gone' : '' };
      await changeCase(api.store.db, key, 'test', change, TIME);
    }
  });
  afterEach(() => api.close());

  it('shows those that need somebody', async () => {
    expect(await api.send('GET', '/v1/cases?state=orphaned')).toMatchObject({
      status: 200,
      body: { items: [{ subscription: 'jira', subject: 'i-2', state: 'orphaned', name: 'SEC-1', reason: 'it is gone', created_at: TIME }] },
    });
    expect(await api.send('GET', '/v1/cases?subscription=jira&limit=1')).toMatchObject({ body: { items: [{}], next_cursor: expect.any(String) } });
    expect(await api.send('GET', '/v1/cases?state=lost')).toMatchObject({ status: 400, body: { errors: [{ parameter: 'state' }] } });
    expect(await api.send('GET', '/v1/cases/snow/i-2')).toMatchObject({ status: 200, body: { state: 'closed' } });
  });

  it('tries an orphaned one again, or forgets it, and has on record who said so', async () => {
    expect(await api.send('POST', '/v1/cases/jira/i-2/retry', { body: {} })).toMatchObject({ status: 200, body: { state: 'open' } });
    expect(await api.send('POST', '/v1/cases/jira/i-2/forget', { body: {} })).toMatchObject({
      status: 409,
      body: { detail: 'Only an orphaned case can be tried again or forgotten, and this one is open.' },
    });
    await changeCase(api.store.db, { subscription: 'jira', subject: 'i-2' }, 'test', { state: 'orphaned' }, TIME);
    expect(await api.send('POST', '/v1/cases/jira/i-2/forget', { body: {} })).toMatchObject({ status: 200, body: { state: 'orphaned' } });
    expect((await api.send('GET', '/v1/cases/jira/i-2')).status).toBe(404);
    const events = (await auditRecords(api.store.db, { limit: 10 })).map(({ event }) => event);
    expect(events).toEqual(expect.arrayContaining(['api.retryCase', 'api.forgetCase']));
    expect(await api.send('POST', '/v1/cases/jira/i-2/retry', { body: {} })).toMatchObject({ status: 404 });
  });
});
