/** What may have changed: `incident` and `action` come from the server, `tick` from the clock. */
export type Topic = 'incident' | 'action' | 'tick';
export type Connection = 'live' | 'polling' | 'offline';

/** Without server-sent events everything is asked for this often; with them only what has no events. */
const POLL_MS = 3_000;
const SLOW_POLL_MS = 20_000;
const RETRY_MS = 15_000;

type Listener = (topic: Topic) => void;
const listeners = new Set<Listener>();
const watchers = new Set<() => void>();
let connection: Connection = 'polling';
let source: EventSource | undefined;
let timer: ReturnType<typeof setInterval> | undefined;
let retry: ReturnType<typeof setTimeout> | undefined;

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
  if (!there) become('offline');
  else if (connection === 'offline') become(source?.readyState === EventSource.OPEN ? 'live' : 'polling');
}

/** Follows what happens, until `stop`; a second start changes nothing. */
export function startLive(): void {
  if (timer !== undefined) return;
  open();
  every(POLL_MS);
  document.addEventListener('visibilitychange', onVisible);
}

export function stopLive(): void {
  source?.close();
  source = undefined;
  clearInterval(timer);
  clearTimeout(retry);
  timer = undefined;
  document.removeEventListener('visibilitychange', onVisible);
}

function every(ms: number): void {
  clearInterval(timer);
  timer = setInterval(() => {
    if (document.visibilityState === 'hidden') return;
    tell('tick');
    if (connection !== 'live') tellAll();
  }, ms);
}

function open(): void {
  source = new EventSource('/v1/events');
  source.addEventListener('open', () => {
    become('live');
    every(SLOW_POLL_MS);
    // What happened while nobody listened.
    tellAll();
  });
  for (const topic of ['incident', 'action'] as const) source.addEventListener(topic, () => tell(topic));
  source.addEventListener('error', () => {
    if (connection === 'live') become('polling');
    every(POLL_MS);
    // The browser connects again by itself, except after an answer that is no stream.
    if (source?.readyState !== EventSource.CLOSED) return;
    clearTimeout(retry);
    retry = setTimeout(() => timer !== undefined && open(), RETRY_MS);
  });
}

function onVisible(): void {
  if (document.visibilityState === 'visible') tellAll();
}

function tellAll(): void {
  tell('incident');
  tell('action');
}

function tell(topic: Topic): void {
  for (const listener of listeners) listener(topic);
}

function become(next: Connection): void {
  if (next === connection) return;
  connection = next;
  for (const watcher of watchers) watcher();
}
