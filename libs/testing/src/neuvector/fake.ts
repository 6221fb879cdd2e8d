import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeWorkload {
  id: string;
  namespace: string;
  pod: string;
  /** A container of a pod: cannot be quarantined by itself. */
  child?: boolean;
  hostNetwork?: boolean;
  quarantined?: boolean;
}

interface FakeSniffer {
  id: string;
  workload: string;
  status: 'running' | 'stopped' | 'failed';
  files: number;
  duration: number;
  filter: string;
  pcap: Buffer;
}

const MAX_FILES = 50;
const FILE_BYTES = 2 * 1024 * 1024;

/**
 * NeuVector's controller as far as quarantine and captures go, from its source (controller/rest at 5.6): what it refuses and how, and
 * what it does wrong, on demand. https://github.com/neuvector/neuvector
 */
export class FakeNeuVector {
  readonly url: string;
  readonly workloads = new Map<string, FakeWorkload>();
  readonly sniffers = new Map<string, FakeSniffer>();
  /** Every request, as `METHOD path`. */
  readonly requests: string[] = [];
  /** The next requests: `timeout` is answered 408, `error` 500, `lost` is done and the connection cut before the answer. */
  readonly misbehaviour: ('timeout' | 'error' | 'lost')[] = [];
  readonly #key: string;
  readonly #server: Server;

  private constructor(server: Server, key: string) {
    this.#server = server;
    this.#key = key;
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.on('request', (request, response) => void this.#take(request, response));
  }

  static async start(key = 'tocsin:secret'): Promise<FakeNeuVector> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FakeNeuVector(server, key);
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const { pathname, searchParams } = new URL(request.url ?? '', this.url);
    this.requests.push(`${request.method} ${pathname}`);
    const wrong = this.misbehaviour.shift();
    if (wrong === 'timeout') return answer(response, 408, { code: 2, error: 'Session expired' });
    if (wrong === 'error') return answer(response, 500, { code: 6, error: 'Failed to write to the cluster' });
    if (request.headers['x-auth-apikey'] !== this.#key) return answer(response, 401, { code: 1, error: 'Authentication failed' });
    const text = Buffer.concat(chunks).toString();
    const [status, body] = this.#route(request.method ?? '', pathname, searchParams, text === '' ? {} : (JSON.parse(text) as Body));
    if (wrong === 'lost') {
      response.destroy();
      return;
    }
    if (Buffer.isBuffer(body)) multipart(response, body, pathname.split('/')[3] ?? '');
    else answer(response, status, body);
  }

  #route(method: string, path: string, query: URLSearchParams, body: Body): [number, object | Buffer] {
    const [, version, resource, id = '', action] = path.split('/');
    if (version === 'v2' && resource === 'workload' && method === 'GET' && id === '')
      return [200, { workloads: [...this.workloads.values()].map(shown) }];
    if (version === 'v1' && resource === 'workload' && method === 'PATCH') return this.#quarantine(id, body);
    if (version !== 'v1' || resource !== 'sniffer') return [404, { code: 7, error: 'URL not found' }];
    if (method === 'POST' && id === '') return this.#start(query.get('f_workload'), body);
    if (method === 'GET' && id === '') {
      const of = query.get('f_workload');
      return [200, { sniffers: [...this.sniffers.values()].filter(({ workload }) => workload === of).map(sniffing) }];
    }
    const sniffer = this.sniffers.get(id === 'stop' ? (action ?? '') : id);
    if (sniffer === undefined) return [404, { code: 7, error: 'Object not found' }];
    if (method === 'PATCH' && id === 'stop') sniffer.status = 'stopped';
    else if (method === 'DELETE') this.sniffers.delete(id);
    else if (action === 'pcap') return [200, sniffer.pcap.subarray(0, Number(query.get('limit') ?? sniffer.pcap.byteLength))];
    else return [200, { sniffer: sniffing(sniffer) }];
    return [200, {}];
  }

  /** A reason that is given is ignored: it always is `user-configured`. */
  #quarantine(id: string, { config }: Body): [number, object] {
    const workload = this.workloads.get(id);
    if (workload === undefined || typeof config?.quarantine !== 'boolean') return [404, { code: 7, error: 'Object not found' }];
    if (workload.child === true) return [404, { code: 7, error: 'Only the pod container can be quarantined' }];
    if (workload.hostNetwork === true) return [400, { code: 4, error: 'Request in wrong format', message: 'Workload cannot be quarantined' }];
    workload.quarantined = config.quarantine;
    return [200, {}];
  }

  #start(id: string | null, { sniffer }: Body): [number, object] {
    const workload = id === null ? undefined : this.workloads.get(id);
    if (workload === undefined) return [404, { code: 7, error: 'Object not found' }];
    if (workload.hostNetwork === true) return [400, { code: 4, error: 'Request in wrong format', message: 'Sniffer is not supported' }];
    const { file_number: files = 5, duration = 0, filter = '' } = sniffer ?? {};
    if (files > MAX_FILES) return [400, { code: 4, error: 'Request in wrong format', message: 'File number exceeds the limit' }];
    const made = `sniffer-${this.sniffers.size + 1}`;
    this.sniffers.set(made, { id: made, workload: workload.id, status: 'running', files, duration, filter, pcap: Buffer.alloc(0) });
    return [200, { result: { id: made } }];
  }

  /** What the sniffer has written; of more than its files hold, the end. */
  captured(id: string, pcap: Buffer): void {
    const sniffer = this.sniffers.get(id);
    if (sniffer === undefined) throw new Error(`There is no sniffer "${id}".`);
    sniffer.pcap = pcap.subarray(Math.max(0, pcap.byteLength - sniffer.files * FILE_BYTES));
    sniffer.status = 'stopped';
  }
}

interface Body {
  config?: { quarantine?: boolean };
  sniffer?: { file_number?: number; duration?: number; filter?: string };
}

function shown({ id, namespace, pod, hostNetwork = false, quarantined = false, child = false }: FakeWorkload): object {
  return {
    brief: { id, domain: namespace, name: pod, display_name: pod, state: quarantined ? 'quarantined' : 'running' },
    rt_attributes: { pod_name: pod },
    security: { cap_quarantine: !hostNetwork && !child, cap_sniff: !hostNetwork },
  };
}

function sniffing({ id, workload, status, files, duration, pcap }: FakeSniffer): object {
  return {
    id,
    enforcer_id: 'e',
    container_id: workload,
    file_number: files,
    size: pcap.byteLength,
    status,
    args: '',
    start_time: duration,
    stop_time: 0,
  };
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}

function multipart(response: ServerResponse, bytes: Buffer, name: string): void {
  const boundary = 'b0undary';
  const head = `--${boundary}\r\nContent-Disposition: form-data; name="pcap"; filename="${name}.pcap"\r\nContent-Type: application/cap\r\n\r\n`;
  response.writeHead(200, { 'content-type': `multipart/form-data; boundary=${boundary}` });
  response.end(Buffer.concat([Buffer.from(head), bytes, Buffer.from(`\r\n--${boundary}--\r\n`)]));
}
