import { describe, expect, it } from '@jest/globals';
import { Problem } from '@tocsin/runtime/nest';
import { accessControl, type AccessHeaders, type Protection } from './access.js';

/** Status, detail and headers of the refusal; undefined when the request may come in. */
function refusal(protection: Protection, headers: AccessHeaders): unknown {
  try {
    accessControl(protection)(headers);
  } catch (error) {
    if (error instanceof Problem) return [error.getStatus(), (error.getResponse() as { detail: string }).detail, error.headers];
    throw error;
  }
  return undefined;
}

describe('with a token', () => {
  const protection: Protection = { by: 'token', token: 's3cret' };
  const challenge = { 'www-authenticate': 'Bearer realm="tocsin"' };

  it('takes who shows it, under any name and from any page', () => {
    expect(refusal(protection, { authorization: 'Bearer s3cret', host: 'tocsin.example', origin: 'https://console.example' })).toBeUndefined();
  });

  it('says how to show it, also to this machine', () => {
    expect(refusal(protection, { host: 'localhost' })).toEqual([401, 'Refused: a token is needed: send "Authorization: Bearer <token>".', challenge]);
    expect(refusal(protection, { authorization: 'Basic s3cret' })).toEqual(refusal(protection, {}));
  });

  it('refuses a wrong one', () => {
    expect(refusal(protection, { authorization: 'Bearer s3crets' })).toEqual([401, 'Refused: the token is wrong.', challenge]);
  });
});

describe('on loopback without a token', () => {
  const protection: Protection = { by: 'loopback' };

  it.each(['localhost', 'localhost:8080', 'LocalHost:8080', '127.0.0.1:8080', '127.9.9.9', '[::1]', '[::1]:8080', '[::ffff:127.0.0.1]:80'])(
    'takes requests to %s',
    (host) => {
      expect(refusal(protection, { host })).toBeUndefined();
      expect(refusal(protection, { host, origin: `http://${host}` })).toBeUndefined();
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
  ])('refuses requests to %j', (host) => {
    expect(refusal(protection, { host })).toEqual([
      403,
      'Without a token, the Host must be localhost or a loopback address; to be reached in other ways, set api.authentication.token and send it.',
      {},
    ]);
  });

  it.each(['http://evil.example', 'null', '', 'http://localhost:3000', 'http://localhost', 'http://localhost:8080.evil.example'])(
    'refuses requests of the page %j',
    (origin) => {
      expect(refusal(protection, { host: 'localhost:8080', origin })).toEqual([
        403,
        'Without a token, requests of other web pages are not taken; to be reached in other ways, set api.authentication.token and send it.',
        {},
      ]);
    },
  );
});

it('leaves all to the network where configuration says so', () => {
  expect(refusal({ by: 'network' }, { host: 'tocsin.internal', origin: 'https://console.internal' })).toBeUndefined();
});
