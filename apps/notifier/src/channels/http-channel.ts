import { resolveSecret, type SecretRef } from '@tocsin/extension';
import type { Channel, ChannelDeps, Delivery, Outcome } from './channel.js';
import { HttpSender, judge, type Failed, type HttpAnswer, type HttpRequest } from './http.js';
import type { HttpProxy, HttpTls } from './http-options.js';

export interface HttpConnection {
  timeout: number;
  tls?: HttpTls | undefined;
  proxy?: HttpProxy | undefined;
}

/** What channels share that send each event by itself over HTTP and keep nothing between. */
export abstract class HttpChannel implements Channel {
  readonly takes = 'each';
  protected readonly http: HttpSender;
  protected readonly deps: ChannelDeps;

  constructor({ timeout: timeoutMs, tls, proxy }: HttpConnection, deps: ChannelDeps) {
    this.deps = deps;
    this.http = new HttpSender({ egress: deps.egress, timeoutMs, tls, proxy });
  }

  send(batch: readonly Delivery[], signal: AbortSignal): Promise<Outcome[]> {
    return Promise.all(batch.map((delivery) => this.deliver(delivery, signal).catch(unexpected)));
  }

  async close(): Promise<void> {
    this.http.close();
  }

  /** What it throws is taken for a mistake of the configuration: a secret that cannot be read. */
  protected abstract deliver(delivery: Delivery, signal: AbortSignal): Promise<Outcome>;

  /** POSTs JSON, and reads the answer where it is of interest. */
  protected async post(
    url: string,
    body: object,
    signal: AbortSignal,
    more: Partial<HttpRequest> = {},
  ): Promise<{ failure: Failed } | { outcome: Outcome; answer: HttpAnswer }> {
    const { headers, ...rest } = more;
    const sent = { 'content-type': 'application/json', 'user-agent': 'Tocsin', ...headers };
    const request: HttpRequest = { method: 'POST', url, headers: sent, body: Buffer.from(JSON.stringify(body)), ...rest };
    const exchanged = await this.http.exchange(request, signal);
    if ('failure' in exchanged) return exchanged;
    return { outcome: judge(url, exchanged.answer, this.deps.now()), answer: exchanged.answer };
  }
}

function unexpected(error: unknown): Outcome {
  return { ok: false, retry: true, reason: 'config', message: error instanceof Error ? error.message : String(error) };
}

/** Whose address is a secret: whoever knows it may post there. Throws without showing it. */
export async function secretUrl(ref: SecretRef): Promise<string> {
  const text = await resolveSecret(ref);
  if (!URL.canParse(text) || !/^https?:$/.test(new URL(text).protocol)) throw new Error('The secret address is no http:// or https:// URL.');
  return text;
}

/** The answer as JSON; undefined when it is none, or did not end in time. */
export async function jsonOf(answer: HttpAnswer): Promise<unknown> {
  try {
    return JSON.parse((await answer.body()).toString('utf8')) as unknown;
  } catch {
    return undefined;
  }
}
