import { createHash, timingSafeEqual } from 'node:crypto';

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
  // Hashes have one length, so that comparing them in constant time tells nothing, not even how long a token is.
  const expected = new Map([...bySource].map(([source, token]) => [source, digest(token)]));
  const fallback = shared === undefined ? undefined : digest(shared);
  return (source, authorization, queryToken) => {
    const wanted = expected.get(source) ?? fallback;
    if (wanted === undefined) return undefined;
    const given = bearer(authorization) ?? queryToken;
    if (given === undefined) return 'a token is needed: send "Authorization: Bearer <token>"';
    return timingSafeEqual(digest(given), wanted) ? undefined : 'the token is wrong';
  };
}

function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

function bearer(authorization: string | undefined): string | undefined {
  return authorization === undefined ? undefined : /^bearer ([^\s]{1,4096})$/i.exec(authorization)?.[1];
}
