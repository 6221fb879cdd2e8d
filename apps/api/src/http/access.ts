import { BEARER_CHALLENGE, bearerToken, isLoopback, tokenCheck } from '@tocsin/runtime';
import { Problem } from '@tocsin/runtime/nest';

/**
 * What keeps strangers out:
 * - `token`: who reads shows it, wherever the request comes from.
 * - `loopback`: only this machine connects, so what is left to refuse are the web pages that its browsers show.
 * - `network`: configuration says that the network sees to it.
 */
export type Protection = { by: 'token'; token: string } | { by: 'loopback' } | { by: 'network' };

export interface AccessHeaders {
  authorization?: string | undefined;
  host?: string | undefined;
  origin?: string | undefined;
  /** The person that a script or a proxy speaks for; what it says is believed, since whoever may ask may also act. */
  'x-tocsin-actor'?: string | string[] | undefined;
}

/** Who asks, as far as the protection can tell. Throws the `Problem` that a request without access is answered with. */
export type Access = (headers: AccessHeaders) => string;

export function accessControl(protection: Protection): Access {
  switch (protection.by) {
    case 'token':
      return byToken(protection.token);
    case 'loopback':
      return fromThisMachine;
    case 'network':
      return (headers) => actorOf(headers, 'network');
  }
}

const ACTOR = /^[\x21-\x7e](?:[\x20-\x7e]{0,98}[\x21-\x7e])?$/;

/** Throws a `Problem` when the header is there and is no name. */
function actorOf({ 'x-tocsin-actor': named }: AccessHeaders, otherwise: string): string {
  if (named === undefined) return otherwise;
  if (typeof named === 'string' && ACTOR.test(named)) return named;
  throw new Problem({ status: 400, detail: 'X-Tocsin-Actor: expected one name of 1 to 100 printable ASCII characters.' });
}

function byToken(token: string): Access {
  const check = tokenCheck(token);
  return (headers) => {
    const refusal = check(bearerToken(headers.authorization));
    if (refusal !== undefined) throw new Problem({ status: 401, detail: `Refused: ${refusal}.` }, BEARER_CHALLENGE);
    return actorOf(headers, 'api-token');
  };
}

const REMEDY = 'to be reached in other ways, set api.authentication.token and send it';

/**
 * A web page can let a name of its own point to 127.0.0.1 (DNS rebinding); its requests are then of one origin with
 * their target, so that the browser hands over the answers, but their `Host` is still that name.
 */
function fromThisMachine(headers: AccessHeaders): string {
  const { host, origin } = headers;
  if (host === undefined || !namesLoopback(host)) {
    throw new Problem({ status: 403, detail: `Without a token, the Host must be localhost or a loopback address; ${REMEDY}.` });
  }
  if (origin !== undefined && origin !== `http://${host}`) {
    throw new Problem({ status: 403, detail: `Without a token, requests of other web pages are not taken; ${REMEDY}.` });
  }
  return actorOf(headers, 'local');
}

/** `localhost`, `127.0.0.1` or `[::1]`, with a port or without. */
function namesLoopback(host: string): boolean {
  const [, v6, name] = /^(?:\[([0-9a-f:.]+)\]|([^:]+))(?::\d{1,5})?$/.exec(host.toLowerCase()) ?? [];
  return isLoopback(v6 ?? name ?? '');
}
