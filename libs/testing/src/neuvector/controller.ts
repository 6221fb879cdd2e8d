import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import type { IncomingHttpHeaders, IncomingMessage, ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeCertificates, type Certificates } from '../receivers/certificates.js';
import { DONE, give, refuse, type Answer } from './answer.js';
import { Sessions } from './sessions.js';
import { Sniffers } from './sniffers.js';
import { Workloads, type KnownWorkload, type WorkloadParts } from './workloads.js';

export interface NeuvectorRequest {
  method: string;
  /** With the query. */
  path: string;
  headers: IncomingHttpHeaders;
  body: Buffer;
}

export type NeuvectorMisbehaviour =
  /** Gives this answer, and does nothing. */
  | Answer
  /** Takes the request and never answers. */
  | 'hang'
  /** Cuts the connection, and does nothing. */
  | 'reset'
  /** Does what is asked, and cuts the connection before the answer. */
  | 'lose'
  /** Does what is asked, and cuts the connection in the middle of the answer. */
  | 'cut'
  /** Answers with a body that never ends. */
  | 'pour';

/** By path of a route; `:id` stands for one part. */
type Handler = (parts: { id: string; query: URLSearchParams; body: Buffer; headers: IncomingHttpHeaders }) => Answer;

const POUR_CHUNK = Buffer.alloc(64 * 1024, 'x');

/**
 * The part of a NeuVector controller that answers: workloads, quarantine, packet capture, access. It runs on TLS, as the real one always
 * does, has only the routes that it knows, and a clock that the test moves.
 */
export class NeuvectorController {
  readonly apiKey = 'tocsin:a-secret-of-the-fake';
  readonly user = { username: 'tocsin', password: 'a-password-of-the-fake' };
  readonly requests: NeuvectorRequest[] = [];
  readonly workloads = new Workloads();
  readonly sessions: Sessions;
  readonly sniffers: Sniffers;
  readonly url: string;
  /** Vouches for its certificate, which is for 127.0.0.1 and localhost. */
  readonly caFile: string;
  readonly enforcer = randomBytes(32).toString('hex');
  #seconds = 1_789_376_400;
  #decide: (request: NeuvectorRequest) => NeuvectorMisbehaviour | undefined = () => undefined;
  readonly #server: Server;
  readonly #certificates: Certificates;
  readonly #routes: ReadonlyMap<string, Readonly<Record<string, Handler>>>;

  private constructor(server: Server, certificates: Certificates) {
    const now = (): number => this.#seconds;
    this.sessions = new Sessions(this.apiKey, this.user, now);
    this.sniffers = new Sniffers(this.workloads, now);
    this.#server = server;
    this.#certificates = certificates;
    this.caFile = certificates.caFile;
    this.url = `https://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { sessions, sniffers, workloads } = this;
    /** Captures need the right of policies; a list without it is empty. */
    const acting =
      (handler: Handler): Handler =>
      (parts) =>
        sessions.mayAct ? handler(parts) : refuse(403, 25);
    this.#routes = new Map<string, Record<string, Handler>>([
      ['/v1/auth', { PATCH: () => DONE, DELETE: ({ headers }) => sessions.logout(headers) }],
      ['/v2/workload', { GET: ({ query }) => workloads.list(query) }],
      ['/v2/workload/:id', { GET: ({ id }) => workloads.show(id) }],
      ['/v1/workload/:id', { PATCH: ({ id, body }) => workloads.configure(id, body, sessions.mayAct) }],
      [
        '/v1/sniffer',
        {
          GET: ({ query }) => (sessions.mayAct ? sniffers.list(query) : give({ sniffers: [] })),
          POST: acting(({ query, body }) => sniffers.start(query, body)),
        },
      ],
      ['/v1/sniffer/:id', { GET: acting(({ id }) => sniffers.show(id)), DELETE: acting(({ id }) => sniffers.remove(id)) }],
      ['/v1/sniffer/stop/:id', { PATCH: acting(({ id }) => sniffers.stop(id)) }],
      ['/v1/sniffer/:id/pcap', { GET: acting(({ id, query }) => sniffers.pcap(id, query)) }],
    ]);
    server.on('request', (request, response) => {
      // A client that goes away while it sends has not made a request.
      this.#take(request, response).catch(() => response.destroy());
    });
  }

  static async start(): Promise<NeuvectorController> {
    const certificates = await makeCertificates();
    const [cert, key] = await Promise.all([readFile(certificates.certFile), readFile(certificates.keyFile)]);
    const server = createServer({ cert, key });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new NeuvectorController(server, certificates);
  }

  addWorkload(parts: WorkloadParts): KnownWorkload {
    return this.workloads.add(parts, this.enforcer);
  }

  /** Lets time pass, for durations and idle sessions. */
  advance(seconds: number): void {
    this.#seconds += seconds;
  }

  /** Decides on each request; undefined: it is answered as it should be. */
  behave(decide: (request: NeuvectorRequest) => NeuvectorMisbehaviour | undefined): void {
    this.#decide = decide;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
    await this.#certificates.remove();
  }

  async #take(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const request = { method: incoming.method ?? '', path: incoming.url ?? '', headers: incoming.headers, body: Buffer.concat(chunks) };
    this.requests.push(request);
    const behaviour = this.#decide(request);
    if (behaviour === 'hang') return;
    if (behaviour === 'reset') {
      response.destroy();
      return;
    }
    if (behaviour === 'pour') {
      pour(response);
      return;
    }
    const { status, body, headers } = typeof behaviour === 'object' ? behaviour : this.#answer(request);
    if (behaviour === 'lose') {
      response.destroy();
      return;
    }
    response.writeHead(status, headers);
    if (behaviour !== 'cut') {
      response.end(body);
      return;
    }
    const bytes = Buffer.from(body ?? '');
    response.write(bytes.subarray(0, bytes.byteLength >> 1), () => response.destroy());
  }

  #answer({ method, path, headers, body }: NeuvectorRequest): Answer {
    const { pathname, searchParams: query } = new URL(path, this.url);
    if (pathname === '/v1/auth' && method === 'POST') return this.sessions.login(body);
    const found = this.#find(pathname);
    if (found === undefined) return refuse(404, 1);
    const handler = found.methods[method];
    if (handler === undefined) return refuse(405, 2);
    return this.sessions.check(headers) ?? handler({ id: found.id, query, body, headers });
  }

  #find(pathname: string): { id: string; methods: Readonly<Record<string, Handler>> } | undefined {
    const parts = pathname.split('/');
    for (const [route, methods] of this.#routes) {
      const wanted = route.split('/');
      if (wanted.length !== parts.length || !wanted.every((part, at) => part === ':id' || part === parts[at])) continue;
      return { id: decodeURIComponent(parts[wanted.indexOf(':id')] ?? ''), methods };
    }
    return undefined;
  }
}

function pour(response: ServerResponse): void {
  response.writeHead(200, { 'content-type': 'application/json' });
  const go = (): void => {
    while (!response.destroyed && response.write(POUR_CHUNK));
  };
  response.on('drain', go);
  go();
}
