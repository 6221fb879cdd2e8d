import { createHash, randomBytes, randomUUID } from 'node:crypto';
import { Problem } from '@tocsin/runtime/nest';
import { findApiToken, noteApiTokenUse, putApiToken, type ApiToken, type Store } from '@tocsin/store';
import { BEARER_CHALLENGE } from '@tocsin/runtime';
import type { Principal, Role } from './principal.js';

/** Told apart at a glance, by people and by scanners for secrets that were left lying about. */
const PREFIX = 'toc_';
const RANDOM_BYTES = 32;
/** To write each use would be a write for each request. */
const USE_NOTED_EVERY_MS = 60_000;

export interface TokenStore {
  store: Store;
  now(): number;
}

export interface NewToken {
  name: string;
  role: Role;
  person?: string;
  operations?: readonly string[];
  expiresAt: string;
}

/** Makes a token. It is in the answer, and nowhere else: only its hash is kept. */
export async function makeToken(wanted: NewToken, by: Principal, { store, now }: TokenStore): Promise<{ token: string; kept: ApiToken }> {
  const token = `${PREFIX}${randomBytes(RANDOM_BYTES).toString('base64url')}`;
  const kept: ApiToken = { ...wanted, id: randomUUID(), createdAt: new Date(now()).toISOString(), createdBy: by.actor };
  await putApiToken(store.db, hashOf(token), kept);
  return { token, kept };
}

/**
 * Who shows an API token; undefined when it is none, by its looks. Throws a `Problem` when it looks like one and is unknown, has expired or
 * was revoked: whoever shows it is not taken for somebody else, also where no token is asked for.
 */
export async function byApiToken(given: string, { store, now }: TokenStore): Promise<Principal | undefined> {
  if (!given.startsWith(PREFIX)) return undefined;
  const token = await findApiToken(store.db, { hash: hashOf(given) });
  if (token === undefined) throw refused('the token is wrong');
  const why = endedBy(token, now());
  if (why !== undefined) throw refused(why);
  if (token.usedAt === undefined || now() - Date.parse(token.usedAt) >= USE_NOTED_EVERY_MS) {
    await noteApiTokenUse(store.db, token.id, new Date(now()).toISOString());
  }
  return principalOf(token);
}

/** Why a token is good for nothing any more; undefined when it is. */
export function endedBy({ revokedAt, expiresAt }: ApiToken, now: number): string | undefined {
  if (revokedAt !== undefined) return 'the token was revoked';
  return Date.parse(expiresAt) <= now ? 'the token has expired' : undefined;
}

function principalOf({ id, name, person, role, operations }: ApiToken): Principal {
  return {
    actor: person ?? `token:${name}`,
    role: role as Role,
    kind: 'token',
    person: person !== undefined,
    id: `token:${id}`,
    teams: [],
    ...(operations !== undefined && { operations }),
  };
}

export function hashOf(secret: string): string {
  return createHash('sha256').update(secret).digest('hex');
}

function refused(why: string): Problem {
  return new Problem({ status: 401, detail: `Refused: ${why}.` }, BEARER_CHALLENGE);
}
