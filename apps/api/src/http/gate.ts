import { Problem } from '@tocsin/runtime/nest';
import type { Store } from '@tocsin/store';
import { mayAct, type Principal } from '../access/principal.js';
import type { RateLimit } from '../access/rate-limit.js';
import { record } from '../access/record.js';
import type { Access, AccessHeaders } from './access.js';
import { notFound } from './answer.js';
import { operationOf } from './operations.js';
import type { Route } from './route.js';

export interface GateDeps {
  access: Access;
  rate: RateLimit;
  store: Store;
  now(): number;
  /** Whether tokens of services may approve. */
  servicesApprove: boolean;
}

export interface Asking {
  method: string;
  /** As the router matched it: `/v1/incidents/:id`. */
  pattern: string;
  params: Readonly<Record<string, string>>;
  headers: AccessHeaders;
}

/** Lets a request in, or throws the `Problem` it is answered with. Writes are on record before they are done. */
export async function admit({ method, pattern, params, headers }: Asking, deps: GateDeps): Promise<Principal> {
  const principal = await deps.access(headers, method);
  const wait = deps.rate(principal.id);
  if (wait > 0) {
    throw new Problem({ status: 429, detail: `Too many requests by ${principal.actor}; try again in ${wait} s.` }, { 'retry-after': String(wait) });
  }
  const operation = operationOf(method, pattern, params);
  if (operation === undefined) throw notFound('command');
  authorise(principal, operation, deps.servicesApprove);
  if (operation.method !== 'get' && operation.recorded !== 'by itself') {
    await record({ actor: principal.actor, operationId: operation.operationId, subject: params['id'] ?? 'api' }, deps);
  }
  return principal;
}

function authorise({ actor, role, operations, person }: Principal, { role: needed, operationId }: Route, servicesApprove: boolean): void {
  if (needed === 'anyone') return;
  if (!mayAct(role, needed)) {
    throw new Problem({ status: 403, detail: `${operationId} needs the role ${needed}; ${actor} has the role ${role}.` });
  }
  if (operations !== undefined && !operations.includes(operationId)) {
    throw new Problem({ status: 403, detail: `The token may not do ${operationId}; it may do ${operations.join(', ')}.` });
  }
  if (operationId === 'approveAction' && !person && !servicesApprove) {
    throw new Problem({ status: 403, detail: `A person must approve, and ${actor} is a service; see api.authentication.servicesApprove.` });
  }
}
