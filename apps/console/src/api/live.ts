/** What a page shows, and is asked for again. */
export type Topic = 'incident' | 'action' | 'tick';
/** `live`: the server tells what changes. `asking`: it is asked now and then. */
export type Connection = 'live' | 'asking' | 'offline';

/** An answer that is known already costs a header: the API answers 304 to its ETag. */
const POLL_MS = 3_000;
/** What the server tells of is asked for all the same, but seldom: tickets, say, change without it. */
const POLLS_WHEN_LIVE = 5;
/** A stream that the server refused is asked for again. */
const AGAIN_MS = 10_000;

type Listener = (topic: Topic) => void;
const listeners = new Set<Listener>();
const watchers = new Set<() => void>();
let connection: Connection = 'asking';
let timer: ReturnType<typeof setInterval> | undefined;
let polls = 0;
let stream: EventSource | undefined;
let again: ReturnType<typeof setTimeout> | undefined;
/** Of the last event, so that a stream that is opened anew goes on there. */
let lastId = '';

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
  else if (connection === 'offline') become(stream?.readyState === EventSource.OPEN ? 'live' : 'asking');
}

function become(next: Connection): void {
  if (next === connection) return;
  connection = next;
  for (const watcher of watchers) watcher();
}

/** Has pages hear of changes, as long as somebody can see them, until `stopLive`; a second start changes nothing. */
export function startLive(): void {
  if (timer !== undefined) return;
  timer = setInterval(poll, POLL_MS);
  document.addEventListener('visibilitychange', seen);
  listen();
}

export function stopLive(): void {
  clearInterval(timer);
  timer = undefined;
  document.removeEventListener('visibilitychange', seen);
  hush();
}

/** A browser has few connections to one server, so windows that nobody sees have none of them. */
function seen(): void {
  if (document.visibilityState === 'hidden') return hush();
  tell('incident', 'action', 'tick');
  listen();
}

function listen(): void {
  if (stream !== undefined || timer === undefined || document.visibilityState === 'hidden') return;
  const opened = new EventSource(`/v1/events${lastId === '' ? '' : `?after=${encodeURIComponent(lastId)}`}`);
  stream = opened;
  opened.addEventListener('open', () => become('live'));
  for (const topic of ['incident', 'action'] as const) {
    opened.addEventListener(topic, (event) => {
      lastId = event.lastEventId;
      tell(topic);
    });
  }
  opened.addEventListener('reset', (event) => {
    lastId = event.lastEventId;
    tell('incident', 'action', 'tick');
  });
  opened.addEventListener('error', () => {
    become('asking');
    // It comes back by itself, unless it was refused.
    if (opened.readyState !== EventSource.CLOSED) return;
    hush();
    again = setTimeout(listen, AGAIN_MS);
  });
}

function hush(): void {
  clearTimeout(again);
  stream?.close();
  stream = undefined;
  if (connection === 'live') become('asking');
}

function poll(): void {
  if (document.visibilityState === 'hidden') return;
  polls++;
  if (connection === 'live' && polls % POLLS_WHEN_LIVE !== 0) tell('tick');
  else tell('incident', 'action', 'tick');
}

function tell(...topics: Topic[]): void {
  for (const topic of topics) {
    for (const listener of listeners) listener(topic);
  }
}
