import { describeKnown } from '@tocsin/extension';
import { BEARER_CHALLENGE } from '@tocsin/runtime';
import { Problem } from '@tocsin/runtime/nest';
import { listApiTokens, revokeApiToken } from '@tocsin/store';
import type { Access, AccessHeaders } from '../http/access.js';
import { notFound } from '../http/answer.js';
import { readBody } from '../http/body.js';
import { showPage, type PageBody } from '../http/pages.js';
import { BadParameters, noQuery, readQuery, tokensQuery } from '../http/query.js';
import { sessionBody, showSession, showToken, tokenBody, type ApiTokenBody, type SessionBody } from '../resources/login.js';
import { sessionCookie, sessionIn } from './cookie.js';
import type { Principal } from './principal.js';
import { record } from './record.js';
import { endSession, makeSession, type SessionDeps } from './sessions.js';
import { makeToken } from './tokens.js';

export interface LoginsDeps {
  access: Access;
  sessions: SessionDeps;
  secure: boolean;
  /** `operationId`s that there are. */
  operations: readonly string[];
}

interface Sent {
  contentType: string | undefined;
  body: unknown;
  query: unknown;
}

const DAY_MS = 24 * 3_600_000;

export async function whoAsks(headers: AccessHeaders, query: unknown, { access }: LoginsDeps): Promise<SessionBody> {
  readQuery(noQuery, query);
  return showSession(await access(headers, 'GET').catch(nobody));
}

function nobody(error: unknown): undefined {
  if (error instanceof Problem && error.getStatus() === 401) return undefined;
  throw error;
}

/** What the browser is to keep, and who it is now. A page of another site cannot send JSON without being asked about first, which is refused. */
export async function beginSession({ contentType, body, query }: Sent, deps: LoginsDeps): Promise<{ cookie: string; shown: SessionBody }> {
  readQuery(noQuery, query);
  const { token } = readBody(sessionBody, contentType, body);
  // Known by the token alone, and not by where the request comes from or what else it holds.
  const principal = await deps.access({ authorization: `Bearer ${token}` }, 'POST').catch(nobody);
  if (principal === undefined || principal.kind === 'local')
    throw new Problem({ status: 401, detail: 'Refused: the token is wrong.' }, BEARER_CHALLENGE);
  await record({ actor: principal.actor, operationId: 'makeSession', subject: 'api' }, deps.sessions);
  const secret = await makeSession(principal, deps.sessions);
  return { cookie: sessionCookie(secret, deps.secure), shown: showSession({ ...principal, kind: 'session' }) };
}

export async function leave(headers: AccessHeaders, query: unknown, deps: LoginsDeps): Promise<{ cookie: string; shown: SessionBody }> {
  readQuery(noQuery, query);
  const secret = sessionIn(headers.cookie, deps.secure);
  if (secret !== undefined) {
    // Only pages of ours may log out.
    await deps.access(headers, 'DELETE').catch(nobody);
    await endSession(secret, deps.sessions);
  }
  return { cookie: sessionCookie(undefined, deps.secure), shown: showSession(undefined) };
}

export async function readTokens(query: unknown, { sessions: { store } }: LoginsDeps): Promise<PageBody<ApiTokenBody>> {
  return showPage(await listApiTokens(store.db, readQuery(tokensQuery, query)), showToken);
}

export async function makeApiToken(
  { contentType, body, query, principal }: Sent & { principal: Principal },
  { sessions, operations }: LoginsDeps,
): Promise<ApiTokenBody & { token: string }> {
  readQuery(noQuery, query);
  const { days, ...wanted } = readBody(tokenBody, contentType, body);
  const unknown = wanted.operations?.find((name) => !operations.includes(name));
  if (unknown !== undefined) {
    throw new BadParameters([
      { parameter: 'operations', detail: `"${unknown.slice(0, 100)}" is no operation; ${describeKnown(unknown, operations)}` },
    ]);
  }
  const expiresAt = new Date(sessions.now() + days * DAY_MS).toISOString();
  const { token, kept } = await makeToken({ ...wanted, expiresAt }, principal, sessions);
  return { ...showToken(kept), token };
}

export async function revoke(id: string, query: unknown, actor: string, { sessions: { store, now } }: LoginsDeps): Promise<ApiTokenBody> {
  readQuery(noQuery, query);
  const token = await revokeApiToken(store.db, id, actor, new Date(now()).toISOString());
  if (token === undefined) throw notFound('token');
  return showToken(token);
}
