import { textOption, UsageError, type Given } from './command.js';

export const API_OPTIONS = { url: { type: 'string' }, as: { type: 'string' } } as const;
export const API_USAGE = `  --url <url>   of the API; default TOCSIN_URL, or http://127.0.0.1:8080
  --as <name>   who you are; default TOCSIN_ACTOR, or USER
The API's token, where it asks for one, is taken from TOCSIN_TOKEN.`;

/** The API was reached, and said no; the message is its own. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
}

/** The REST API of a running Tocsin. */
export class Api {
  readonly #url: string;
  readonly #headers: Record<string, string>;

  constructor(given: Given, env: NodeJS.ProcessEnv = process.env) {
    this.#url = (textOption(given, 'url') ?? env['TOCSIN_URL'] ?? 'http://127.0.0.1:8080').replace(/\/+$/, '');
    if (!URL.canParse(this.#url)) throw new UsageError(`"${this.#url}" is no URL`);
    const actor = textOption(given, 'as') ?? env['TOCSIN_ACTOR'] ?? env['USER'];
    const token = env['TOCSIN_TOKEN'];
    this.#headers = {
      ...(actor !== undefined && { 'x-tocsin-actor': actor }),
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
    };
  }

  get<T>(path: string): Promise<T> {
    return this.#send<T>('GET', path);
  }

  post<T>(path: string, body: object): Promise<T> {
    return this.#send<T>('POST', path, body);
  }

  delete<T>(path: string): Promise<T> {
    return this.#send<T>('DELETE', path);
  }

  async #send<T>(method: string, path: string, body?: object): Promise<T> {
    const headers = { ...this.#headers, ...(body !== undefined && { 'content-type': 'application/json' }) };
    let response: Response;
    try {
      response = await fetch(`${this.#url}${path}`, {
        method,
        headers,
        redirect: 'error',
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      throw new UsageError(`no answer from ${this.#url} (${cause}); is Tocsin running there? See --url`);
    }
    const text = await response.text();
    const parsed = text.startsWith('{') ? (JSON.parse(text) as { detail?: string; title?: string }) : {};
    if (!response.ok) throw new ApiError(parsed.detail ?? parsed.title ?? `the API answered ${response.status}`);
    return parsed as T;
  }
}
