import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { makeCertificates } from '../receivers/certificates.js';
import type { KubeAdmin } from './admin.js';

/** What a container has written, and how the kubelet misbehaves when it is asked for it. */
export interface ContainerLog {
  bytes: Buffer;
  /** `cut`: the connection breaks in the middle. `error`: 500. */
  misbehaves?: 'cut' | 'error';
}

/**
 * A node whose kubelet serves logs, and sets the states of ephemeral containers when the test says so; nothing runs on it.
 * https://kubernetes.io/docs/concepts/architecture/control-plane-node-communication/#apiserver-to-kubelet
 */
export class FakeKubelet {
  readonly node: string;
  /** By `namespace/pod/container`. */
  readonly logs = new Map<string, ContainerLog>();
  readonly #admin: KubeAdmin;
  readonly #server: Server;

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
      const found = kubelet.logs.get(pathname.replace(/^\/containerLogs\//, ''));
      if (!pathname.startsWith('/containerLogs/') || found === undefined || found.misbehaves === 'error') {
        response.writeHead(found === undefined ? 404 : 500).end('no such container');
        return;
      }
      const limit = Number(searchParams.get('limitBytes') ?? found.bytes.byteLength);
      const bytes = found.bytes.subarray(0, limit);
      response.writeHead(200, { 'content-type': 'text/plain' });
      if (found.misbehaves === 'cut') response.write(bytes.subarray(0, bytes.byteLength >> 1), () => response.destroy());
      else response.end(bytes);
    });
    return kubelet;
  }

  /** The state of an ephemeral container, as a kubelet reports it. */
  async report(namespace: string, pod: string, container: string, state: Record<string, unknown>): Promise<void> {
    const status = { name: container, image: 'x', imageID: 'x', ready: false, restartCount: 0, state };
    await this.#admin.patch(`/api/v1/namespaces/${namespace}/pods/${pod}/status`, { status: { ephemeralContainerStatuses: [status] } });
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }
}
