import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { ROUTES } from '../http/routes/index.js';
import { ROLES, mayAct, type Role } from './principal.js';
import { openApi, type Answer, type ApiUnderTest } from './testing.js';

const DAY_MS = 24 * 3_600_000;
const BOOTSTRAP = 'b00tstrap';

// Every route by every role, and by tokens that are good for nothing.
describe('authorisation', () => {
  let api: ApiUnderTest;
  const tokens = new Map<string, string>();

  async function token(name: string, body: object): Promise<string> {
    const { status, body: made } = await api.send('POST', '/v1/tokens', { token: BOOTSTRAP, body: { name, ...body } });
    expect(status).toBe(201);
    tokens.set(name, String(made['token']));
    return String(made['id']);
  }

  beforeAll(async () => {
    api = await openApi({ protection: { by: 'token', token: BOOTSTRAP }, perMinute: 100_000 });
    await token('expired', { role: 'admin', person: 'eve', days: 1 });
    api.clock.ms += 2 * DAY_MS;
    const revoked = await token('revoked', { role: 'admin', person: 'eve' });
    expect((await api.send('DELETE', `/v1/tokens/${revoked}`, { token: BOOTSTRAP })).status).toBe(200);
    for (const role of ROLES) await token(role, { role, person: role });
    await token('service', { role: 'admin' });
  });
  afterAll(() => api.close());

  const ask = (method: string, path: string, shown: string | undefined): Promise<Answer> =>
    api.send(method.toUpperCase(), path.replaceAll(/\{\w+\}/g, 'absent').replace(/events$/, 'events?for=0'), {
      ...(shown !== undefined && { token: shown }),
      ...(method === 'post' && { body: {} }),
    });

  describe.each(ROUTES.map((route) => [route.method, route.path, route.role] as const))('%s %s', (method, path, needed) => {
    it.each(ROLES)(`lets the role %s in, if it is enough`, async (role) => {
      const { status, body } = await ask(method, path, tokens.get(role));
      if (needed === 'anyone') return expect([200, 201, 400]).toContain(status);
      if (mayAct(role, needed)) return expect([401, 403]).not.toContain(status);
      expect({ status, detail: body['detail'] }).toEqual({ status: 403, detail: expect.stringContaining(`needs the role ${needed}`) });
    });

    it.each([
      ['no token', undefined, 'a token is needed'],
      ['a wrong token', 'wrong', 'the token is wrong'],
      ['an API token that was never made', 'toc_wrong', 'the token is wrong'],
      ['an expired token', 'expired', 'the token has expired'],
      ['a revoked token', 'revoked', 'the token was revoked'],
    ])('refuses %s', async (_what, name, why) => {
      const { status, body, headers } = await ask(method, path, name === undefined ? undefined : (tokens.get(name) ?? name));
      if (needed === 'anyone') return expect([200, 201, 400]).toContain(status);
      expect({ status, detail: body['detail'] }).toEqual({ status: 401, detail: expect.stringContaining(why) });
      expect(headers['www-authenticate']).toContain('Bearer');
    });
  });

  it('is declared by every route', () => {
    for (const { role, operationId } of ROUTES)
      expect([operationId, [...ROLES, 'anyone'] as (Role | 'anyone')[]]).toEqual([operationId, expect.arrayContaining([role])]);
    expect(new Set(ROUTES.map(({ operationId }) => operationId)).size).toBe(ROUTES.length);
  });

  it('lets services do all but approve', async () => {
    const shown = tokens.get('service')!;
    const approval = await ask('post', '/v1/actions/{id}/approve', shown);
    expect(approval).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining('A person must approve, and token:service is a service') },
    });
    expect((await ask('post', '/v1/actions/{id}/revert', shown)).status).toBe(404);
    expect((await ask('post', '/v1/actions/{id}/approve', tokens.get('approver'))).status).toBe(400);
  });

  it('is not fooled by other ways to write an address', async () => {
    const shown = tokens.get('viewer')!;
    for (const path of [
      '/v1/actions/x/%61pprove',
      '/v1/actions/x/approve/',
      '/v1//actions/x/approve',
      '/v1/actions/x%2f..%2fy/approve',
      '/v1/actions/{id}/approve',
    ]) {
      expect([403, 404]).toContain((await api.send('POST', path, { token: shown, body: { plan_hash: 'a'.repeat(64) } })).status);
    }
    expect((await api.send('HEAD', '/v1/audit', { token: shown })).status).toBe(403);
  });
});
