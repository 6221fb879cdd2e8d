import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { resolveSecret } from '@tocsin/extension';
import axios, { type AxiosInstance, type AxiosResponse } from 'axios';
import type { Channel, ChannelDeps, ChannelKind, Delivery, Outcome } from '../channel.js';
import { EgressBlocked } from '../egress.js';
import { webhookConfig, type WebhookConfig } from './config.js';
import { parseRetryAfter } from './retry-after.js';
import { parseSecret, sign } from './sign.js';

/** What is read of an answer: enough to see that it is one. */
const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_SOCKETS = 64;

/** POSTs each event as JSON with a Standard Webhooks signature. */
export const webhook: ChannelKind<WebhookConfig> = {
  type: 'webhook',
  summary: 'POSTs each event as JSON, signed as Standard Webhooks says.',
  config: webhookConfig,
  create: (config, deps) => new Webhook(config, deps),
};

interface Credentials {
  secrets: Buffer[];
  headers: Record<string, string>;
}

class Webhook implements Channel {
  readonly takes = 'each';
  readonly #config: WebhookConfig;
  readonly #deps: ChannelDeps;
  readonly #http: AxiosInstance;
  readonly #agents: (HttpAgent | HttpsAgent)[];
  /** Read at the first delivery and again after a refusal, so that a renewed secret is taken up without a restart. */
  #credentials: Promise<Credentials> | undefined;

  constructor(config: WebhookConfig, deps: ChannelDeps) {
    this.#config = config;
    this.#deps = deps;
    const options = { keepAlive: true, maxSockets: MAX_SOCKETS, lookup: deps.egress.lookup };
    const httpAgent = new HttpAgent(options);
    const httpsAgent = new HttpsAgent(options);
    this.#agents = [httpAgent, httpsAgent];
    this.#http = axios.create({
      httpAgent,
      httpsAgent,
      proxy: false,
      maxRedirects: 0,
      timeout: config.timeout,
      maxContentLength: MAX_ANSWER_BYTES,
      responseType: 'arraybuffer',
      validateStatus: () => true,
      transformRequest: [],
    });
  }

  async send(batch: readonly Delivery[], signal: AbortSignal): Promise<Outcome[]> {
    return Promise.all(batch.map((delivery) => this.#post(delivery, signal)));
  }

  async close(): Promise<void> {
    for (const agent of this.#agents) agent.destroy();
  }

  async #post(delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
    let credentials: Credentials;
    try {
      credentials = await (this.#credentials ??= this.#readCredentials());
    } catch (error) {
      this.#credentials = undefined;
      return { ok: false, retry: true, reason: 'config', message: (error as Error).message };
    }
    const { type, time } = delivery.event;
    const body = Buffer.concat([
      Buffer.from(`{"type":${JSON.stringify(type)},"timestamp":${JSON.stringify(time)},"data":`),
      delivery.body,
      Buffer.from('}'),
    ]);
    const timestamp = Math.floor(this.#deps.now() / 1000);
    const headers: Record<string, string> = {
      ...credentials.headers,
      'content-type': 'application/json',
      'user-agent': 'Tocsin',
      'webhook-id': delivery.id,
      'webhook-timestamp': String(timestamp),
    };
    if (credentials.secrets.length > 0) headers['webhook-signature'] = sign(credentials.secrets, delivery.id, timestamp, body);
    try {
      this.#deps.egress.assertHost(new URL(this.#config.url).hostname);
      // axios' own timeout ends with the answer's first byte; a body that drips must end too.
      const deadline = AbortSignal.any([signal, AbortSignal.timeout(this.#config.timeout)]);
      return this.#judge(await this.#http.post<Buffer>(this.#config.url, body, { headers, signal: deadline }));
    } catch (error) {
      return this.#failure(error);
    }
  }

  #judge(response: AxiosResponse): Outcome {
    const { status } = response;
    if (status >= 200 && status < 300) return { ok: true };
    const message = `${this.#where()} answered ${status}`;
    const header: unknown = response.headers['retry-after'];
    const afterMs = parseRetryAfter(typeof header === 'string' ? header : undefined, this.#deps.now());
    const after = afterMs === undefined ? {} : { afterMs };
    if (status === 401 || status === 403) {
      this.#credentials = undefined;
      return { ok: false, retry: true, reason: 'auth', message };
    }
    if (status === 410) return { ok: false, retry: false, reason: 'gone', message };
    if (status === 413) return { ok: false, retry: false, reason: 'too_large', message };
    if (status === 429) return { ok: false, retry: true, reason: 'rate_limited', message, ...after };
    if (status === 408 || status === 425 || status >= 500) return { ok: false, retry: true, reason: 'server_error', message, ...after };
    // Following a redirect could lead anywhere; the user must correct the URL, so later attempts may succeed.
    if (status >= 300 && status < 400)
      return { ok: false, retry: true, reason: 'redirected', message: `${message}; redirects are not followed, correct the URL` };
    return { ok: false, retry: false, reason: 'client_error', message };
  }

  #failure(error: unknown): Outcome {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
    const blocked = [error, cause].some((one) => one instanceof EgressBlocked || (one as { name?: string }).name === 'EgressBlocked');
    if (blocked)
      return { ok: false, retry: true, reason: 'blocked', message: `${this.#where()}: ${(cause as Error).message}; see notifier.egress.allow` };
    const code = (error as { code?: string }).code ?? '';
    if (code === 'ERR_CANCELED' || code === 'ECONNABORTED' || code === 'ETIMEDOUT') {
      return { ok: false, retry: true, reason: 'timeout', message: `${this.#where()} did not answer within ${this.#config.timeout} ms` };
    }
    // The answer was longer than we read: its status said success or not, but it was not seen to the end.
    if (code === 'ERR_BAD_RESPONSE') return { ok: false, retry: true, reason: 'server_error', message: `${this.#where()} answered without end` };
    return { ok: false, retry: true, reason: 'connection', message: `${this.#where()}: ${code || 'the connection failed'}` };
  }

  /** The URL as logs may show it: no query, which often holds a token. */
  #where(): string {
    const { protocol, host, pathname } = new URL(this.#config.url);
    return `${protocol}//${host}${pathname}`;
  }

  async #readCredentials(): Promise<Credentials> {
    const secrets = await Promise.all(this.#config.secrets.map(async (ref) => parseSecret(await resolveSecret(ref))));
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(this.#config.headers)) headers[name] = typeof value === 'string' ? value : await resolveSecret(value);
    return { secrets, headers };
  }
}
