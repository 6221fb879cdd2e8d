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
}

/** Throws the `Problem` that a request without access is answered with. */
export type Access = (headers: AccessHeaders) => void;

export function accessControl(protection: Protection): Access {
  switch (protection.by) {
    case 'token':
      return byToken(protection.token);
    case 'loopback':
      return fromThisMachine;
    case 'network':
      return () => undefined;
  }
}

function byToken(token: string): Access {
  const check = tokenCheck(token);
  return ({ authorization }) => {
    const refusal = check(bearerToken(authorization));
    if (refusal !== undefined) throw new Problem({ status: 401, detail: `Refused: ${refusal}.` }, BEARER_CHALLENGE);
  };
}

const REMEDY = 'to be reached in other ways, set api.authentication.token and send it';

/**
 * A web page can let a name of its own point to 127.0.0.1 (DNS rebinding); its requests are then of one origin with
 * their target, so that the browser hands over the answers, but their `Host` is still that name.
 */
function fromThisMachine({ host, origin }: AccessHeaders): void {
  if (host === undefined || !namesLoopback(host)) {
    throw new Problem({ status: 403, detail: `Without a token, the Host must be localhost or a loopback address; ${REMEDY}.` });
  }
  if (origin !== undefined && origin !== `http://${host}`) {
    throw new Problem({ status: 403, detail: `Without a token, requests of other web pages are not taken; ${REMEDY}.` });
  }
}

/** `localhost`, `127.0.0.1` or `[::1]`, with a port or without. */
function namesLoopback(host: string): boolean {
  const [, v6, name] = /^(?:\[([0-9a-f:.]+)\]|([^:]+))(?::\d{1,5})?$/.exec(host.toLowerCase()) ?? [];
  return isLoopback(v6 ?? name ?? '');
}
