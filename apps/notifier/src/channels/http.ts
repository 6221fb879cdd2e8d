import type { Readable } from 'node:stream';
import axios, { type AxiosInstance } from 'axios';
import { AgentSource, ConnectionConfigError } from './agents.js';
import type { Outcome } from './channel.js';
import { EgressBlocked, type Egress } from './egress.js';
import type { HttpProxy, HttpTls } from './http-options.js';
import { parseRetryAfter } from './retry-after.js';
import { Slots } from './slots.js';

export interface HttpRequest {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  url: string;
  headers: Record<string, string>;
  body?: Buffer;
}

export interface HttpAnswer {
  status: number;
  /** By lower case name. */
  headers: Readonly<Record<string, unknown>>;
  /** The whole body; rejects when it is too long or does not end in time. Either this or `discard` MUST be called. */
  body(): Promise<Buffer>;
  /** The body is of no interest; it is not waited for. */
  discard(): void;
}

export type Failed = Extract<Outcome, { ok: false }>;

/** What is read of an answer: enough for what services say, and no more from one that pours. */
const MAX_ANSWER_BYTES = 256 * 1024;
/** A connection whose answer goes on for longer is cut instead of kept for the next request. */
const DISCARD_MS = 1_000;
const MAX_REQUESTS = 64;

export interface HttpSenderOptions {
  egress: Egress;
  timeoutMs: number;
  maxRequests?: number;
  tls?: HttpTls | undefined;
  proxy?: HttpProxy | undefined;
}

/**
 * One request, one answer: no redirects, no proxy from the environment, only addresses that egress allows, one time
 * limit from connecting to the end of the answer. Requests beyond the bound wait here, before their time begins, or a
 * receiver that is merely slow would seem to give no answer. Channels that speak HTTP share it.
 */
export class HttpSender {
  readonly #egress: Egress;
  readonly #timeoutMs: number;
  readonly #http: AxiosInstance;
  readonly #agents: AgentSource;
  readonly #proxied: boolean;
  readonly #slots: Slots;

  constructor(options: HttpSenderOptions) {
    this.#egress = options.egress;
    this.#timeoutMs = options.timeoutMs;
    this.#slots = new Slots(options.maxRequests ?? MAX_REQUESTS);
    this.#agents = new AgentSource(options);
    this.#proxied = options.proxy !== undefined;
    this.#http = axios.create({
      proxy: false,
      maxRedirects: 0,
      maxBodyLength: Infinity,
      // axios' own time limit ends with the answer's first byte, and its bound on the answer needs the body; see below for both.
      responseType: 'stream',
      validateStatus: () => true,
      transformRequest: [],
    });
  }

  /** Never rejects. An answer is one whatever its status; `judge` says what it means. */
  async exchange(request: HttpRequest, signal: AbortSignal): Promise<{ answer: HttpAnswer } | { failure: Failed }> {
    const { method, url, headers, body } = request;
    const leave = await this.#slots.enter(signal);
    if (leave === undefined) return { failure: stopped(url) };
    const deadline = AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]);
    try {
      const { hostname } = new URL(url);
      this.#egress.assertHost(hostname);
      // Behind a proxy it is the proxy that connects: all that can be done here is to look where the name points now.
      if (this.#proxied) await this.#egress.assertName(hostname);
      const { http: httpAgent, https: httpsAgent } = await this.#agents.agents();
      const {
        status,
        headers: answered,
        data,
      } = await this.#http.request<Readable>({ method, url, headers, data: body, signal: deadline, httpAgent, httpsAgent });
      return { answer: { status, headers: answered, body: () => readAll(data), discard: () => discard(data) } };
    } catch (error) {
      return { failure: this.#failure(url, error, signal) };
    } finally {
      leave();
    }
  }

  close(): void {
    this.#agents.close();
  }

  #failure(url: string, error: unknown, signal: AbortSignal): Failed {
    const where = redactUrl(url);
    const blocked = causes(error).find((cause) => cause instanceof EgressBlocked);
    if (blocked !== undefined)
      return { ok: false, retry: true, reason: 'blocked', message: `${where}: ${blocked.message}; see notifier.egress.allow` };
    if (error instanceof ConnectionConfigError) return { ok: false, retry: true, reason: 'config', message: `${where}: ${error.message}` };
    const code = (error as { code?: unknown }).code;
    if (typeof code === 'string' && isCertificateError(code)) {
      return { ok: false, retry: true, reason: 'config', message: `${where}: its certificate is not trusted (${code})` };
    }
    if (code === 'ERR_CANCELED' && signal.aborted) return stopped(url);
    if (code === 'ERR_CANCELED')
      return { ok: false, retry: true, reason: 'timeout', message: `${where} did not answer within ${this.#timeoutMs} ms` };
    if (code === 'ETIMEDOUT') return { ok: false, retry: true, reason: 'timeout', message: `${where}: no connection` };
    return { ok: false, retry: true, reason: 'connection', message: `${where}: ${typeof code === 'string' ? code : 'the connection failed'}` };
  }
}

/** What Node and OpenSSL call a certificate that does not prove who the server is, https://nodejs.org/api/tls.html#x509-certificate-error-codes. */
function isCertificateError(code: string): boolean {
  return /^(CERT_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|ERR_TLS_CERT_|INVALID_CA|HOSTNAME_MISMATCH|ERR_SSL_TLSV\w*_ALERT_CERTIFICATE)/.test(code);
}

function stopped(url: string): Failed {
  return { ok: false, retry: true, reason: 'timeout', message: `${redactUrl(url)}: was stopped before it answered` };
}

/**
 * What a status means for a delivery. A refusal of the event itself is final. Credentials that are not accepted,
 * redirects, and an address where nothing takes events are about every event: someone will mend them, so events wait
 * instead of all going to the dead letters.
 */
export function judge(url: string, { status, headers }: Pick<HttpAnswer, 'status' | 'headers'>, now: number): Outcome {
  if (status >= 200 && status < 300) return { ok: true };
  const where = redactUrl(url);
  const message = `${where} answered ${status}`;
  const header = headers['retry-after'];
  const afterMs = typeof header === 'string' ? parseRetryAfter(header, now) : undefined;
  const after = afterMs === undefined ? {} : { afterMs };
  if (status === 401 || status === 403) return { ok: false, retry: true, reason: 'auth', message };
  if (status === 404 || status === 405) {
    return { ok: false, retry: true, reason: 'client_error', message: `${message}; nothing takes events there, correct the URL` };
  }
  // Standard Webhooks: it wants no more. The subscription is disabled, and events wait until somebody looks.
  if (status === 410) return { ok: false, retry: true, reason: 'gone', message: `${message}; it wants no more events` };
  if (status === 413) return { ok: false, retry: false, reason: 'too_large', message };
  if (status === 429) return { ok: false, retry: true, reason: 'rate_limited', message, ...after };
  if (status === 408 || status === 425 || status >= 500) return { ok: false, retry: true, reason: 'server_error', message, ...after };
  if (status >= 300 && status < 400) {
    return { ok: false, retry: true, reason: 'redirected', message: `${message}; redirects are not followed, correct the URL` };
  }
  return { ok: false, retry: false, reason: 'client_error', message };
}

/** A URL as logs may show it: paths and queries often hold a token. */
export function redactUrl(url: string): string {
  const { protocol, host } = new URL(url);
  return `${protocol}//${host}/…`;
}

/** An error and what caused it; axios wraps what the socket or the look-up says. */
function causes(error: unknown): Error[] {
  return error instanceof Error ? [error, ...causes(error.cause)] : [];
}

async function readAll(stream: Readable): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    bytes += (chunk as Buffer).length;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`The answer is longer than ${MAX_ANSWER_BYTES} bytes.`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

/** Reads the rest, so that the connection can be used again, but not for long and not much. */
function discard(stream: Readable): void {
  let bytes = 0;
  const timer = setTimeout(() => stream.destroy(), DISCARD_MS).unref();
  stream.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) stream.destroy();
  });
  stream.on('error', () => undefined);
  stream.on('close', () => clearTimeout(timer));
}
