import { afterEach, describe, expect, it } from '@jest/globals';
import { openApi, type ApiTestOptions, type ApiUnderTest } from './testing.js';

const BOOTSTRAP = 'b00tstrap';
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const SILENCE = { filter: 'incident.severity_id < 3', ends_at: '2026-09-14T16:00:00Z', comment: 'drill' };

describe('tokens and sessions', () => {
  let api: ApiUnderTest;
  const open = async (options: Partial<ApiTestOptions> = {}): Promise<void> => {
    api = await openApi({ protection: { by: 'token', token: BOOTSTRAP }, ...options });
  };
  afterEach(() => api.close());

  async function make(body: object): Promise<{ id: string; token: string }> {
    const made = await api.send('POST', '/v1/tokens', { token: BOOTSTRAP, body });
    expect(made.status).toBe(201);
    return made.body as { id: string; token: string };
  }
  async function login(token: string): Promise<string> {
    const { status, headers } = await api.send('POST', '/v1/session', { body: { token } });
    expect(status).toBe(201);
    return String(headers['set-cookie']).split(';')[0] as string;
  }
  const read = async (cookie: string): Promise<number> => (await api.send('GET', '/v1/incidents', { headers: { cookie } })).status;

  it('keeps nothing that anyone could use', async () => {
    await open();
    const { token } = await make({ name: 'ci', role: 'viewer' });
    const cookie = await login(token);
    const { db } = api.store;
    const rows = [await db.selectFrom('api_tokens').selectAll().execute(), await db.selectFrom('api_sessions').selectAll().execute()];
    const kept = JSON.stringify(rows);
    expect(kept).not.toContain(token);
    expect(kept).not.toContain(cookie.split('=')[1]);
    expect(JSON.stringify((await api.send('GET', '/v1/tokens', { token: BOOTSTRAP })).body)).not.toContain(token);
  });

  it('holds a token to the operations that it was made for', async () => {
    await open();
    const { token } = await make({ name: 'stopper', role: 'operator', operations: ['stopResponse', 'getSession'] });
    expect(await api.send('GET', '/v1/incidents', { token })).toMatchObject({
      status: 403,
      body: { detail: expect.stringContaining('may not do listIncidents') },
    });
    expect((await api.send('POST', '/v1/response/stop', { token, body: { reason: 'wait' } })).body).toMatchObject({ actor: 'token:stopper' });
    const wrong = await api.send('POST', '/v1/tokens', { token: BOOTSTRAP, body: { name: 'x', role: 'viewer', operations: ['listIncident'] } });
    expect(wrong).toMatchObject({ status: 400, body: { detail: expect.stringContaining('did you mean "listIncidents"') } });
  });

  it('names who it was in the audit, whatever else a script says, before the write is done', async () => {
    await open();
    const { token } = await make({ name: 'ann-laptop', role: 'operator', person: 'ann' });
    await api.send('POST', '/v1/silences', { token, body: SILENCE, headers: { 'x-tocsin-actor': 'eve' } });
    const { body } = await api.send('GET', '/v1/audit', { token });
    expect(body['items']).toMatchObject([
      { event: 'api.makeToken', actor: 'api-token' },
      { event: 'api.makeSilence', actor: 'ann' },
    ]);
  });

  it('ends a session when nobody uses it, and anyway', async () => {
    await open();
    const cookie = await login((await make({ name: 'ann', role: 'viewer', person: 'ann' })).token);
    for (let hour = 0; hour < 12; hour += 1) {
      expect(await read(cookie)).toBe(200);
      api.clock.ms += HOUR_MS - MINUTE_MS;
    }
    expect(await read(cookie)).toBe(200);
    api.clock.ms += 15 * MINUTE_MS;
    expect(await read(cookie)).toBe(401);
    const idle = await login(BOOTSTRAP);
    api.clock.ms += HOUR_MS;
    expect(await read(idle)).toBe(401);
  });

  it('ends a session with its token, and by logging out', async () => {
    await open();
    const { id, token } = await make({ name: 'ann', role: 'viewer', person: 'ann' });
    const [first, second] = [await login(token), await login(token)];
    const out = await api.send('DELETE', '/v1/session', { headers: { cookie: first, 'sec-fetch-site': 'same-origin' } });
    expect(out.headers['set-cookie']).toContain('Max-Age=0');
    expect([await read(first), await read(second)]).toEqual([401, 200]);
    await api.send('DELETE', `/v1/tokens/${id}`, { token: BOOTSTRAP });
    expect(await read(second)).toBe(401);
  });

  it.each([
    [{ 'sec-fetch-site': 'same-origin' }, 201],
    [{ host: 'tocsin.example', origin: 'https://tocsin.example' }, 201],
    [{ 'sec-fetch-site': 'cross-site' }, 403],
    [{ 'sec-fetch-site': 'same-site' }, 403],
    [{ 'sec-fetch-site': 'none' }, 403],
    [{ host: 'tocsin.example', origin: 'https://evil.example' }, 403],
    [{ host: 'tocsin.example', origin: 'null' }, 403],
    [{}, 403],
  ])('takes writes by a session from pages of its own alone: %j', async (headers, status) => {
    await open();
    const cookie = await login(BOOTSTRAP);
    expect((await api.send('POST', '/v1/silences', { body: SILENCE, headers: { cookie, ...headers } })).status).toBe(status);
  });

  it('gives cookies that neither scripts nor other hosts get, nor any network that can be listened to', async () => {
    await open({ secure: true });
    const { headers, body } = await api.send('POST', '/v1/session', { body: { token: BOOTSTRAP } });
    expect(headers['set-cookie']).toMatch(/^__Host-tocsin-session=[\w-]{43}; Path=\/; HttpOnly; SameSite=Lax; Secure$/);
    expect(body).toMatchObject({ actor: 'api-token', role: 'admin', kind: 'session', login: { token: true } });
  });

  it.each(['wrong', 'toc_wrong', 'a.b.c'])('makes no session of the token %s, also where none is asked for', async (token) => {
    await open({ protection: { by: 'loopback' } });
    expect((await api.send('POST', '/v1/session', { body: { token } })).status).toBe(token === 'toc_wrong' ? 401 : 403);
    await api.close();
    await open({ protection: { by: 'network' } });
    expect((await api.send('POST', '/v1/session', { body: { token } })).status).toBe(401);
  });

  it('says who asks, also when that is nobody', async () => {
    await open();
    expect(await api.send('GET', '/v1/session')).toMatchObject({ status: 200, body: { login: { token: true } } });
    expect((await api.send('GET', '/v1/session')).body['actor']).toBeUndefined();
    const { token } = await make({ name: 'ci', role: 'viewer' });
    expect((await api.send('GET', '/v1/session', { token })).body).toMatchObject({ actor: 'token:ci', role: 'viewer', person: false });
  });

  it('makes who asks too often wait, and nobody else', async () => {
    await open({ perMinute: 10 });
    const { token } = await make({ name: 'ci', role: 'viewer' });
    const get = () => api.send('GET', '/v1/incidents', { token });
    for (let n = 0; n < 10; n += 1) expect((await get()).status).toBe(200);
    expect(await get()).toMatchObject({ status: 429, headers: { 'retry-after': '6' }, body: { detail: expect.stringContaining('token:ci') } });
    expect((await api.send('GET', '/v1/incidents', { token: BOOTSTRAP })).status).toBe(200);
    api.clock.ms += 6_000;
    expect((await get()).status).toBe(200);
  });

  it('lets services approve where configuration says so', async () => {
    await open({ servicesApprove: true });
    const { token } = await make({ name: 'bot', role: 'approver' });
    expect((await api.send('POST', '/v1/actions/x/approve', { token, body: {} })).status).toBe(400);
  });

  it.each(['/v1/incidents', '/v1/nothing', '/v1/openapi.json', '/healthz'])('answers %s with headers that protect it', async (path) => {
    await open();
    expect((await api.send('GET', path)).headers).toMatchObject({
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'x-content-type-options': 'nosniff',
      'x-frame-options': 'DENY',
      'referrer-policy': 'no-referrer',
    });
    expect((await api.send('GET', path, { headers: { origin: 'https://evil.example' } })).headers).not.toHaveProperty('access-control-allow-origin');
  });
});
