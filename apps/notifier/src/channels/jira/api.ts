import type { CaseFile } from '../../cases/attachments.js';
import type { CaseFailure } from '../../cases/system.js';
import type { ChannelDeps } from '../channel.js';
import { Credentials } from '../credentials.js';
import { HttpSender, judge, redactUrl, type HttpRequest } from '../http.js';
import { jsonOf } from '../http-channel.js';
import type { JiraConfig } from './config.js';

export type Answered = { ok: true; body: unknown } | { ok: false; failure: JiraFailure };

export type JiraFailure = CaseFailure & {
  /** The status of Jira's own answer; undefined where there was none, or one of a proxy. */
  status?: number;
  /** The fields that it names. */
  fields?: string[];
};

/** Requests to Jira's REST API, and what its answers mean. */
export class JiraApi {
  readonly #config: JiraConfig;
  readonly #deps: ChannelDeps;
  readonly #http: HttpSender;
  readonly #credentials: Credentials;
  #cloud: boolean | undefined;

  constructor(config: JiraConfig, deps: ChannelDeps) {
    const { timeout: timeoutMs, tls, proxy } = config;
    this.#config = config;
    this.#deps = deps;
    this.#http = new HttpSender({ egress: deps.egress, timeoutMs, tls, proxy });
    this.#credentials = new Credentials(config.auth, this.#http, () => deps.now());
    this.#cloud = config.flavor === 'auto' ? undefined : config.flavor === 'cloud';
  }

  close(): void {
    this.#http.close();
  }

  /** Whether it is Jira Cloud; asked once. */
  async cloud(signal: AbortSignal): Promise<{ ok: true; cloud: boolean } | { ok: false; failure: JiraFailure }> {
    if (this.#cloud !== undefined) return { ok: true, cloud: this.#cloud };
    const asked = await this.#exchange('GET', '/rest/api/2/serverInfo', undefined, signal);
    // Cloud answers v2 as well; a fake or a proxy may not.
    const known =
      asked.ok || asked.failure.reason !== 'client_error' ? asked : await this.#exchange('GET', '/rest/api/3/serverInfo', undefined, signal);
    if (!known.ok) return known;
    this.#cloud = (known.body as { deploymentType?: string } | undefined)?.deploymentType === 'Cloud';
    return { ok: true, cloud: this.#cloud };
  }

  /** `path` is below the API's version, for example `/issue`. */
  async call(method: HttpRequest['method'], path: string, body: object | undefined, signal: AbortSignal): Promise<Answered> {
    const flavor = await this.cloud(signal);
    if (!flavor.ok) return flavor;
    return this.#exchange(method, `/rest/api/${flavor.cloud ? 3 : 2}${path}`, body, signal);
  }

  /** One file, as a form, https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-attachments/. */
  async upload(path: string, { name, mediaType, bytes }: CaseFile, signal: AbortSignal): Promise<Answered> {
    const flavor = await this.cloud(signal);
    if (!flavor.ok) return flavor;
    const form = new FormData();
    form.set('file', new Blob([new Uint8Array(bytes)], { type: mediaType }), name);
    const encoded = new Response(form);
    const headers = { 'content-type': encoded.headers.get('content-type') ?? '', 'x-atlassian-token': 'no-check' };
    const body = Buffer.from(await encoded.arrayBuffer());
    return this.#send('POST', `/rest/api/${flavor.cloud ? 3 : 2}${path}`, { headers, body }, signal);
  }

  #exchange(method: HttpRequest['method'], path: string, body: object | undefined, signal: AbortSignal): Promise<Answered> {
    const json = body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: Buffer.from(JSON.stringify(body)) };
    return this.#send(method, path, json, signal);
  }

  async #send(
    method: HttpRequest['method'],
    path: string,
    content: { headers?: Record<string, string>; body?: Buffer },
    signal: AbortSignal,
  ): Promise<Answered> {
    const url = `${this.#config.url.replace(/\/+$/, '')}${path}`;
    const proof = await this.#credentials.headers(signal);
    if ('failure' in proof) return { ok: false, failure: { ...proof.failure, done: 'no' } };
    const headers = {
      accept: 'application/json',
      'user-agent': 'Tocsin',
      ...proof.headers,
      ...content.headers,
    };
    const exchanged = await this.#http.exchange({ method, url, headers, ...(content.body !== undefined && { body: content.body }) }, signal);
    if ('failure' in exchanged) {
      // What never left was not done; of all else nobody knows.
      const done = exchanged.failure.reason === 'blocked' || exchanged.failure.reason === 'config' ? 'no' : 'unknown';
      return { ok: false, failure: { ...exchanged.failure, done } };
    }
    const { answer } = exchanged;
    const said = await jsonOf(answer);
    const outcome = judge(url, answer, this.#deps.now());
    if (outcome.ok) return { ok: true, body: said };
    if (outcome.reason === 'auth') this.#credentials.refused();
    const message = `${redactUrl(url)} answered ${answer.status}${reasonsOf(said)}`;
    const scope = answer.headers['ratelimit-reason'] === 'jira-per-issue-on-write' ? ({ scope: 'delivery' } as const) : {};
    // A 5xx may come after it was done.
    const own = isJiras(said) ? { status: answer.status, fields: Object.keys(said.errors ?? {}) } : {};
    return { ok: false, failure: { ...outcome, ...scope, ...own, message, done: answer.status >= 500 ? 'unknown' : 'no' } };
  }
}

/** Jira's errors have this form; what a proxy before it says has not. */
function isJiras(said: unknown): said is { errorMessages: unknown[]; errors?: object } {
  return Array.isArray((said as { errorMessages?: unknown } | undefined)?.errorMessages);
}

/** What Jira says is wrong, by field: bounded, and on one line. */
function reasonsOf(said: unknown): string {
  const { errorMessages, errors } = (said ?? {}) as { errorMessages?: unknown; errors?: unknown };
  const messages = Array.isArray(errorMessages) ? errorMessages.map(String) : [];
  const fields = errors !== null && typeof errors === 'object' ? Object.entries(errors).map(([field, text]) => `${field}: ${String(text)}`) : [];
  const all = [...messages, ...fields].join('; ').replaceAll(/[\u0000-\u001f\u007f-\u009f]/g, ' ');
  return all === '' ? '' : `: ${all.slice(0, 500)}`;
}
