import { createHash, timingSafeEqual } from 'node:crypto';
import { ConfigErrors, resolveSecret, type ConfigIssue, type SecretRef } from '@tocsin/extension';
import type { AppName } from './config.js';

/** Goes with every 401, as RFC 9110 wants. */
export const BEARER_CHALLENGE = { 'www-authenticate': 'Bearer realm="tocsin"' } as const;

/** undefined: come in. Otherwise why not, without a hint at what the token is. */
export type TokenCheck = (given: string | undefined) => string | undefined;

export function tokenCheck(token: string): TokenCheck {
  // Hashes have one length, so that comparing them in constant time tells nothing, not even how long the token is.
  const wanted = digest(token);
  return (given) => {
    if (given === undefined) return 'a token is needed: send "Authorization: Bearer <token>"';
    return timingSafeEqual(digest(given), wanted) ? undefined : 'the token is wrong';
  };
}

/** The token in the header `Authorization: Bearer <token>`; undefined when it holds none. */
export function bearerToken(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : /^bearer ([^\s]{1,4096})$/i.exec(authorization)?.[1];
}

/** Reads a configured token. Throws `ConfigErrors` that name the key, and never the token. */
export async function readToken(ref: SecretRef, path: string): Promise<string> {
  const token = await resolveSecret(ref).catch((error: unknown) => {
    throw tokenError(path, error instanceof Error ? error.message : String(error));
  });
  // Such a token would start well, and then refuse everyone: no header can carry it.
  if (!/^[\x21-\x7e]{1,4096}$/.test(token)) {
    throw tokenError(path, 'is no token that a header can carry; take 1 to 4096 visible ASCII characters, for example of "openssl rand -hex 24"');
  }
  return token;
}

/** The mistake of listening where others can reach the app without a token for them. `more` says what lacks one. */
export function tokenMissing(app: AppName, httpHost: string, more = ''): ConfigIssue {
  const section = `${app}.authentication`;
  const message =
    `is missing, but http.host is "${httpHost}", which others can reach${more}; ` +
    `set it to { file: … } or { env: … }, or set ${section}.mode to none where the network keeps others out`;
  return { file: 'tocsin.yaml', path: `${section}.token`, message };
}

function tokenError(path: string, message: string): ConfigErrors {
  return new ConfigErrors([{ file: 'tocsin.yaml', path, message }]);
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}
