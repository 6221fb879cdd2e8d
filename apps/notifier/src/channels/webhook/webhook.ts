import { resolveSecret } from '@tocsin/extension';
import type { Channel, ChannelDeps, ChannelKind, Delivery, Outcome } from '../channel.js';
import { HttpSender, judge } from '../http.js';
import { webhookConfig, type WebhookConfig } from './config.js';
import { parseSecret, sign } from './sign.js';

/** POSTs each event with a Standard Webhooks signature: in the body that it describes, or as another format writes it. */
export const webhook: ChannelKind<WebhookConfig> = {
  type: 'webhook',
  summary: 'POSTs each event as JSON, signed as Standard Webhooks says.',
  takesFormat: true,
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
  readonly #http: HttpSender;
  /** Read at the first delivery and again after a refusal, so that a renewed secret is taken up without a restart. */
  #credentials: Promise<Credentials> | undefined;

  constructor(config: WebhookConfig, deps: ChannelDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#http = new HttpSender({ egress: deps.egress, timeoutMs: config.timeout });
  }

  async send(batch: readonly Delivery[], signal: AbortSignal): Promise<Outcome[]> {
    return Promise.all(batch.map((delivery) => this.#post(delivery, signal)));
  }

  async close(): Promise<void> {
    this.#http.close();
  }

  async #post(delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
    const { url } = this.#config;
    let credentials: Credentials;
    try {
      credentials = await (this.#credentials ??= this.#readCredentials());
    } catch (error) {
      this.#credentials = undefined;
      return { ok: false, retry: true, reason: 'config', message: (error as Error).message };
    }
    const body = delivery.content.format === 'tocsin' ? envelope(delivery) : delivery.content.body;
    const exchanged = await this.#http.exchange({ method: 'POST', url, headers: this.#headers(delivery, body, credentials), body }, signal);
    if ('failure' in exchanged) return exchanged.failure;
    const { answer } = exchanged;
    answer.discard();
    const outcome = judge(url, answer, this.#deps.now());
    if (!outcome.ok && outcome.reason === 'auth') this.#credentials = undefined;
    return outcome;
  }

  #headers({ id, content }: Delivery, body: Buffer, credentials: Credentials): Record<string, string> {
    const timestamp = Math.floor(this.#deps.now() / 1000);
    const headers: Record<string, string> = {
      ...credentials.headers,
      'content-type': content.mediaType,
      'user-agent': 'Tocsin',
      'webhook-id': id,
      'webhook-timestamp': String(timestamp),
    };
    if (credentials.secrets.length > 0) headers['webhook-signature'] = sign(credentials.secrets, id, timestamp, body);
    return headers;
  }

  async #readCredentials(): Promise<Credentials> {
    const secrets = await Promise.all(this.#config.secrets.map(async (ref) => parseSecret(await resolveSecret(ref))));
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(this.#config.headers))
      headers[name] = typeof value === 'string' ? value : headerValue(name, await resolveSecret(value));
    return { secrets, headers };
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

/** Throws without showing the value. */
function headerValue(name: string, value: string): string {
  if (!/^[\x20-\x7e]*$/.test(value))
    throw new Error(`The secret for the header "${name}" holds characters that a header cannot; expected printable ASCII on one line.`);
  return value;
}
