import { randomUUID } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import { DONE, give, parseObject, refuse, type Answer } from './answer.js';

/** controller/rest/auth.go: MaxPerDomainLoginUsers. */
const MAX_SESSIONS = 32;
const IDLE_SECONDS = 300;

/** Who may ask, and as what. */
export class Sessions {
  /** Of the role of the key and of the user; without it nothing may be done. */
  mayAct = true;
  apiKeyExpired = false;
  readonly #apiKey: string;
  readonly #user: { username: string; password: string };
  readonly #now: () => number;
  /** Token to the last time it was used, in seconds. */
  readonly #tokens = new Map<string, number>();

  constructor(apiKey: string, user: { username: string; password: string }, now: () => number) {
    this.#apiKey = apiKey;
    this.#user = user;
    this.#now = now;
  }

  /** Undefined: it may go on. A token goes before a key, as with the controller. */
  check(headers: IncomingHttpHeaders): Answer | undefined {
    const token = headers['x-auth-token'];
    if (token === undefined) {
      const known = headers['x-auth-apikey'] === this.#apiKey && this.#apiKey.split(':').length === 2;
      return known && !this.apiKeyExpired ? undefined : refuse(401, 3);
    }
    const last = this.#tokens.get(String(token));
    if (last === undefined) return refuse(401, 3);
    // Some versions answer 401 here; who asks has to take both.
    if (this.#now() - last > IDLE_SECONDS) {
      this.#tokens.delete(String(token));
      return refuse(408, 3);
    }
    this.#tokens.set(String(token), this.#now());
    return undefined;
  }

  login(body: Buffer): Answer {
    const password = parseObject(body, 'password');
    if (password === undefined) return refuse(400, 6);
    const known = password['username'] === this.#user.username && password['password'] === this.#user.password;
    const live = [...this.#tokens.values()].filter((last) => this.#now() - last <= IDLE_SECONDS).length;
    if (!known || live >= MAX_SESSIONS) return refuse(401, 3);
    const token = randomUUID();
    this.#tokens.set(token, this.#now());
    return give({ token: { token } });
  }

  logout(headers: IncomingHttpHeaders): Answer {
    this.#tokens.delete(String(headers['x-auth-token']));
    return DONE;
  }
}
