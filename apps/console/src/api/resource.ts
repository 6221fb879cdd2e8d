import { useCallback, useEffect, useState, useSyncExternalStore } from 'react';
import { ApiError, get } from './client.js';
import { answered, connectionNow, onChange, watchConnection, type Connection, type Topic } from './live.js';

/** What is known of an address of the API. Data stays while it is asked for again, so that nothing jumps. */
export interface Resource<T> {
  data: T | undefined;
  error: ApiError | undefined;
  reload(): Promise<void>;
}

interface Entry {
  data?: unknown;
  error?: ApiError | undefined;
}

const cache = new Map<string, Entry>();
const CACHE_MAX = 100;
/** Topics that change together are one request. */
const TOGETHER_MS = 50;
/** In a storm everything changes all the time; nobody reads faster than this. */
const BETWEEN_MS = 1_000;

export function forgetResources(): void {
  cache.clear();
}

/** Reads `path`, and again when one of the topics changed; undefined asks for nothing. */
export function useResource<T>(path: string | undefined, ...topics: Topic[]): Resource<T> {
  const [, redraw] = useState(0);
  const load = useCallback(async () => {
    if (path === undefined) return;
    const entry = await read(path);
    if (entry === undefined) return;
    cache.delete(path);
    cache.set(path, entry);
    if (cache.size > CACHE_MAX) cache.delete(cache.keys().next().value as string);
    redraw((n) => n + 1);
  }, [path]);
  const about = topics.join(' ');
  useEffect(() => {
    void load();
    return throttled(about, load);
  }, [load, about]);
  const entry = path === undefined ? undefined : cache.get(path);
  return { data: entry?.data as T | undefined, error: entry?.error, reload: load };
}

async function read(path: string): Promise<Entry | undefined> {
  try {
    const data = await get<unknown>(path);
    answered(true);
    return { data };
  } catch (error) {
    if (!(error instanceof ApiError)) return undefined;
    answered(error.status !== 0);
    // What was known is still worth more than nothing while the server is away.
    return { data: error.status === 404 ? undefined : cache.get(path)?.data, error };
  }
}

/** Calls `work` when one of the topics changed, at most once in a while, and once more at the end. Returns how to stop. */
export function throttled(topics: string, work: () => Promise<void>): () => void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let next = 0;
  const stop = onChange((topic) => {
    if (!topics.split(' ').includes(topic)) return;
    timer ??= setTimeout(
      () => {
        timer = undefined;
        next = performance.now() + BETWEEN_MS;
        void work();
      },
      Math.max(TOGETHER_MS, next - performance.now()),
    );
  });
  return () => {
    stop();
    clearTimeout(timer);
  };
}

export function useConnection(): Connection {
  return useSyncExternalStore(watchConnection, connectionNow);
}
