import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { request as httpsRequest, createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeCertificates } from '../receivers/certificates.js';
import { KubeAdmin } from './admin.js';

export interface ApiCall {
  method: string;
  /** With its query. */
  path: string;
}

/** What becomes of a call on its way; the ways in which load balancers and networks misbehave. */
export type Fault =
  | 'pass'
  /** The server hears nothing, and the connection breaks. */
  | 'lose the request'
  /** The server does it, and the connection breaks before the answer. */
  | 'lose the reply'
  /** The server hears nothing, and nobody answers. */
  | 'hang'
  /** Answered on the way, the server hears nothing. */
  | { status: number; headers?: Record<string, string>; body?: string }
  /** The connection breaks within the answer, after so many bytes of its body. */
  | { cutAfterBytes: number };

/**
 * Stands between a client and an API server. It speaks TLS itself, so that clients are known by tokens through it and not by
 * certificates, and passes no upgrades (exec, attach).
 */
export interface FaultyApi {
  /** The same server by way of the faults, whose kubeconfigs lead here as well. */
  through: KubeAdmin;
  /** In the order of their arrival. */
  calls: ApiCall[];
  /** Decides on each call; by default they pass. */
  behave(decide: (call: ApiCall, index: number) => Fault): void;
  /** Breaks every connection, such as those of watches. */
  cut(): void;
  close(): Promise<void>;
}

export async function faultyApi(admin: KubeAdmin): Promise<FaultyApi> {
  const certificates = await makeCertificates();
  const [ca, cert, key] = await Promise.all([certificates.caFile, certificates.certFile, certificates.keyFile].map((file) => readFile(file, 'utf8')));
  await certificates.remove();
  let decide: (call: ApiCall, index: number) => Fault = () => 'pass';
  const calls: ApiCall[] = [];
  const server = createServer({ cert, key }, (incoming, response) => {
    const call = { method: incoming.method ?? '', path: incoming.url ?? '' };
    const fault = decide(call, calls.length);
    calls.push(call);
    // Before a fault the whole call is taken, so that what breaks is not the sending of it.
    const handled = read(incoming).then((body) => handle(admin, incoming, body, response, fault));
    handled.catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    through: new KubeAdmin(`https://127.0.0.1:${(server.address() as AddressInfo).port}`, ca as string),
    calls,
    behave(next) {
      decide = next;
    },
    cut: () => server.closeAllConnections(),
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

async function handle(admin: KubeAdmin, incoming: IncomingMessage, body: Buffer, response: ServerResponse, fault: Fault): Promise<void> {
  if (fault === 'hang') return;
  if (fault === 'lose the request') {
    response.destroy();
    return;
  }
  if (typeof fault === 'object' && 'status' in fault) {
    response.writeHead(fault.status, fault.headers).end(fault.body);
    return;
  }
  const answer = await forward(admin, incoming, body, response);
  if (fault === 'lose the reply') {
    await read(answer);
    response.destroy();
    return;
  }
  response.writeHead(answer.statusCode ?? 502, answer.headers);
  let left = fault === 'pass' ? Infinity : fault.cutAfterBytes;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    const bytes = chunk.subarray(0, left);
    left -= bytes.byteLength;
    await new Promise((written) => response.write(bytes, written));
    if (left === 0) {
      response.destroy();
      return;
    }
  }
  response.end();
}

async function forward(admin: KubeAdmin, incoming: IncomingMessage, body: Buffer, response: ServerResponse): Promise<IncomingMessage> {
  const { method, headers } = incoming;
  const outgoing = httpsRequest(`${admin.url}${incoming.url}`, { method, headers, ca: admin.ca, agent: false });
  // A watch goes on for as long as its client listens.
  response.on('close', () => outgoing.destroy());
  outgoing.on('error', () => response.destroy());
  outgoing.end(body);
  const [answer] = (await once(outgoing, 'response')) as [IncomingMessage];
  return answer;
}

async function read(incoming: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
