import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { ConfigErrors, parseYaml } from '@tocsin/extension';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { apiConfig, readProtection } from './config.js';
import type { Protection } from './http/access.js';

const section = z.strictObject({ api: z.prefault(apiConfig, {}) });

describe('api configuration', () => {
  let directory: string;
  let file: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tocsin-api-'));
    file = join(directory, 'token');
    await writeFile(file, 's3cret\n');
  });
  afterEach(() => rm(directory, { recursive: true }));

  /** The protection, or the text of the mistakes. */
  async function read(authentication: object | undefined, host: string): Promise<Protection | string> {
    const yaml = JSON.stringify({ api: authentication === undefined ? {} : { authentication } });
    try {
      return await readProtection(parseYaml(yaml, 'tocsin.yaml', section).api, host);
    } catch (error) {
      if (error instanceof ConfigErrors) return error.message;
      throw error;
    }
  }

  it('needs nothing on loopback', async () => {
    for (const host of ['127.0.0.1', '::1', 'localhost']) expect(await read(undefined, host)).toEqual({ by: 'loopback' });
  });

  it.each(['0.0.0.0', '::', '10.0.0.1', 'tocsin.internal'])('needs a token on %s, where others can reach it', async (host) => {
    expect(await read(undefined, host)).toBe(
      `tocsin.yaml: api.authentication.token: is missing, but http.host is "${host}", which others can reach; ` +
        'set it to { file: … } or { env: … }, or set api.authentication.mode to none where the network keeps others out',
    );
  });

  it('asks for the token wherever it listens', async () => {
    for (const host of ['127.0.0.1', '0.0.0.0']) expect(await read({ token: { file } }, host)).toEqual({ by: 'token', token: 's3cret' });
  });

  it('asks for a login wherever it listens, where a provider is configured', async () => {
    const oidc = { issuer: 'https://login.example', audience: 'tocsin', roles: { admin: ['soc'] } };
    for (const host of ['127.0.0.1', '0.0.0.0']) expect(await read({ oidc }, host)).toEqual({ by: 'token' });
    expect(await read({ oidc, token: { file } }, '0.0.0.0')).toEqual({ by: 'token', token: 's3cret' });
    expect(await read({ oidc: { ...oidc, issuer: 'http://login.example' } }, '0.0.0.0')).toContain('oidc.issuer: must begin with https://');
    expect(await read({ oidc: { ...oidc, algorithms: ['HS256'] } }, '0.0.0.0')).toContain('oidc.algorithms[0]: is "HS256"');
  });

  it('leaves all to the network by mode none, but on loopback still refuses web pages', async () => {
    expect(await read({ mode: 'none' }, '0.0.0.0')).toEqual({ by: 'network' });
    expect(await read({ mode: 'none' }, '127.0.0.1')).toEqual({ by: 'loopback' });
  });

  it.each([
    [
      { token: { env: 'TOCSIN_TEST_ABSENT' } },
      'tocsin.yaml: api.authentication.token: The environment variable TOCSIN_TEST_ABSENT is not set; a secret refers to it.',
    ],
    [
      { token: 's3cret' },
      'api.authentication.token: is not a reference; expected a reference to a secret, { file: /path } or { env: NAME }, so that the document holds no secret',
    ],
    [{ mode: 'off' }, 'api.authentication.mode: is "off"; known: none, token'],
    [{ tokens: {} }, 'api.authentication.tokens: is not a known key; did you mean "token"?'],
  ])('explains the mistake in %j', async (authentication, message) => {
    expect(await read(authentication, '127.0.0.1')).toContain(message);
  });

  it('takes what docs/security.md shows', async () => {
    const page = await readFile(join(import.meta.dirname, '../../../docs/security.md'), 'utf8');
    const examples = [...page.matchAll(/^```yaml\n([^]*?)^```$/gm)].map(([, text]) => text ?? '');
    expect(examples).toHaveLength(2);
    for (const text of examples)
      expect(parseYaml(text, 'tocsin.yaml', section.extend({ http: z.unknown().optional() })).api.authentication.mode).toBe('token');
  });
});
