import { randomBytes } from 'node:crypto';
import { deleteApiSession, deleteEndedApiSessions, findApiSession, findApiToken, noteApiSessionUse, putApiSession } from '@tocsin/store';
import type { Principal } from './principal.js';
import { endedBy, hashOf, type TokenStore } from './tokens.js';

export interface SessionLimits {
  /** Without a request for so long, it ends. */
  idleMs: number;
  /** It ends anyway. */
  absoluteMs: number;
}

export const SESSION_LIMITS: SessionLimits = { idleMs: 60 * 60_000, absoluteMs: 12 * 3_600_000 };

const NOTED_EVERY_MS = 60_000;

export interface SessionDeps extends TokenStore {
  limits: SessionLimits;
  /** What says by which configured token a session was made; undefined when none is configured. It ends when the token changes. */
  bootstrap: string | undefined;
}

/** Makes a session of who showed a credential. What it resolves to is for the cookie, and kept nowhere. */
export async function makeSession(principal: Principal, { store, now, limits, bootstrap }: SessionDeps): Promise<string> {
  const secret = randomBytes(32).toString('base64url');
  const time = now();
  const at = (ms: number): string => new Date(ms).toISOString();
  const credential = principal.kind === 'bootstrap' ? (bootstrap ?? '') : principal.id;
  await deleteEndedApiSessions(store.db, at(time));
  await putApiSession(store.db, hashOf(secret), {
    credential,
    principal: JSON.stringify({ ...principal, kind: 'session' }),
    createdAt: at(time),
    seenAt: at(time),
    expiresAt: at(time + limits.absoluteMs),
  });
  return secret;
}

/** Whose session it is; undefined when there is none, or it has ended, be it with the token that it was made by. */
export async function bySession(secret: string, deps: SessionDeps): Promise<Principal | undefined> {
  const { store, now, limits } = deps;
  const hash = hashOf(secret);
  const session = await findApiSession(store.db, hash);
  if (session === undefined) return undefined;
  const idleMs = now() - Date.parse(session.seenAt);
  if (Date.parse(session.expiresAt) <= now() || idleMs >= limits.idleMs || !(await stands(session.credential, deps))) return undefined;
  if (idleMs >= NOTED_EVERY_MS) await noteApiSessionUse(store.db, hash, new Date(now()).toISOString());
  return JSON.parse(session.principal) as Principal;
}

/** Whether what a session was made by is still good. */
async function stands(credential: string, { store, now, bootstrap }: SessionDeps): Promise<boolean> {
  const id = /^token:(.+)$/.exec(credential)?.[1];
  if (id === undefined) return credential.startsWith('oidc:') || credential === bootstrap;
  const token = await findApiToken(store.db, { id });
  return token !== undefined && endedBy(token, now()) === undefined;
}

export async function endSession(secret: string, { store }: SessionDeps): Promise<void> {
  await deleteApiSession(store.db, hashOf(secret));
}
