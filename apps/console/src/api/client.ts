import type { Command, Problem } from './types.js';

/** An answer that is no success; `message` is for people. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  /** 0 when there was no answer at all. */
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Called when the server no longer knows who we are. */
let onUnauthorised: () => void = () => undefined;
export function whenUnauthorised(listener: () => void): void {
  onUnauthorised = listener;
}

/** Who speaks, where the server asks nobody who they are. */
let actor: string | undefined;
export function speakAs(name: string | undefined): void {
  actor = name;
  known.clear();
}

/** Last answers by path: asked again with their ETag, an unchanged one costs a header. */
const known = new Map<string, { etag: string; body: unknown }>();
const KNOWN_MAX = 200;

export async function get<T>(path: string, signal?: AbortSignal): Promise<T> {
  const before = known.get(path);
  const response = await request(path, {
    headers: before === undefined ? {} : { 'if-none-match': before.etag },
    ...(signal !== undefined && { signal }),
  });
  if (response.status === 304 && before !== undefined) return before.body as T;
  const body = (await response.json()) as T;
  const etag = response.headers.get('etag');
  if (etag !== null) {
    known.delete(path);
    known.set(path, { etag, body });
    if (known.size > KNOWN_MAX) known.delete(known.keys().next().value as string);
  }
  return body;
}

export async function send<T>(method: 'POST' | 'DELETE' | 'PUT', path: string, body?: unknown): Promise<T> {
  const response = await request(path, {
    method,
    headers: {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      // The browser repeats nothing by itself, but a proxy on the way may.
      ...(method === 'POST' && { 'idempotency-key': crypto.randomUUID() }),
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return (text === '' ? undefined : JSON.parse(text)) as T;
}

const LOOK_EVERY_MS = 150;
const LOOKS = 80;

/** Says a command, and resolves when it was carried out. Rejects with the reason when it was refused. */
export async function command(path: string, body: object): Promise<void> {
  const { id } = await send<Command>('POST', path, body);
  for (let look = 0; look < LOOKS; look += 1) {
    const outcome = await get<Command>(`/v1/commands/${encodeURIComponent(id)}`).catch((error: unknown) => {
      if (error instanceof ApiError && error.status === 404) return undefined;
      throw error;
    });
    if (outcome?.state === 'applied') return;
    if (outcome?.state === 'refused') throw new ApiError(409, outcome.reason ?? 'It was refused.');
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
  throw new ApiError(0, 'It is kept, but was not carried out yet; the page will show when it is.');
}

/** Saves what an address of the API gives; a link could not show who asks. */
export async function download(path: string, name: string): Promise<void> {
  const response = await request(path, {});
  const url = URL.createObjectURL(await response.blob());
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  URL.revokeObjectURL(url);
}

async function request(path: string, init: RequestInit): Promise<Response> {
  const headers = {
    ...(init.headers as Record<string, string> | undefined),
    ...(actor !== undefined && { 'x-tocsin-actor': actor }),
  };
  const response = await fetch(path, { credentials: 'same-origin', cache: 'no-store', ...init, headers }).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === 'AbortError') throw error;
    throw new ApiError(0, 'Tocsin does not answer. It is asked again until it does.');
  });
  if (response.ok || response.status === 304) return response;
  if (response.status === 401) onUnauthorised();
  throw await problemOf(response);
}

async function problemOf(response: Response): Promise<ApiError> {
  const problem = (await response.json().catch(() => undefined)) as Partial<Problem> | undefined;
  return new ApiError(response.status, problem?.detail ?? problem?.title ?? `The answer was ${response.status}.`);
}
