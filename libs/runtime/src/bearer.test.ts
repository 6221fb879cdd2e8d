import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { bearerToken, readToken, tokenCheck, tokenMissing } from './bearer.js';

describe('tokenCheck', () => {
  const check = tokenCheck('s3cret');

  it('takes the token', () => {
    expect(check('s3cret')).toBeUndefined();
  });

  it('says what to send when there is none', () => {
    expect(check(undefined)).toBe('a token is needed: send "Authorization: Bearer <token>"');
  });

  it.each(['', 's3cre', 's3crett', 'S3CRET', ' s3cret', 'x'.repeat(4096)])('refuses %j without a hint', (given) => {
    expect(check(given)).toBe('the token is wrong');
  });
});

describe('bearerToken', () => {
  it.each([
    ['Bearer abc', 'abc'],
    ['bearer a.b-c_d~e+f/g==', 'a.b-c_d~e+f/g=='],
  ])('reads %j', (header, token) => {
    expect(bearerToken(header)).toBe(token);
  });

  it.each([
    undefined,
    '',
    'abc',
    'Bearer',
    'Bearer ',
    'Bearer  abc',
    'Bearer a b',
    'Bearer abc ',
    'Basic abc',
    'xBearer abc',
    `Bearer ${'x'.repeat(4097)}`,
  ])('finds no token in %j', (header) => {
    expect(bearerToken(header)).toBeUndefined();
  });
});

describe('readToken', () => {
  let directory: string;
  let file: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tocsin-token-'));
    file = join(directory, 'token');
  });
  afterEach(() => rm(directory, { recursive: true }));

  it('reads the secret', async () => {
    await writeFile(file, 's3cret\n');
    expect(await readToken({ file }, 'api.authentication.token')).toBe('s3cret');
  });

  it('names the key when the secret is absent', async () => {
    await expect(readToken({ env: 'TOCSIN_TEST_ABSENT' }, 'api.authentication.token')).rejects.toThrow(
      'tocsin.yaml: api.authentication.token: The environment variable TOCSIN_TEST_ABSENT is not set; a secret refers to it.',
    );
  });

  it.each(['s3cret \n', 's3cret\n\n', 's3 cret', 's3crét', 'x'.repeat(4097)])(
    'refuses %j, which no header can carry, and does not tell it',
    async (text) => {
      await writeFile(file, text);
      const refused = readToken({ file }, 'api.authentication.token');
      await expect(refused).rejects.toThrow(
        'tocsin.yaml: api.authentication.token: is no token that a header can carry; take 1 to 4096 visible ASCII',
      );
      await expect(refused).rejects.not.toThrow(text.slice(0, 2));
    },
  );
});

it('names the remedy when a token is missing', () => {
  expect(tokenMissing('ingest', '::', ' (sources without a token: falco)')).toEqual({
    file: 'tocsin.yaml',
    path: 'ingest.authentication.token',
    message:
      'is missing, but http.host is "::", which others can reach (sources without a token: falco); ' +
      'set it to { file: … } or { env: … }, or set ingest.authentication.mode to none where the network keeps others out',
  });
});
