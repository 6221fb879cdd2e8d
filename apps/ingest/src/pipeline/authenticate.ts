import { bearerToken, tokenCheck } from '@tocsin/runtime';

export interface Tokens {
  /** Good for every source. */
  shared: string | undefined;
  /** Good for one source, which then takes no other. */
  bySource: ReadonlyMap<string, string>;
}

/** undefined: come in. Otherwise why not, without a hint at what the token is. */
export type Authenticate = (source: string, authorization: string | undefined, queryToken: string | undefined) => string | undefined;

/**
 * A source with a token asks for it; one without is open, which configuration allows on loopback, or where it says
 * that the network sees to it. `queryToken` is only handed in for sensors that cannot send a header.
 */
export function authenticator({ shared, bySource }: Tokens): Authenticate {
  const checks = new Map([...bySource].map(([source, token]) => [source, tokenCheck(token)]));
  const fallback = shared === undefined ? undefined : tokenCheck(shared);
  return (source, authorization, queryToken) => {
    const check = checks.get(source) ?? fallback;
    return check?.(bearerToken(authorization) ?? queryToken);
  };
}
