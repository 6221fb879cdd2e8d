import { BEARER_CHALLENGE, bearerToken, isLoopback, tokenCheck } from '@tocsin/runtime';
import { Problem } from '@tocsin/runtime/nest';
import type { Principal } from '../access/principal.js';

/**
 * What keeps strangers out:
 * - `token`: who asks shows the configured token, an API token, or a login, wherever the request comes from. Without `token` there are
 *   only the latter.
 * - `loopback`: only this machine connects, so what is left to refuse are the web pages that its browsers show.
 * - `network`: configuration says that the network sees to it.
 */
export type Protection = { by: 'token'; token?: string } | { by: 'loopback' } | { by: 'network' };

export interface AccessHeaders {
  authorization?: string | undefined;
  cookie?: string | undefined;
  host?: string | undefined;
  origin?: string | undefined;
  /** Browsers say how the page that asks stands to us; a page cannot set it. */
  'sec-fetch-site'?: string | string[] | undefined;
  /** The person that a script or a proxy speaks for; believed of the configured token and where none is asked for, else ignored. */
  'x-tocsin-actor'?: string | string[] | undefined;
}

/** Further ways to be known. Each resolves to undefined when it knows nobody by what was shown. */
export interface Logins {
  /** By what stands after `Bearer`. */
  token(given: string): Promise<Principal | undefined>;
  /** By the cookies of a browser. */
  session(cookie: string): Promise<Principal | undefined>;
}

/** Who asks. Rejects with the `Problem` that a request without access is answered with. */
export type Access = (headers: AccessHeaders, method: string) => Promise<Principal>;

const NO_LOGINS: Logins = { token: async () => undefined, session: async () => undefined };

export function accessControl(protection: Protection, logins: Logins = NO_LOGINS): Access {
  const otherwise = openTo(protection);
  const check = protection.by === 'token' && protection.token !== undefined ? tokenCheck(protection.token) : undefined;
  return async (headers, method) => {
    const given = bearerToken(headers.authorization);
    if (given !== undefined && check !== undefined && check(given) === undefined) return asBootstrap(headers);
    const known = given === undefined ? undefined : await logins.token(given);
    if (known !== undefined) return known;
    const session = headers.cookie === undefined ? undefined : await logins.session(headers.cookie);
    if (session !== undefined) return sameOrigin(session, headers, method);
    if (otherwise !== undefined) return otherwise(headers);
    const why = given === undefined ? 'a token is needed: send "Authorization: Bearer <token>"' : 'the token is wrong';
    throw new Problem({ status: 401, detail: `Refused: ${why}.` }, BEARER_CHALLENGE);
  };
}

function openTo(protection: Protection): ((headers: AccessHeaders) => Principal) | undefined {
  switch (protection.by) {
    case 'token':
      return undefined;
    case 'loopback':
      return fromThisMachine;
    case 'network':
      return (headers) => asAnyone(headers, 'network');
  }
}

const ACTOR = /^[\x21-\x7e](?:[\x20-\x7e]{0,98}[\x21-\x7e])?$/;

/** Throws a `Problem` when the header is there and is no name. */
function actorOf({ 'x-tocsin-actor': named }: AccessHeaders, otherwise: string): string {
  if (named === undefined) return otherwise;
  if (typeof named === 'string' && ACTOR.test(named)) return named;
  throw new Problem({ status: 400, detail: 'X-Tocsin-Actor: expected one name of 1 to 100 printable ASCII characters.' });
}

function asBootstrap(headers: AccessHeaders): Principal {
  return { actor: actorOf(headers, 'api-token'), role: 'admin', kind: 'bootstrap', person: true, id: 'bootstrap', teams: [] };
}

/** Where nobody is asked who they are, whoever may ask may do everything. */
function asAnyone(headers: AccessHeaders, name: string): Principal {
  return { actor: actorOf(headers, name), role: 'admin', kind: 'local', person: true, id: name, teams: [] };
}

/**
 * A browser sends the cookie with whatever any page makes it send. Browsers say which page that is; a write that comes with a cookie and
 * is not of a page of ours is refused. https://cheatsheetseries.owasp.org/cheatsheets/Cross-Site_Request_Forgery_Prevention_Cheat_Sheet.html
 */
function sameOrigin(session: Principal, { origin, host, 'sec-fetch-site': site }: AccessHeaders, method: string): Principal {
  if (method === 'GET' || method === 'HEAD') return session;
  const ours = site === undefined ? origin !== undefined && URL.canParse(origin) && new URL(origin).host === host : site === 'same-origin';
  if (ours) return session;
  throw new Problem({ status: 403, detail: 'A session changes things from pages of Tocsin alone; scripts show a token instead.' });
}

const REMEDY = 'to be reached in other ways, set api.authentication.token and send it';

/**
 * A web page can let a name of its own point to 127.0.0.1 (DNS rebinding); its requests are then of one origin with
 * their target, so that the browser hands over the answers, but their `Host` is still that name.
 */
function fromThisMachine(headers: AccessHeaders): Principal {
  const { host, origin } = headers;
  if (host === undefined || !namesLoopback(host)) {
    throw new Problem({ status: 403, detail: `Without a token, the Host must be localhost or a loopback address; ${REMEDY}.` });
  }
  if (origin !== undefined && origin !== `http://${host}`) {
    throw new Problem({ status: 403, detail: `Without a token, requests of other web pages are not taken; ${REMEDY}.` });
  }
  return asAnyone(headers, 'local');
}

/** `localhost`, `127.0.0.1` or `[::1]`, with a port or without. */
function namesLoopback(host: string): boolean {
  const [, v6, name] = /^(?:\[([0-9a-f:.]+)\]|([^:]+))(?::\d{1,5})?$/.exec(host.toLowerCase()) ?? [];
  return isLoopback(v6 ?? name ?? '');
}
