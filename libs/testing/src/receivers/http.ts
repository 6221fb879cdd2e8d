import { readFileSync } from 'node:fs';
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certificates } from './certificates.js';

export interface ReceivedRequest {
  headers: IncomingHttpHeaders;
  body: Buffer;
  path: string;
  method: string;
}

/** What the receiver does with a request; the ways in which real ones misbehave. */
export type Behaviour =
  | { status: number; headers?: Record<string, string>; body?: string }
  /** Takes the request and never answers. */
  | 'hang'
  /** Takes the request and cuts the connection. */
  | 'reset'
  /** Answers 200 with a body that drips for ever. */
  | 'drip'
  /** Answers 200 with a body that never ends. */
  | 'endless';

export interface HttpReceiver {
  url: string;
  /** Requests that were answered with 2xx, in the order of their arrival. */
  accepted: ReceivedRequest[];
  /** All requests. */
  requests: ReceivedRequest[];
  /** Decides on each request; by default everything is taken with 200. */
  behave(decide: (request: ReceivedRequest, index: number) => Behaviour): void;
  /** Resolves when the condition holds; it is looked at after every request. */
  until(condition: () => boolean): Promise<void>;
  /** Closes the connections that clients keep for later requests, as servers do after a while. */
  closeIdle(): void;
  close(): Promise<void>;
}

export interface HttpReceiverOptions {
  /** Speaks TLS with the certificate of the server in it. */
  tls?: Pick<Certificates, 'caFile' | 'certFile' | 'keyFile'>;
  /** Wants a certificate of the client that the authority vouches for. */
  mutual?: boolean;
}

export async function httpReceiver({ tls, mutual = false }: HttpReceiverOptions = {}): Promise<HttpReceiver> {
  let decide: (request: ReceivedRequest, index: number) => Behaviour = () => ({ status: 200 });
  let waiting: { condition: () => boolean; resolve: () => void }[] = [];
  const notify = (): void => {
    waiting = waiting.filter(({ condition, resolve }) => !condition() || resolve());
  };
  const requests: ReceivedRequest[] = [];
  const accepted: ReceivedRequest[] = [];
  const handle = (incoming: IncomingMessage, response: ServerResponse): void => {
    const taken = read(incoming).then((body) => {
      const request = { headers: incoming.headers, body, path: incoming.url ?? '', method: incoming.method ?? '' };
      const behaviour = decide(request, requests.length);
      requests.push(request);
      if (typeof behaviour === 'object' ? behaviour.status < 300 : behaviour === 'drip' || behaviour === 'endless') accepted.push(request);
      answer(response, behaviour);
      notify();
    });
    // A client that goes away while it sends has not made a request.
    taken.catch(() => undefined);
  };
  const server =
    tls === undefined
      ? createServer(handle)
      : createSecureServer(
          {
            ca: readFileSync(tls.caFile),
            cert: readFileSync(tls.certFile),
            key: readFileSync(tls.keyFile),
            requestCert: mutual,
            rejectUnauthorized: mutual,
          },
          handle,
        );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    accepted,
    requests,
    behave(next) {
      decide = next;
    },
    until(condition) {
      if (condition()) return Promise.resolve();
      return new Promise((resolve) => waiting.push({ condition, resolve }));
    },
    closeIdle() {
      server.closeIdleConnections();
    },
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function read(incoming: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const DRIP_EVERY_MS = 10;
const ENDLESS_CHUNK = Buffer.alloc(64 * 1024, 'x');

function answer(response: ServerResponse, behaviour: Behaviour): void {
  if (typeof behaviour === 'object') {
    response.writeHead(behaviour.status, behaviour.headers).end(behaviour.body);
    return;
  }
  if (behaviour === 'hang') return;
  if (behaviour === 'reset') {
    response.destroy();
    return;
  }
  response.writeHead(200);
  if (behaviour === 'drip') {
    const timer = setInterval(() => response.write('.'), DRIP_EVERY_MS);
    response.on('close', () => clearInterval(timer));
    return;
  }
  const pour = (): void => {
    while (!response.destroyed && response.write(ENDLESS_CHUNK));
  };
  response.on('drain', pour);
  pour();
}
