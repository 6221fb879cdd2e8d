import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { oidcProvider, type OidcProvider } from '@tocsin/testing';
import { oidcConfig, oidcLogins } from './oidc.js';
import { NOW, openApi, type ApiUnderTest } from './testing.js';

const ROLES = { viewer: ['staff'], operator: ['soc'], approver: ['leads'], admin: ['admins'] };
const ANN = { email: 'ann@example.com', groups: ['staff', 'leads'] };

describe('logins by OpenID Connect', () => {
  let provider: OidcProvider;
  let api: ApiUnderTest;
  beforeEach(async () => {
    provider = await oidcProvider(() => NOW);
    api = await open(0);
  });
  afterEach(async () => {
    await api.close();
    await provider.close();
  });

  function open(keysEveryMs: number): Promise<ApiUnderTest> {
    const config = oidcConfig.parse({ issuer: provider.issuer, audience: 'tocsin', roles: ROLES });
    return openApi({ protection: { by: 'token' }, oidc: (now) => oidcLogins(config, now, keysEveryMs) });
  }
  async function reopen(keysEveryMs: number): Promise<void> {
    await api.close();
    api = await open(keysEveryMs);
  }

  const who = async (token: string) => {
    const { status, body } = await api.send('GET', '/v1/incidents', { token });
    if (status !== 200) return [status, body['detail']];
    const { body: session } = await api.send('GET', '/v1/session', { token });
    return [status, session['actor'], session['role'], session['teams'], session['person']];
  };

  it('gives the highest role of the groups, which are the teams', async () => {
    expect(await who(provider.token(ANN))).toEqual([200, 'ann@example.com', 'approver', ['staff', 'leads'], true]);
  });

  it.each([
    ['of another issuer', { iss: 'https://evil.example' }, 'the claim iss of the login does not fit'],
    ['for another audience', { aud: 'wiki' }, 'the claim aud of the login does not fit'],
    ['that has expired', { exp: NOW / 1000 - 31 }, 'the login has expired'],
    ['that never expires', { exp: undefined }, 'the claim exp of the login does not fit'],
    ['that is not good yet', { nbf: NOW / 1000 + 31 }, 'the claim nbf of the login does not fit'],
    ['without a subject', { sub: undefined }, 'the claim sub of the login does not fit'],
    ['without a name', { email: undefined }, 'the login has no name in the claim email'],
    ['with a name that is none', { email: 'ann\nadmin' }, 'the login has no name in the claim email'],
    ['with an address that anyone may have typed', { email_verified: false }, 'the e-mail address of the login is not verified'],
  ])('refuses a login %s', async (_what, claims, why) => {
    expect(await who(provider.token({ ...ANN, ...claims }))).toEqual([401, `Refused: ${why}.`]);
  });

  it.each(['unsigned', 'shared-secret', 'other-key', 'changed'] as const)('refuses a forged login: %s', async (forge) => {
    expect(await who(provider.token(ANN, { forge }))).toEqual([401, 'Refused: the login is not signed by a key of the provider.']);
  });

  it('allows clocks to differ a little', async () => {
    expect((await who(provider.token({ ...ANN, exp: NOW / 1000 - 29 })))[0]).toBe(200);
    expect((await who(provider.token({ ...ANN, nbf: NOW / 1000 + 29 })))[0]).toBe(200);
  });

  it.each([[[]], ['leads'], [['other', 7]], [undefined]])('refuses who is in no group with a role: %j', async (groups) => {
    const [status, why] = await who(provider.token({ ...ANN, groups }));
    expect([status, why]).toEqual([403, 'ann@example.com is in no group that has a role here; see api.authentication.oidc.roles.']);
  });

  it('asks for keys once, not with each request', async () => {
    for (let n = 0; n < 5; n += 1) await who(provider.token(ANN));
    expect(provider.asked).toEqual(['/.well-known/openid-configuration', '/keys']);
  });

  it('follows the provider to a new key, and from the old one', async () => {
    const old = provider.token(ANN);
    expect((await who(old))[0]).toBe(200);
    provider.rotate();
    expect((await who(provider.token(ANN)))[0]).toBe(200);
    expect(await who(old)).toEqual([401, 'Refused: the login is not signed by a key of the provider.']);
  });

  it('does not ask the provider for each unknown key', async () => {
    await reopen(60_000);
    await who(provider.token(ANN));
    const asked = provider.asked.length;
    for (let n = 0; n < 5; n += 1) expect((await who(provider.token(ANN, { header: { kid: `k${n}` } })))[0]).toBe(401);
    expect(provider.asked).toHaveLength(asked);
  });

  it('says that the provider is away, and asks again', async () => {
    provider.away = true;
    expect(await who(provider.token(ANN))).toEqual([503, expect.stringContaining('The provider of logins does not answer')]);
    provider.away = false;
    expect((await who(provider.token(ANN)))[0]).toBe(200);
  });

  it('gives a session for a login', async () => {
    const { status, headers } = await api.send('POST', '/v1/session', { body: { token: provider.token(ANN) } });
    expect(status).toBe(201);
    const cookie = String(headers['set-cookie']).split(';')[0] as string;
    expect((await api.send('GET', '/v1/session', { headers: { cookie } })).body).toMatchObject({
      actor: 'ann@example.com',
      role: 'approver',
      kind: 'session',
    });
  });
});

describe('configuration of logins', () => {
  it('takes no provider over a network that can be listened to', () => {
    const parse = (issuer: string) => oidcConfig.safeParse({ issuer, audience: 'tocsin', roles: {} }).success;
    expect(['https://login.example', 'http://127.0.0.1:8080', 'http://localhost'].map(parse)).toEqual([true, true, true]);
    expect(['http://login.example', 'http://localhost.evil.example', 'ftp://login.example', 'login'].map(parse)).toEqual([
      false,
      false,
      false,
      false,
    ]);
  });
});
