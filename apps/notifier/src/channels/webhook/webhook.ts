import { resolveSecret } from '@tocsin/extension';
import type { Channel, ChannelDeps, ChannelKind, Delivery, Outcome } from '../channel.js';
import { Credentials, resolveHeaders } from '../credentials.js';
import { HttpSender, judge } from '../http.js';
import { CONNECTION_OF_OURS } from '../http-options.js';
import { webhookConfig, type WebhookConfig } from './config.js';
import { parseSecret, sign } from './sign.js';

/** Sends each event with a Standard Webhooks signature: in the body that it describes, or as another format writes it. */
export const webhook: ChannelKind<WebhookConfig> = {
  type: 'webhook',
  summary: 'POSTs each event as JSON, signed as Standard Webhooks says.',
  takesFormat: true,
  forNamespaces: { withheld: CONNECTION_OF_OURS },
  config: webhookConfig,
  create: (config, deps) => new Webhook(config, deps),
};

interface Secrets {
  signing: Buffer[];
  headers: Record<string, string>;
}

class Webhook implements Channel {
  readonly takes = 'each';
  readonly contentOnly = true;
  readonly #config: WebhookConfig;
  readonly #deps: ChannelDeps;
  readonly #http: HttpSender;
  readonly #credentials: Credentials;
  /** Read at the first delivery and again after a refusal, so that a renewed secret is taken up without a restart. */
  #secrets: Promise<Secrets> | undefined;

  constructor(config: WebhookConfig, deps: ChannelDeps) {
    const { timeout: timeoutMs, tls, proxy } = config;
    this.#config = config;
    this.#deps = deps;
    this.#http = new HttpSender({ egress: deps.egress, timeoutMs, tls, proxy });
    this.#credentials = new Credentials(config.auth, this.#http, () => deps.now());
  }

  async send(batch: readonly Delivery[], signal: AbortSignal): Promise<Outcome[]> {
    return Promise.all(batch.map((delivery) => this.#post(delivery, signal)));
  }

  async close(): Promise<void> {
    this.#http.close();
  }

  async #post(delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
    const { url, method } = this.#config;
    let secrets: Secrets;
    try {
      secrets = await (this.#secrets ??= this.#readSecrets());
    } catch (error) {
      this.#secrets = undefined;
      return { ok: false, retry: true, reason: 'config', message: (error as Error).message };
    }
    const proof = await this.#credentials.headers(signal);
    if ('failure' in proof) return proof.failure;
    const body = delivery.content.format === 'tocsin' ? envelope(delivery) : delivery.content.body;
    const headers = { ...proof.headers, ...this.#headers(delivery, body, secrets) };
    const exchanged = await this.#http.exchange({ method, url, headers, body }, signal);
    if ('failure' in exchanged) return exchanged.failure;
    const { answer } = exchanged;
    answer.discard();
    const outcome = judge(url, answer, this.#deps.now());
    if (!outcome.ok && outcome.reason === 'auth') {
      this.#secrets = undefined;
      this.#credentials.refused();
    }
    return outcome;
  }

  #headers({ id, content }: Delivery, body: Buffer, secrets: Secrets): Record<string, string> {
    const timestamp = Math.floor(this.#deps.now() / 1000);
    const headers: Record<string, string> = {
      ...secrets.headers,
      'content-type': content.mediaType,
      'user-agent': 'Tocsin',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
    };
    if (secrets.signing.length > 0) headers['webhook-signature'] = sign(secrets.signing, id, timestamp, body);
    return headers;
  }

  async #readSecrets(): Promise<Secrets> {
    const signing = await Promise.all(this.#config.secrets.map(async (ref) => parseSecret(await resolveSecret(ref))));
    return { signing, headers: await resolveHeaders(this.#config.headers) };
  }
}

/** The event's JSON, unparsed, in the body that Standard Webhooks describes. */
function envelope({ event, content }: Delivery): Buffer {
  return Buffer.concat([
    Buffer.from(`{"type":${JSON.stringify(event.type)},"timestamp":${JSON.stringify(event.time)},"data":`),
    content.body,
    Buffer.from('}'),
  ]);
}
