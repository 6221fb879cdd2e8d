import { textOption, UsageError, type Given } from './command.js';

export const API_OPTIONS = { url: { type: 'string' }, as: { type: 'string' } } as const;
export const API_USAGE = `  --url <url>   of the API; default TOCSIN_URL, or http://127.0.0.1:8080
  --as <name>   who you are; default TOCSIN_ACTOR, or USER
The API's token, where it asks for one, is taken from TOCSIN_TOKEN.`;

/** The API was reached, and said no; the message is its own. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

const PAGE = 500;

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

  /** All pages of a list, or as many items as are asked for. */
  async list<T>(path: string, filter: Record<string, string | undefined> = {}, most = Infinity): Promise<T[]> {
    const items: T[] = [];
    let cursor: string | undefined;
    do {
      const limit = String(Math.min(PAGE, most - items.length));
      const page: { items: T[]; next_cursor?: string } = await this.get(`${path}${queryOf({ ...filter, limit, cursor })}`);
      items.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor !== undefined && items.length < most);
    return items;
  }

  /** The bytes, as they are. */
  async bytes(path: string): Promise<Buffer> {
    return Buffer.from(await (await this.#ask('GET', path)).arrayBuffer());
  }

  /** The answer's text as it comes; whoever leaves the loop ends the request. */
  async *stream(path: string, signal: AbortSignal): AsyncGenerator<string> {
    const { body } = await this.#ask('GET', path, undefined, signal);
    if (body === null) return;
    for await (const chunk of body.pipeThrough(new TextDecoderStream())) yield chunk;
  }

  post<T>(path: string, body: object): Promise<T> {
    return this.#send<T>('POST', path, body);
  }

  delete<T>(path: string): Promise<T> {
    return this.#send<T>('DELETE', path);
  }

  async #send<T>(method: string, path: string, body?: object): Promise<T> {
    return (await (await this.#ask(method, path, body)).json()) as T;
  }

  async #ask(method: string, path: string, body?: object, signal?: AbortSignal): Promise<Response> {
    const headers = { ...this.#headers, ...(body !== undefined && { 'content-type': 'application/json' }) };
    let response: Response;
    try {
      response = await fetch(`${this.#url}${path}`, {
        method,
        headers,
        redirect: 'error',
        ...(body !== undefined && { body: JSON.stringify(body) }),
        ...(signal !== undefined && { signal }),
      });
    } catch (error) {
      if (signal?.aborted === true) throw error;
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
      throw new UsageError(`no answer from ${this.#url} (${cause}); is Tocsin running there? See --url`);
    }
    if (!response.ok) throw new ApiError(await problemOf(response), response.status);
    return response;
  }
}

const HINTS: Readonly<Record<number, string>> = {
  401: ' Set TOCSIN_TOKEN to a token of the API; "tocsin token create" makes one.',
};

/** As application/problem+json has it, https://www.rfc-editor.org/rfc/rfc9457. */
async function problemOf(response: Response): Promise<string> {
  const text = await response.text();
  try {
    const { detail, title } = JSON.parse(text) as { detail?: string; title?: string };
    return `${detail ?? title ?? text}${HINTS[response.status] ?? ''}`;
  } catch {
    return `the API answered ${response.status}`;
  }
}

/** What is undefined is left out. */
export function queryOf(parameters: Record<string, string | undefined>): string {
  const given = Object.entries(parameters).flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as [string, string]]));
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}
