import { eventsQuery } from '../query.js';
import type { Route } from '../route.js';

/** Server-sent events; what their data is, the schemas `Incident` and `Action` say. */
export const EVENT_ROUTES: readonly Route<never>[] = [
  {
    method: 'get',
    path: '/v1/events',
    operationId: 'streamEvents',
    summary:
      'Changes as they happen, as server-sent events: `incident` and `action`, whose data is the resource, and `reset` when what was missed is no longer known.',
    role: 'viewer',
    query: eventsQuery,
    response: 'events',
    example:
      'event: incident\nid: a0.3_i0.42\ndata: {"schema":1,"id":"7d1f0e52-7c3a-8b59-9f0a-3f6b2a7c9d10","version":3,"change":"escalated","status":"open"}\n\n',
  },
];
