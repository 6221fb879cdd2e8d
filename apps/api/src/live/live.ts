import type { Readable } from 'node:stream';
import { severityId } from '@tocsin/domain';
import { Problem } from '@tocsin/runtime/nest';
import { mayAct, type Principal } from '../access/principal.js';
import type { Access, AccessHeaders } from '../http/access.js';
import { eventsQuery, readQuery } from '../http/query.js';
import type { LiveHub } from './hub.js';
import { eventStream } from './stream.js';

export interface LiveDeps {
  hub: LiveHub;
  access: Access;
  /** Of the principals that read now, one entry a stream. */
  reading: string[];
}

/** At one replica. A browser has one stream a window. */
const STREAMS_MAX = 1_000;
const STREAMS_OF_ONE_MAX = 50;
const RETRY_AFTER_S = 10;

export interface Reader {
  principal: Principal;
  headers: AccessHeaders & { 'last-event-id'?: string | string[] | undefined };
}

/** What `GET /v1/events` is answered with. */
export async function readEvents({ hub, access, reading }: LiveDeps, query: unknown, { principal, headers }: Reader): Promise<Readable> {
  const { type, severity, incident, after, for: seconds } = readQuery(eventsQuery, query);
  const ofOne = reading.filter((id) => id === principal.id).length;
  if (reading.length >= STREAMS_MAX || ofOne >= STREAMS_OF_ONE_MAX) {
    const detail =
      ofOne >= STREAMS_OF_ONE_MAX ? `${principal.actor} has ${ofOne} streams open; end one.` : 'Too many streams are open here; try again later.';
    throw new Problem({ status: 429, detail }, { 'retry-after': String(RETRY_AFTER_S) });
  }
  reading.push(principal.id);
  const leave = (): void => void reading.splice(reading.indexOf(principal.id), 1);
  try {
    await hub.open();
  } catch {
    leave();
    throw new Problem({ status: 503, detail: 'The log does not answer at the moment; try again soon.' }, { 'retry-after': String(RETRY_AFTER_S) });
  }
  const stream = eventStream(hub, {
    wanted: { types: type === undefined ? ['incident', 'action'] : [type], severity: severityId(severity ?? '') ?? 0, incident },
    // Who comes back by itself says it in the header, and later than the address did.
    after: typeof headers['last-event-id'] === 'string' ? headers['last-event-id'] : after,
    lastMs: seconds * 1000,
    async refused() {
      try {
        const { id, role } = await access(headers, 'GET');
        return id === principal.id && mayAct(role, 'viewer') ? undefined : 'somebody else';
      } catch (error) {
        if (error instanceof Problem) return error.message;
        throw error;
      }
    },
  });
  stream.once('close', leave);
  return stream;
}
