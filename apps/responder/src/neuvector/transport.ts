import { Agent } from 'node:https';
import type { Readable } from 'node:stream';
import { resolveSecret } from '@tocsin/extension';
import axios, { type AxiosInstance } from 'axios';
import type { z } from 'zod';
import type { NeuvectorConfig } from './config.js';
import { answered, NeuvectorError, unanswered } from './error.js';
import { downloadOf, type Download } from './multipart.js';

export interface Call {
  method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Parts of the path; each is encoded, so that none can leave its place. */
  path: readonly string[];
  query?: Record<string, string>;
  body?: unknown;
  signal: AbortSignal;
}

/** The list of all workloads, which old versions give where they do not know a filter, has some MB. */
const ANSWER_MAX_BYTES = 32 * 1024 * 1024;
const ERROR_MAX_BYTES = 64 * 1024;
/** Name and secret; an HTTP header holds no more than printable ASCII. */
const API_KEY = /^[\x21-\x39\x3b-\x7e]+:[\x21-\x39\x3b-\x7e]+$/;

/**
 * Requests to one controller. No redirects and no proxy of the environment, and TLS is always checked: the key goes to nobody but who has
 * the certificate. Everything throws `NeuvectorError`.
 */
export class Transport {
  readonly #config: NeuvectorConfig;
  readonly #where: string;
  readonly #agent: Agent;
  readonly #http: AxiosInstance;

  constructor(config: NeuvectorConfig, ca: string | undefined) {
    const { url, serverName } = config;
    this.#config = config;
    this.#where = new URL(url).origin;
    this.#agent = new Agent({ keepAlive: true, ...(ca !== undefined && { ca }), ...(serverName !== undefined && { servername: serverName }) });
    this.#http = axios.create({
      httpsAgent: this.#agent,
      proxy: false,
      maxRedirects: 0,
      responseType: 'stream',
      validateStatus: () => true,
      // An answer that unpacks to more than it says could not be bounded before it is unpacked.
      decompress: false,
      headers: { 'accept-encoding': 'identity' },
    });
  }

  /** A call whose answer is of no interest. */
  async send(call: Call): Promise<void> {
    const { data, deadline } = await this.#open(call, this.#config.timeout);
    await this.#read(data, ERROR_MAX_BYTES, call.signal, deadline);
  }

  async json<T>(schema: z.ZodType<T>, call: Call): Promise<T> {
    const { data, deadline } = await this.#open(call, this.#config.timeout);
    const body = await this.#read(data, ANSWER_MAX_BYTES, call.signal, deadline);
    const parsed = schema.safeParse(parse(body));
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    throw new NeuvectorError(
      'permanent',
      `The answer of NeuVector is not as its API says, at "${issue?.path.join('.') ?? ''}"; see which version it is.`,
    );
  }

  async download(name: string, maxBytes: number, call: Call): Promise<Download> {
    const { data, deadline, contentType } = await this.#open(call, this.#config.downloadTimeout);
    const failure = (error: unknown): NeuvectorError => this.#failure(error, call.signal, deadline);
    return downloadOf(data, contentType, { name, maxBytes, failure });
  }

  close(): void {
    this.#agent.destroy();
  }

  async #open(
    { method, path, query, body, signal }: Call,
    timeoutMs: number,
  ): Promise<{ data: Readable; deadline: AbortSignal; contentType: string }> {
    const apiKey = await this.#apiKey();
    const deadline = AbortSignal.timeout(timeoutMs);
    const url = `${this.#where}/${path.map(encodeURIComponent).join('/')}${query === undefined ? '' : `?${new URLSearchParams(query).toString()}`}`;
    let status: number;
    let headers: Record<string, unknown>;
    let data: Readable;
    try {
      ({ status, headers, data } = await this.#http.request<Readable>({
        method,
        url,
        headers: { 'x-auth-apikey': apiKey, accept: 'application/json', ...(body !== undefined && { 'content-type': 'application/json' }) },
        ...(body !== undefined && { data: JSON.stringify(body) }),
        signal: AbortSignal.any([signal, deadline]),
      }));
    } catch (error) {
      throw this.#failure(error, signal, deadline);
    }
    const type = headers['content-type'];
    if (status >= 200 && status < 300) return { data, deadline, contentType: typeof type === 'string' ? type : '' };
    throw answered(status, await this.#read(data, ERROR_MAX_BYTES, signal, deadline));
  }

  async #apiKey(): Promise<string> {
    let key: string;
    try {
      key = await resolveSecret(this.#config.apiKey);
    } catch (error) {
      // It says which reference, and never what stands there.
      throw new NeuvectorError('permission', (error as Error).message, { cause: error });
    }
    if (API_KEY.test(key)) return key;
    throw new NeuvectorError('permission', 'The API key of NeuVector is not of the form name:secret.');
  }

  async #read(stream: Readable, maxBytes: number, signal: AbortSignal, deadline: AbortSignal): Promise<Buffer> {
    const chunks: Buffer[] = [];
    let left = maxBytes;
    try {
      for await (const chunk of stream as AsyncIterable<Buffer>) {
        left -= chunk.byteLength;
        if (left < 0) throw new NeuvectorError('permanent', `The answer of NeuVector is longer than ${maxBytes} bytes.`);
        chunks.push(chunk);
      }
    } catch (error) {
      throw this.#failure(error, signal, deadline);
    } finally {
      stream.destroy();
    }
    return Buffer.concat(chunks);
  }

  #failure(error: unknown, signal: AbortSignal, deadline: AbortSignal): NeuvectorError {
    if (error instanceof NeuvectorError) return error;
    if (signal.aborted) return new NeuvectorError('transient', `${this.#where}: was stopped before it answered`);
    if (deadline.aborted) return new NeuvectorError('transient', `${this.#where} did not answer in time`);
    return unanswered(error, this.#where);
  }
}

function parse(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return undefined;
  }
}
