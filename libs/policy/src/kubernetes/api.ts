import { IsomorphicFetchHttpLibrary, KubeConfig, RequestContext, type HttpMethod } from '@kubernetes/client-node';
import { ConfigErrors } from '@tocsin/extension';
import { POLICY_RESOURCES, type PolicyKind } from '../kinds/resources.js';
import { API_VERSION } from '../policies.js';
import type { PolicyObject, PolicyStatus } from './policy-object.js';

/** https://kubernetes.io/docs/reference/using-api/api-concepts/#efficient-detection-of-changes */
export type WatchEvent =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: PolicyObject }
  | { type: 'BOOKMARK'; object: { metadata: { resourceVersion: string } } }
  | { type: 'ERROR'; object: { code?: number; message?: string } };

const ANSWER_TIMEOUT_MS = 30_000;
/** The server ends a watch after this many seconds, so that a connection that died unseen is missed no longer. */
const WATCH_SECONDS = 60;
const WATCH_TIMEOUT_MS = (WATCH_SECONDS + 15) * 1_000;
/** Far above any object: etcd takes 1.5 MB. */
const LINE_MAX = 16 * 1024 * 1024;

/** An answer that is not a success. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface ClusterAccess {
  /** A kubeconfig; undefined: the pod's service account. */
  kubeconfig: string | undefined;
  /** Undefined: that of the service account or of the kubeconfig's context. */
  namespace: string | undefined;
}

/** Policy objects in the API of a cluster: those of one namespace, or of all. */
export class PolicyApi {
  /** Tocsin's own. */
  readonly namespace: string;
  readonly #config: KubeConfig;
  readonly #everywhere: boolean;
  readonly #http = new IsomorphicFetchHttpLibrary();

  private constructor(config: KubeConfig, namespace: string, everywhere: boolean) {
    this.#config = config;
    this.namespace = namespace;
    this.#everywhere = everywhere;
  }

  /** Reads files and connects to nothing. Throws `ConfigErrors`. */
  static open({ kubeconfig, namespace }: ClusterAccess, everywhere: boolean): PolicyApi {
    const config = new KubeConfig();
    const mistake = (key: string, message: string): never => {
      throw new ConfigErrors([{ file: 'tocsin.yaml', path: `policies.${key}`, message }]);
    };
    if (kubeconfig === undefined && process.env['KUBERNETES_SERVICE_HOST'] === undefined) {
      return mistake('source', 'is "kubernetes", but this is no pod of a cluster; name a kubeconfig in policies.kubeconfig');
    }
    try {
      if (kubeconfig === undefined) config.loadFromCluster();
      else config.loadFromFile(kubeconfig);
    } catch (cause) {
      return mistake('kubeconfig', `cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`);
    }
    if (config.getCurrentCluster() === null) return mistake('kubeconfig', 'has no current context; choose one by "kubectl config use-context"');
    const own = namespace ?? config.getContextObject(config.getCurrentContext())?.namespace;
    return new PolicyApi(
      config,
      own ?? mistake('namespace', "is missing, and the kubeconfig names none; say which namespace is Tocsin's own"),
      everywhere,
    );
  }

  async list(kind: PolicyKind, signal: AbortSignal): Promise<{ items: PolicyObject[]; resourceVersion: string }> {
    const chunks: Buffer[] = [];
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
    for await (const chunk of await this.#send('GET', this.#path(kind), {}, bounded)) chunks.push(Buffer.from(chunk));
    const { items, metadata } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as {
      items: Omit<PolicyObject, 'kind'>[];
      metadata: { resourceVersion: string };
    };
    return { items: items.map((item) => ({ ...item, kind })), resourceVersion: metadata.resourceVersion };
  }

  /** What changed since that version, until the server ends it. */
  async *watch(kind: PolicyKind, resourceVersion: string, signal: AbortSignal): AsyncGenerator<WatchEvent> {
    const query = { watch: 'true', allowWatchBookmarks: 'true', resourceVersion, timeoutSeconds: String(WATCH_SECONDS) };
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(WATCH_TIMEOUT_MS)]);
    const decoder = new TextDecoder();
    let rest = '';
    for await (const chunk of await this.#send('GET', this.#path(kind), query, bounded)) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > LINE_MAX) throw new Error(`An object of the kind ${kind} is longer than ${LINE_MAX} characters.`);
      for (const line of lines) yield JSON.parse(line) as WatchEvent;
    }
  }

  /** Throws an `ApiError` with the status 409 when the object is not as it was seen any more. */
  async replaceStatus(object: PolicyObject, status: PolicyStatus, signal: AbortSignal): Promise<void> {
    const { kind, metadata } = object;
    const path = `/apis/${API_VERSION}/namespaces/${encodeURIComponent(metadata.namespace)}/${POLICY_RESOURCES[kind]}/${encodeURIComponent(metadata.name)}/status`;
    const body = { apiVersion: API_VERSION, kind, metadata, spec: object.spec, status };
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]);
    const answer = await this.#send('PUT', path, { fieldManager: 'tocsin' }, bounded, body);
    await answer.cancel();
  }

  #path(kind: PolicyKind): string {
    const within = this.#everywhere ? '' : `/namespaces/${encodeURIComponent(this.namespace)}`;
    return `/apis/${API_VERSION}${within}/${POLICY_RESOURCES[kind]}`;
  }

  async #send(
    method: HttpMethod,
    path: string,
    query: Record<string, string>,
    signal: AbortSignal,
    body?: unknown,
  ): Promise<ReadableStream<Uint8Array>> {
    const server = this.#config.getCurrentCluster()?.server.replace(/\/+$/, '') ?? '';
    const request = new RequestContext(`${server}${path}`, method);
    for (const [key, value] of Object.entries(query)) request.setQueryParam(key, value);
    request.setHeaderParam('accept', 'application/json');
    if (body !== undefined) {
      request.setHeaderParam('content-type', 'application/json');
      request.setBody(JSON.stringify(body));
    }
    request.setSignal(signal);
    await this.#config.applySecurityAuthentication(request);
    const { httpStatusCode: status, body: answer } = await this.#http.send(request).toPromise();
    if (status >= 200 && status < 300) return answer.stream() ?? new ReadableStream({ start: (controller) => controller.close() });
    const text = await answer.text();
    throw new ApiError(status, `${method} ${path} was answered ${status}: ${messageOf(text)}${REMEDY[`${method} ${status}`] ?? ''}`);
  }
}

/** What is wrong most often where an installation is new, and what helps. */
const REMEDY: Readonly<Record<string, string>> = {
  'GET 403': '; the service account needs list and watch on it, as the chart grants with policyObjects.enabled',
  'GET 404': '; install the definitions of deploy/crds',
  'PUT 403': '; the service account needs update on it, as the chart grants with policyObjects.enabled',
};

function messageOf(text: string): string {
  try {
    return (JSON.parse(text) as { message?: string }).message ?? '';
  } catch {
    return text.slice(0, 200);
  }
}
