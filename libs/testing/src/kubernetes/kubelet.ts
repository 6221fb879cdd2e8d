import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { makeCertificates } from '../receivers/certificates.js';
import type { KubeAdmin } from './admin.js';
import { reportContainer, runEphemeralContainers, type ContainerRun, type EphemeralContainer } from './ephemeral-containers.js';

/** What a container has written, and how the kubelet misbehaves when it is asked for it. */
export interface ContainerLog {
  bytes: Buffer;
  /**
   * `cut`: the connection breaks in the middle. `hang`: nothing comes after the middle. `drip`: it comes in small pieces, each some
   * milliseconds after the last. `error`: 500.
   */
  misbehaves?: 'cut' | 'hang' | 'drip' | 'error';
}

const DRIP_EVERY_MS = 10;
const DRIPS = 20;
const LOG_PATH = /^\/containerLogs\/([^/]+\/[^/]+\/[^/]+)$/;
/** Of those that the API server passes on, what is understood here: another one must not be ignored in silence. */
const LOG_OPTIONS = new Set(['limitBytes', 'tailLines', 'timestamps']);
/** Nothing here keeps the time of a line. */
const WRITTEN_AT = '2026-01-01T00:00:00.000000000Z';

/**
 * A node whose kubelet serves logs, and sets the states of ephemeral containers: when the test says so by `report`, or by itself for
 * what `runs` decides on. Nothing runs on it; attach and exec are not served.
 * https://kubernetes.io/docs/concepts/architecture/control-plane-node-communication/#apiserver-to-kubelet
 */
export class FakeKubelet {
  readonly node: string;
  /** By `namespace/pod/container`. */
  readonly logs = new Map<string, ContainerLog>();
  readonly #admin: KubeAdmin;
  readonly #server: Server;
  #running: { close(): Promise<void> } | undefined;

  private constructor(admin: KubeAdmin, node: string, server: Server) {
    this.#admin = admin;
    this.node = node;
    this.#server = server;
  }

  static async start(admin: KubeAdmin, node: string): Promise<FakeKubelet> {
    const certificates = await makeCertificates();
    const [cert, key] = await Promise.all([readFile(certificates.certFile), readFile(certificates.keyFile)]);
    await certificates.remove();
    const server = createServer({ cert, key });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    await admin.must('POST', '/api/v1/nodes', { metadata: { name: node } });
    await admin.patch(`/api/v1/nodes/${node}/status`, {
      status: {
        addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
        daemonEndpoints: { kubeletEndpoint: { Port: port } },
      },
    });
    const kubelet = new FakeKubelet(admin, node, server);
    server.on('request', (request, response) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'https://kubelet');
      const found = kubelet.logs.get(LOG_PATH.exec(pathname)?.[1] ?? '');
      const unknown = [...searchParams.keys()].filter((option) => !LOG_OPTIONS.has(option));
      if (found === undefined) response.writeHead(404).end('no such container');
      else if (unknown.length > 0) response.writeHead(400).end(`not understood: ${unknown.join(', ')}`);
      else if (found.misbehaves === 'error') response.writeHead(500).end('the log cannot be read');
      else answer(response, selected(found.bytes, searchParams), found.misbehaves);
    });
    return kubelet;
  }

  /** From now on takes up the ephemeral containers of its pods, in turn, and does with each what is decided; what is undefined waits. */
  runs(decide: (container: EphemeralContainer) => ContainerRun | undefined): void {
    if (this.#running !== undefined) throw new Error('The containers of this node are decided on already.');
    this.#running = runEphemeralContainers(this.#admin, this.node, this.logs, decide);
  }

  /** The state of an ephemeral container, as a kubelet reports it. */
  report(namespace: string, pod: string, container: string, state: Record<string, unknown>): Promise<void> {
    return reportContainer(this.#admin, namespace, pod, container, state);
  }

  /** Rejects when a container could not be taken up. */
  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
    await this.#running?.close();
  }
}

/** As the kubelet does it: the last lines first, then their times, then no more than so many bytes. */
function selected(bytes: Buffer, options: URLSearchParams): Buffer {
  const tail = options.get('tailLines');
  let left = tail === null ? bytes : lastLines(bytes, Number(tail));
  if (options.get('timestamps') === 'true') left = timed(left);
  return left.subarray(0, Number(options.get('limitBytes') ?? left.byteLength));
}

const NEWLINE = 10;

function lastLines(bytes: Buffer, count: number): Buffer {
  let start = bytes.byteLength;
  // The newline at the end closes the last line, and opens none.
  let end = bytes.at(-1) === NEWLINE ? bytes.byteLength - 1 : bytes.byteLength;
  for (let lines = 0; lines < count && start > 0; lines += 1) {
    start = bytes.subarray(0, end).lastIndexOf(NEWLINE) + 1;
    end = start - 1;
  }
  return bytes.subarray(start);
}

function timed(bytes: Buffer): Buffer {
  const pieces: Buffer[] = [];
  for (let start = 0; start < bytes.byteLength;) {
    const newline = bytes.indexOf(NEWLINE, start);
    const end = newline < 0 ? bytes.byteLength : newline + 1;
    pieces.push(Buffer.from(`${WRITTEN_AT} `), bytes.subarray(start, end));
    start = end;
  }
  return Buffer.concat(pieces);
}

function answer(response: ServerResponse, bytes: Buffer, misbehaves: ContainerLog['misbehaves']): void {
  response.writeHead(200, { 'content-type': 'text/plain' });
  const half = bytes.subarray(0, bytes.byteLength >> 1);
  if (misbehaves === 'cut') response.write(half, () => response.destroy());
  else if (misbehaves === 'hang') response.write(half);
  else if (misbehaves === 'drip') drip(response, bytes);
  else response.end(bytes);
}

function drip(response: ServerResponse, bytes: Buffer): void {
  const size = Math.ceil(bytes.byteLength / DRIPS);
  let sent = 0;
  const timer = setInterval(() => {
    response.write(bytes.subarray(sent, sent + size));
    sent += size;
    if (sent < bytes.byteLength) return;
    clearInterval(timer);
    response.end();
  }, DRIP_EVERY_MS);
  response.on('close', () => clearInterval(timer));
}
