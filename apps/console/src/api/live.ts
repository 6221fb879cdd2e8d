/** What a page shows, and is asked for again. */
export type Topic = 'incident' | 'action' | 'tick';
export type Connection = 'asking' | 'offline';

/** An answer that is known already costs a header: the API answers 304 to its ETag. */
const POLL_MS = 3_000;

type Listener = (topic: Topic) => void;
const TOPICS: readonly Topic[] = ['incident', 'action', 'tick'];
const listeners = new Set<Listener>();
const watchers = new Set<() => void>();
let connection: Connection = 'asking';
let timer: ReturnType<typeof setInterval> | undefined;

export function onChange(listener: Listener): () => void {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

export function connectionNow(): Connection {
  return connection;
}

export function watchConnection(watcher: () => void): () => void {
  watchers.add(watcher);
  return () => void watchers.delete(watcher);
}

/** The last answer says whether the server is there at all. */
export function answered(there: boolean): void {
  const next = there ? 'asking' : 'offline';
  if (next === connection) return;
  connection = next;
  for (const watcher of watchers) watcher();
}

/** Has pages ask again, as long as somebody can see them, until `stopLive`; a second start changes nothing. */
export function startLive(): void {
  if (timer !== undefined) return;
  timer = setInterval(tell, POLL_MS);
  document.addEventListener('visibilitychange', tell);
}

export function stopLive(): void {
  clearInterval(timer);
  timer = undefined;
  document.removeEventListener('visibilitychange', tell);
}

function tell(): void {
  if (document.visibilityState === 'hidden') return;
  for (const topic of TOPICS) {
    for (const listener of listeners) listener(topic);
  }
}
