import { ConfigErrors, secretRef } from '@tocsin/extension';
import { isLoopback, readToken, tokenMissing } from '@tocsin/runtime';
import { z } from 'zod';
import type { Protection } from './http/access.js';

/** Section `api` of tocsin.yaml. */
export const apiConfig = z.strictObject({
  authentication: z
    .strictObject({
      /** `none` says that the network keeps others out; without it, listening beyond loopback needs a token. */
      mode: z.enum(['token', 'none']).default('token'),
      /** Bearer token of everyone who reads. Where it is set, requests from this machine need it as well. */
      token: secretRef.optional(),
    })
    .prefault({}),
});

export type ApiConfig = z.infer<typeof apiConfig>;

/** What keeps strangers out. Throws `ConfigErrors` when nothing would, or the token cannot be read. */
export async function readProtection({ authentication: { mode, token } }: ApiConfig, httpHost: string): Promise<Protection> {
  if (mode === 'token' && token !== undefined) return { by: 'token', token: await readToken(token, 'api.authentication.token') };
  if (isLoopback(httpHost)) return { by: 'loopback' };
  if (mode === 'none') return { by: 'network' };
  throw new ConfigErrors([tokenMissing('api', httpHost)]);
}
