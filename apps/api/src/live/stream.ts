import { Readable } from 'node:stream';
import type { LiveHub } from './hub.js';
import { readPosition } from './position.js';
import type { Change, LiveType, Told } from './recent.js';

/** Which changes a reader wants. */
export interface Wanted {
  types: readonly LiveType[];
  /** This severity or a higher one. */
  severity: number;
  /** Of this incident and its actions alone. */
  incident: string | undefined;
}

export interface StreamOptions {
  wanted: Wanted;
  /** What the reader had last, of `Last-Event-ID`. */
  after: string | undefined;
  /** How long it lasts, milliseconds; 0: what there is now, and the end. */
  lastMs: number;
  /** Resolves to why the reader may not read on; undefined: it may. Asked with each heartbeat. */
  refused(): Promise<string | undefined>;
}

/** A reader that has not taken so much is cut off, and comes back for it. */
const UNREAD_MAX_BYTES = 4 * 1024 * 1024;
const HEARTBEAT_MS = 15_000;
const RETRY_MS = 2_000;

/**
 * Changes as server-sent events, https://html.spec.whatwg.org/multipage/server-sent-events.html: events `incident` and `action`, whose data
 * is the resource, and `reset` when what came after `after` is no longer known: read the lists again. Open the hub before.
 */
export function eventStream(hub: LiveHub, { wanted, after, lastMs, refused }: StreamOptions): Readable {
  const stream = new Readable({ read() {} });
  const put = (text: string): void => {
    stream.push(text);
    if (stream.readableLength > UNREAD_MAX_BYTES) stream.destroy();
  };
  const tell = ({ change, id }: Told): void => {
    if (wants(wanted, change)) put(`event: ${change.type}\nid: ${id}\ndata: ${change.data}\n\n`);
  };
  put(`retry: ${RETRY_MS}\n\n`);
  const position = after === undefined ? undefined : readPosition(after);
  const missed = position === undefined ? undefined : hub.recent.after(position);
  if (after !== undefined && missed === undefined) put(`event: reset\nid: ${hub.recent.position}\ndata: {}\n\n`);
  for (const told of missed ?? []) tell(told);
  // An id without data: where a reader is who wanted nothing of what came meanwhile.
  const heartbeat = (): void => put(`id: ${hub.recent.position}\n\n`);
  heartbeat();
  if (lastMs === 0) {
    stream.push(null);
    return stream;
  }
  const finish = (): void => void stream.push(null);
  const leave = hub.join((told) => {
    // Of a replica that has come further than this one; it told that already.
    if (told.change.offset >= (position?.get(told.change.place) ?? 0)) tell(told);
  }, finish);
  const beat = setInterval(() => {
    heartbeat();
    // Where it cannot be asked now, as while the database restarts, it is asked with the next one.
    void refused().then(
      (why) => {
        if (why !== undefined) finish();
      },
      () => undefined,
    );
  }, HEARTBEAT_MS);
  const last = setTimeout(finish, lastMs);
  stream.once('close', () => {
    leave();
    clearInterval(beat);
    clearTimeout(last);
  });
  return stream;
}

function wants({ types, severity, incident }: Wanted, change: Change): boolean {
  return types.includes(change.type) && change.severity >= severity && (incident === undefined || change.incident === incident);
}
