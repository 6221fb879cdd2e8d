import { randomUUID } from 'node:crypto';
import { request as httpsRequest } from 'node:https';
import { ADMIN_TOKEN } from './api-server.js';
import { signClient, type ClientAuthority } from './client-certificates.js';

/** An object of the API, as far as tests look into one. */
export interface KubeBody {
  metadata: {
    name: string;
    namespace?: string;
    uid: string;
    resourceVersion: string;
    generation?: number;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
  };
  spec: { replicas?: number; unschedulable?: boolean; [key: string]: unknown };
  status: { token?: string; [key: string]: unknown };
  items: KubeBody[];
  message?: string;
}

export interface KubeAnswer {
  status: number;
  body: KubeBody;
}

/** Whoever may do everything in the cluster of the tests; by plain HTTPS, so that it shares nothing with what is tested. */
export class KubeAdmin {
  readonly url: string;
  /** PEM of the certificate that the server shows. */
  readonly ca: string;
  readonly #clients: ClientAuthority | undefined;

  /** Without the authority of clients there are tokens only. */
  constructor(url: string, ca: string, clients?: ClientAuthority) {
    this.url = url;
    this.ca = ca;
    this.#clients = clients;
  }

  async ready(): Promise<boolean> {
    const [ready, created] = await Promise.all(
      ['/readyz', '/api/v1/namespaces/default'].map((path) => this.send('GET', path).catch(() => undefined)),
    );
    return ready?.status === 200 && created?.status === 200;
  }

  /** Answers of any status; rejects when there is none. */
  send(method: string, path: string, body?: unknown, contentType = 'application/json', token = ADMIN_TOKEN): Promise<KubeAnswer> {
    const { promise, resolve, reject } = Promise.withResolvers<KubeAnswer>();
    const headers = { authorization: `Bearer ${token}`, accept: 'application/json', ...(body !== undefined && { 'content-type': contentType }) };
    const request = httpsRequest(`${this.url}${path}`, { method, headers, ca: this.ca, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        const parsed: unknown = text.startsWith('{') ? JSON.parse(text) : {};
        resolve({ status: response.statusCode ?? 0, body: parsed as KubeBody });
      });
      response.on('error', reject);
    });
    request.on('error', reject);
    request.end(body === undefined ? undefined : JSON.stringify(body));
    return promise;
  }

  /** The same, for what must succeed. */
  async must(method: string, path: string, body?: unknown, contentType?: string): Promise<KubeBody> {
    const answer = await this.send(method, path, body, contentType);
    if (answer.status >= 200 && answer.status < 300) return answer.body;
    throw new Error(`${method} ${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`);
  }

  get(path: string): Promise<KubeBody> {
    return this.must('GET', path);
  }

  patch(path: string, body: unknown): Promise<KubeBody> {
    return this.must('PATCH', path, body, 'application/merge-patch+json');
  }

  /** A namespace that no other test uses. */
  async namespace(labels: Record<string, string> = {}): Promise<string> {
    const name = `t-${randomUUID().slice(0, 8)}`;
    await this.must('POST', '/api/v1/namespaces', { metadata: { name, labels } });
    return name;
  }

  /** A kubeconfig for a new ServiceAccount, which may do nothing until it is bound to a role. */
  async serviceAccount(namespace: string, name: string): Promise<{ user: string; token: string; kubeconfig: string }> {
    const path = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    await this.send('POST', path, { metadata: { name } });
    const { status } = await this.must('POST', `${path}/${name}/token`, {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      spec: { expirationSeconds: 3_600 },
    });
    const { token = '' } = status;
    return { user: `system:serviceaccount:${namespace}:${name}`, token, kubeconfig: this.kubeconfig(token) };
  }

  /** A kubeconfig for a user in groups, by a client certificate; the user may do nothing until it or a group is bound to a role. */
  async kubeconfigFor(user: string, groups: readonly string[] = []): Promise<string> {
    if (this.#clients === undefined) throw new Error(`${this.url} takes no client certificates: use a token.`);
    const { cert, key } = await signClient(this.#clients, user, groups);
    return this.#kubeconfig({ 'client-certificate-data': base64(cert), 'client-key-data': base64(key) });
  }

  kubeconfig(token: string = ADMIN_TOKEN): string {
    return this.#kubeconfig({ token });
  }

  #kubeconfig(user: Record<string, string>): string {
    return JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster: { server: this.url, 'certificate-authority-data': base64(this.ca) } }],
      users: [{ name: 'test', user }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
      'current-context': 'test',
    });
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
