import type { Logins } from '../http/access.js';
import { sessionIn } from './cookie.js';
import type { Principal } from './principal.js';
import { bySession, type SessionDeps } from './sessions.js';
import { byApiToken } from './tokens.js';

export interface LoginDeps {
  sessions: SessionDeps;
  /** Whether people come by TLS, and cookies go by nothing else. */
  secure: boolean;
  oidc?: (given: string) => Promise<Principal | undefined>;
}

/** All the ways to be known that the store and a provider of logins have. */
export function loginsOf({ sessions, secure, oidc }: LoginDeps): Logins {
  return {
    async token(given) {
      return (await byApiToken(given, sessions)) ?? (await oidc?.(given));
    },
    async session(cookie) {
      const secret = sessionIn(cookie, secure);
      return secret === undefined ? undefined : bySession(secret, sessions);
    },
  };
}
