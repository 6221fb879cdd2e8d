import { describe, expect, it } from '@jest/globals';
import { Problem } from '@tocsin/runtime/nest';
import { accessControl, type AccessHeaders, type Protection } from './access.js';

/** Status, detail and headers of the refusal; undefined when the request may come in. */
async function refusal(protection: Protection, headers: AccessHeaders): Promise<unknown> {
  try {
    await accessControl(protection)(headers, 'GET');
  } catch (error) {
    if (error instanceof Problem) return [error.getStatus(), (error.getResponse() as { detail: string }).detail, error.headers];
    throw error;
  }
  return undefined;
}

describe('with a token', () => {
  const protection: Protection = { by: 'token', token: 's3cret' };
  const challenge = { 'www-authenticate': 'Bearer realm="tocsin"' };

  it('takes who shows it, under any name and from any page', async () => {
    expect(await refusal(protection, { authorization: 'Bearer s3cret', host: 'tocsin.example', origin: 'https://console.example' })).toBeUndefined();
  });

  it('says how to show it, also to this machine', async () => {
    expect(await refusal(protection, { host: 'localhost' })).toEqual([
      401,
      'Refused: a token is needed: send "Authorization: Bearer <token>".',
      challenge,
    ]);
    expect(await refusal(protection, { authorization: 'Basic s3cret' })).toEqual(await refusal(protection, {}));
  });

  it('refuses a wrong one', async () => {
    expect(await refusal(protection, { authorization: 'Bearer s3crets' })).toEqual([401, 'Refused: the token is wrong.', challenge]);
  });
});

describe('on loopback without a token', () => {
  const protection: Protection = { by: 'loopback' };

  it.each(['localhost', 'localhost:8080', 'LocalHost:8080', '127.0.0.1:8080', '127.9.9.9', '[::1]', '[::1]:8080', '[::ffff:127.0.0.1]:80'])(
    'takes requests to %s',
    async (host) => {
      expect(await refusal(protection, { host })).toBeUndefined();
      expect(await refusal(protection, { host, origin: `http://${host}` })).toBeUndefined();
    },
  );

  it.each([
    undefined,
    '',
    'evil.example',
    'evil.example:8080',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    'localhost@evil.example',
    'localhost:80:80',
    'localhost:x',
    'localhost, evil.example',
    ':8080',
    '[::ffff:127.evil.example]',
    '[localhost]',
    '::1',
    '0.0.0.0:8080',
    '[::]:8080',
    '10.0.0.1',
    '192.168.1.1:8080',
  ])('refuses requests to %j', async (host) => {
    expect(await refusal(protection, { host })).toEqual([
      403,
      'Without a token, the Host must be localhost or a loopback address; to be reached in other ways, set api.authentication.token and send it.',
      {},
    ]);
  });

  it.each(['http://evil.example', 'null', '', 'http://localhost:3000', 'http://localhost', 'http://localhost:8080.evil.example'])(
    'refuses requests of the page %j',
    async (origin) => {
      expect(await refusal(protection, { host: 'localhost:8080', origin })).toEqual([
        403,
        'Without a token, requests of other web pages are not taken; to be reached in other ways, set api.authentication.token and send it.',
        {},
      ]);
    },
  );
});

it('leaves all to the network where configuration says so', async () => {
  expect(await refusal({ by: 'network' }, { host: 'tocsin.internal', origin: 'https://console.internal' })).toBeUndefined();
});
