import { request as httpsRequest } from 'node:https';
import { ADMIN_TOKEN } from './api-server.js';
import type { KubeAdmin, KubeBody } from './admin.js';

export interface KubeEvent {
  type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'ERROR' | 'BOOKMARK';
  object: KubeBody;
}

/** Calls with what there is and then with every change, until it is closed or cut; `path` is a list, and may have a query. */
export function watch(admin: KubeAdmin, path: string, onEvent: (event: KubeEvent) => void): { ended: Promise<void>; close(): void } {
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const url = `${admin.url}${path}${path.includes('?') ? '&' : '?'}watch=true`;
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}`, accept: 'application/json' };
  const request = httpsRequest(url, { headers, ca: admin.ca, agent: false }, (response) => {
    let rest = '';
    response.setEncoding('utf8').on('data', (chunk: string) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onEvent(JSON.parse(line) as KubeEvent);
    });
    response.on('error', () => undefined);
  });
  request.on('error', () => undefined).on('close', end);
  request.end();
  return { ended, close: () => void request.destroy() };
}
