import { IsomorphicFetchHttpLibrary, RequestContext, type HttpMethod, type KubeConfig } from '@kubernetes/client-node';
import { KubernetesError } from './kubernetes-error.js';

/** What we are called as the owner of fields; https://kubernetes.io/docs/reference/using-api/server-side-apply/ */
export const FIELD_MANAGER = 'tocsin-responder';

export const PATCH = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  apply: 'application/apply-patch+yaml',
} as const;

export interface ApiRequest {
  /** Parts of the path, each encoded, so that no name can leave its place in it. */
  path: readonly string[];
  query?: Record<string, string>;
  signal: AbortSignal;
}

/** Any Kubernetes object, as far as all have it. */
export interface KubeObject {
  apiVersion?: string;
  kind?: string;
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    resourceVersion: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    ownerReferences?: { apiVersion: string; kind: string; name: string; uid: string; controller?: boolean }[];
    deletionTimestamp?: string;
  };
}

/** Longest answer that is read; a list of pods of a large namespace has some MB. */
const ANSWER_MAX_BYTES = 64 * 1024 * 1024;

/** One cluster's API, with the credentials of a kubeconfig. Everything throws `KubernetesError`. */
export class Cluster {
  readonly name: string;
  readonly #config: KubeConfig;
  readonly #http = new IsomorphicFetchHttpLibrary();

  constructor(name: string, config: KubeConfig) {
    this.name = name;
    this.#config = config;
  }

  async get<T>(request: ApiRequest): Promise<T> {
    return JSON.parse((await this.#send('GET', request)).toString('utf8')) as T;
  }

  /** Bytes as they come, such as a log; at most `maxBytes`. */
  bytes(request: ApiRequest, maxBytes: number): Promise<Buffer> {
    return this.#send('GET', request, undefined, undefined, maxBytes);
  }

  async patch<T>(request: ApiRequest, type: keyof typeof PATCH, body: unknown): Promise<T> {
    const query = { fieldManager: FIELD_MANAGER, ...request.query };
    return JSON.parse((await this.#send('PATCH', { ...request, query }, body, PATCH[type])).toString('utf8')) as T;
  }

  async post<T>(request: ApiRequest, body: unknown): Promise<T> {
    const query = { fieldManager: FIELD_MANAGER, ...request.query };
    return JSON.parse((await this.#send('POST', { ...request, query }, body, 'application/json')).toString('utf8')) as T;
  }

  /** Server-side apply: makes our fields so, whoever had them. Lists that are to be empty MUST be written out. */
  apply<T>(request: ApiRequest, object: unknown): Promise<T> {
    return this.patch(request, 'apply', object).then((applied) => applied as T);
  }

  async #send(
    method: HttpMethod,
    { path, query = {}, signal }: ApiRequest,
    body?: unknown,
    type?: string,
    maxBytes = ANSWER_MAX_BYTES,
  ): Promise<Buffer> {
    const server = this.#config.getCurrentCluster()?.server.replace(/\/+$/, '') ?? '';
    const request = new RequestContext(`${server}/${path.map(encodeURIComponent).join('/')}`, method);
    for (const [key, value] of Object.entries(query)) request.setQueryParam(key, value);
    request.setHeaderParam('accept', 'application/json, */*');
    if (type !== undefined) {
      request.setHeaderParam('content-type', type);
      request.setBody(JSON.stringify(body));
    }
    request.setSignal(signal);
    if (method === 'PATCH' && type === PATCH.apply) request.setQueryParam('force', 'true');
    let status: number;
    let headers: Record<string, string>;
    let answer: Buffer;
    try {
      await this.#config.applySecurityAuthentication(request);
      const response = await this.#http.send(request).toPromise();
      ({ httpStatusCode: status, headers } = response);
      answer = await read(response.body.stream(), maxBytes);
    } catch (cause) {
      throw KubernetesError.unreachable(this.name, cause);
    }
    if (status >= 200 && status < 300) return answer;
    throw KubernetesError.answered(status, headers, answer);
  }
}

async function read(stream: ReadableStream<Uint8Array> | null, maxBytes: number): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let left = maxBytes;
  if (stream === null) return Buffer.alloc(0);
  for await (const chunk of stream) {
    if (chunk.byteLength > left) throw new Error(`The answer is longer than ${maxBytes} bytes.`);
    left -= chunk.byteLength;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
