import { resolveSecret, type SecretRef } from '@tocsin/extension';
import { judge, type Failed, type HttpSender } from './http.js';
import type { HttpAuth } from './http-options.js';

/** A token is renewed so long before its end, since clocks differ and requests take time. */
const RENEW_BEFORE_MS = 30_000;
const DEFAULT_LIFE_S = 3_600;

interface Held {
  headers: Record<string, string>;
  /** Milliseconds since 1970; undefined: it does not end by itself. */
  until: number | undefined;
}

/**
 * The headers that prove who we are. They are made at the first delivery and kept, until a token ends or the receiver
 * refuses them (`refused`), so that a renewed secret is taken up without a restart.
 */
export class Credentials {
  readonly #auth: HttpAuth | undefined;
  readonly #http: HttpSender;
  readonly #now: () => number;
  readonly #clientIn: 'header' | 'body';
  #held: Promise<Held | { failure: Failed }> | undefined;

  /** `clientIn`: where the token's server wants the client's secret; not all take what RFC 6749 section 2.3.1 recommends. */
  constructor(auth: HttpAuth | undefined, http: HttpSender, now: () => number, clientIn: 'header' | 'body' = 'header') {
    this.#clientIn = clientIn;
    this.#auth = auth;
    this.#http = http;
    this.#now = now;
  }

  /** Never rejects. */
  async headers(signal: AbortSignal): Promise<{ headers: Record<string, string> } | { failure: Failed }> {
    const pending = (this.#held ??= this.#make(signal));
    const held = await pending;
    const ended = 'failure' in held || (held.until !== undefined && this.#now() >= held.until);
    if (ended && this.#held === pending) this.#held = undefined;
    return 'headers' in held && ended ? this.headers(signal) : held;
  }

  /** The receiver did not take them. */
  refused(): void {
    this.#held = undefined;
  }

  async #make(signal: AbortSignal): Promise<Held | { failure: Failed }> {
    try {
      const { bearer, basic, oauth2 } = this.#auth ?? {};
      if (bearer !== undefined) return lasting(`Bearer ${headerValue('authorization', await resolveSecret(bearer))}`);
      if (basic !== undefined) {
        const pair = Buffer.from(`${basic.username}:${await resolveSecret(basic.password)}`);
        return lasting(`Basic ${pair.toString('base64')}`);
      }
      if (oauth2 !== undefined) return await this.#fetchToken(oauth2, signal);
      return { headers: {}, until: undefined };
    } catch (error) {
      return { failure: { ok: false, retry: true, reason: 'config', message: (error as Error).message } };
    }
  }

  /** RFC 6749 section 4.4.2; the client authenticates by Basic (section 2.3.1), or in the body. */
  async #fetchToken(oauth2: NonNullable<HttpAuth['oauth2']>, signal: AbortSignal): Promise<Held | { failure: Failed }> {
    const { tokenUrl: url, clientId, clientSecret, scope, audience } = oauth2;
    const form = new URLSearchParams({ grant_type: 'client_credentials' });
    if (scope !== undefined) form.set('scope', scope);
    if (audience !== undefined) form.set('audience', audience);
    const secret = await resolveSecret(clientSecret);
    const inBody = this.#clientIn === 'body';
    if (inBody)
      for (const [name, value] of [
        ['client_id', clientId],
        ['client_secret', secret],
      ] as const)
        form.set(name, value);
    const pair = `${encodeURIComponent(clientId)}:${encodeURIComponent(secret)}`;
    const headers = {
      ...(!inBody && { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }),
      'content-type': 'application/x-www-form-urlencoded',
      accept: 'application/json',
    };
    const exchanged = await this.#http.exchange({ method: 'POST', url, headers, body: Buffer.from(form.toString()) }, signal);
    if ('failure' in exchanged) return exchanged;
    const { answer } = exchanged;
    const outcome = judge(url, answer, this.#now());
    if (!outcome.ok) {
      answer.discard();
      // Whatever it refuses, it is about who we are, not about the event.
      return { failure: { ...outcome, retry: true, reason: outcome.retry ? outcome.reason : 'auth', message: `the token: ${outcome.message}` } };
    }
    return this.#tokenIn(await answer.body());
  }

  #tokenIn(body: Buffer): Held | { failure: Failed } {
    const { access_token: token, expires_in: life } = parse(body);
    if (typeof token !== 'string' || !/^[\x21-\x7e]+$/.test(token)) {
      return { failure: { ok: false, retry: true, reason: 'auth', message: 'the token: the server answered without an access_token' } };
    }
    const lifeMs = (typeof life === 'number' && life > 0 ? life : DEFAULT_LIFE_S) * 1_000;
    // One that lives for less than the margin serves for half of its life.
    const until = this.#now() + Math.max(lifeMs - RENEW_BEFORE_MS, lifeMs / 2);
    return { headers: { authorization: `Bearer ${token}` }, until };
  }
}

function lasting(authorization: string): Held {
  return { headers: { authorization }, until: undefined };
}

function parse(body: Buffer): { access_token?: unknown; expires_in?: unknown } {
  try {
    return (JSON.parse(body.toString('utf8')) ?? {}) as object;
  } catch {
    return {};
  }
}

/** Headers whose values may be secrets. Throws without showing one. */
export async function resolveHeaders(headers: Readonly<Record<string, string | SecretRef>>): Promise<Record<string, string>> {
  const resolved = Object.entries(headers).map(async ([name, value]) => [
    name,
    typeof value === 'string' ? value : headerValue(name, await resolveSecret(value)),
  ]);
  return Object.fromEntries(await Promise.all(resolved)) as Record<string, string>;
}

function headerValue(name: string, value: string): string {
  if (!/^[\x20-\x7e]*$/.test(value))
    throw new Error(`The secret for the header "${name}" holds characters that a header cannot; expected printable ASCII on one line.`);
  return value;
}
