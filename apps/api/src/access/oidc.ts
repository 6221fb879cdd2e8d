import { BEARER_CHALLENGE } from '@tocsin/runtime';
import { Problem } from '@tocsin/runtime/nest';
import { createRemoteJWKSet, errors, jwtVerify, type JWTPayload, type JWTVerifyGetKey } from 'jose';
import { z } from 'zod';
import { ROLES, type Principal, type Role } from './principal.js';

const groups = z.array(z.string().min(1)).default([]);
const LOOPBACK = /^http:\/\/(localhost|127\.0\.0\.1|\[::1\])[:/]/;
const secureUrl = z.url().refine((url) => url.startsWith('https://') || LOOPBACK.test(`${url}/`), {
  error: 'must begin with https://; plain http is for loopback alone',
});

/** Key `api.authentication.oidc`: logins by a provider of OpenID Connect, as bearer tokens (JWT, RFC 7519 and RFC 9068). */
export const oidcConfig = z.strictObject({
  /** As the claim `iss` has it; `/.well-known/openid-configuration` below it says where the keys are. */
  issuer: secureUrl,
  /** What the claim `aud` must hold. */
  audience: z.string().min(1),
  /** Signatures that are taken; those by a shared secret never are. */
  algorithms: z
    .array(z.enum(['RS256', 'RS384', 'RS512', 'PS256', 'PS384', 'PS512', 'ES256', 'ES384', 'ES512', 'EdDSA']))
    .min(1)
    .default(['RS256', 'PS256', 'ES256', 'EdDSA']),
  /** How far clocks may differ, in seconds. */
  clockSkewSeconds: z.number().int().min(0).max(300).default(30),
  /** The claim that names the person, for the history and the audit. */
  actorClaim: z.string().min(1).default('email'),
  /** The claim that lists groups. They give the role, and are the teams that approvals may be asked of. */
  groupsClaim: z.string().min(1).default('groups'),
  /** Groups by the role that they give; the highest counts, and who is in none of them is refused. */
  roles: z.strictObject({ viewer: groups, operator: groups, approver: groups, admin: groups }),
});

export type OidcConfig = z.infer<typeof oidcConfig>;

const DISCOVERY_TIMEOUT_MS = 5_000;
const RETRY_AFTER_S = 5;
/** Whoever sends tokens of unknown keys must not make us ask the provider each time. */
const KEYS_EVERY_MS = 10_000;

/** Who shows a JWT of the provider; undefined when what is shown is no JWT. Throws a `Problem` that says why it is refused. */
export function oidcLogins(config: OidcConfig, now: () => number, keysEveryMs = KEYS_EVERY_MS): (given: string) => Promise<Principal | undefined> {
  let keys: JWTVerifyGetKey | undefined;
  return async (given) => {
    if (given.split('.').length !== 3) return undefined;
    // Asked for when the first login comes: the provider may start after Tocsin.
    keys ??= await keysOf(config.issuer, keysEveryMs);
    return principalOf(await verified(given, keys, config, now()), config);
  };
}

const discovery = z.object({ issuer: z.string(), jwks_uri: secureUrl });

/** https://openid.net/specs/openid-connect-discovery-1_0.html#ProviderConfig. Keys are asked for again when a token names an unknown one. */
async function keysOf(issuer: string, keysEveryMs: number): Promise<JWTVerifyGetKey> {
  const url = `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;
  try {
    const response = await fetch(url, { redirect: 'error', signal: AbortSignal.timeout(DISCOVERY_TIMEOUT_MS) });
    if (!response.ok) throw new Error(`${response.status}`);
    const found = discovery.parse(await response.json());
    if (found.issuer !== issuer) throw new Error(`it says that it is ${found.issuer}`);
    return createRemoteJWKSet(new URL(found.jwks_uri), { timeoutDuration: DISCOVERY_TIMEOUT_MS, cooldownDuration: keysEveryMs });
  } catch (cause) {
    throw away(`${url}: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

async function verified(
  given: string,
  keys: JWTVerifyGetKey,
  { issuer, audience, algorithms, clockSkewSeconds }: OidcConfig,
  now: number,
): Promise<JWTPayload> {
  try {
    const options = { issuer, audience, algorithms, clockTolerance: clockSkewSeconds, currentDate: new Date(now), requiredClaims: ['exp', 'sub'] };
    return (await jwtVerify(given, keys, options)).payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw refused('the login has expired');
    if (error instanceof errors.JWTClaimValidationFailed) throw refused(`the claim ${error.claim} of the login does not fit`);
    if (error instanceof errors.JWKSTimeout || !(error instanceof errors.JOSEError) || error.code === 'ERR_JOSE_GENERIC') {
      throw away(error instanceof Error ? error.message : String(error));
    }
    throw refused('the login is not signed by a key of the provider');
  }
}

function principalOf(claims: JWTPayload, { actorClaim, groupsClaim, roles }: OidcConfig): Principal {
  const actor = claims[actorClaim];
  if (typeof actor !== 'string' || !/^[^\p{Cc}\p{Cs}]{1,200}$/u.test(actor)) throw refused(`the login has no name in the claim ${actorClaim}`);
  if (actorClaim === 'email' && claims['email_verified'] === false) throw refused('the e-mail address of the login is not verified');
  const listed = claims[groupsClaim];
  const teams = Array.isArray(listed) ? listed.filter((group): group is string => typeof group === 'string') : [];
  const role = ROLES.findLast((name: Role) => roles[name].some((group) => teams.includes(group)));
  if (role === undefined) {
    throw new Problem({ status: 403, detail: `${actor} is in no group that has a role here; see api.authentication.oidc.roles.` });
  }
  return { actor, role, kind: 'oidc', person: true, id: `oidc:${claims.sub ?? ''}`, teams };
}

function refused(why: string): Problem {
  return new Problem({ status: 401, detail: `Refused: ${why}.` }, BEARER_CHALLENGE);
}

function away(why: string): Problem {
  return new Problem(
    { status: 503, detail: `The provider of logins does not answer (${why}); try again soon.` },
    { 'retry-after': String(RETRY_AFTER_S) },
  );
}
