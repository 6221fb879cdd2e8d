import { ConfigErrors, secretRef } from '@tocsin/extension';
import { isLoopback, readToken, tokenMissing } from '@tocsin/runtime';
import { z } from 'zod';
import { oidcConfig } from './access/oidc.js';
import type { Protection } from './http/access.js';

/** Section `api` of tocsin.yaml. */
export const apiConfig = z.strictObject({
  authentication: z
    .strictObject({
      /** `none` says that the network keeps others out; without it, listening beyond loopback needs a token or `oidc`. */
      mode: z.enum(['token', 'none']).default('token'),
      /** Bearer token with the role admin, to make the first API tokens by. Where it is set, requests from this machine need one as well. */
      token: secretRef.optional(),
      /** Logins by a provider of OpenID Connect. Where it is set, requests from this machine need one, or a token, as well. */
      oidc: oidcConfig.optional(),
      /** Whether API tokens of services may approve actions; otherwise only people may. */
      servicesApprove: z.boolean().default(false),
    })
    .prefault({}),
  /** Requests that one principal may make in a minute, at each replica; more are answered with 429. */
  requestsPerMinute: z.number().int().min(10).max(1_000_000).default(1_200),
});

export type ApiConfig = z.infer<typeof apiConfig>;

/** What keeps strangers out. Throws `ConfigErrors` when nothing would, or the token cannot be read. */
export async function readProtection({ authentication: { mode, token, oidc } }: ApiConfig, httpHost: string): Promise<Protection> {
  if (mode === 'token' && token !== undefined) return { by: 'token', token: await readToken(token, 'api.authentication.token') };
  if (mode === 'token' && oidc !== undefined) return { by: 'token' };
  if (isLoopback(httpHost)) return { by: 'loopback' };
  if (mode === 'none') return { by: 'network' };
  throw new ConfigErrors([tokenMissing('api', httpHost)]);
}
