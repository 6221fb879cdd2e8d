import { setTimeout as delay } from 'node:timers/promises';
import type { KubeAdmin, KubeBody } from './admin.js';

const SERVED_POLL_MS = 20;

export interface PodOptions {
  labels?: Record<string, string>;
  annotations?: Record<string, string>;
  hostNetwork?: boolean;
  nodeName?: string;
  ready?: boolean;
  ports?: { name?: string; containerPort: number; protocol?: string }[];
  owner?: { apiVersion: string; kind: string; name: string; uid: string };
}

/** A pod as its controller and its kubelet would have made it. */
export async function makePod(admin: KubeAdmin, namespace: string, name: string, options: PodOptions = {}): Promise<KubeBody> {
  const { labels = { app: 'web' }, annotations, hostNetwork = false, nodeName, ready = true, ports, owner } = options;
  const path = `/api/v1/namespaces/${namespace}/pods`;
  const pod = await admin.must('POST', path, {
    metadata: {
      name,
      labels,
      ...(annotations !== undefined && { annotations }),
      ...(owner !== undefined && { ownerReferences: [{ ...owner, controller: true, blockOwnerDeletion: false }] }),
    },
    spec: {
      containers: [{ name: 'main', image: 'example.com/web:1', ...(ports !== undefined && { ports }) }],
      ...(hostNetwork && { hostNetwork }),
      ...(nodeName !== undefined && { nodeName }),
    },
  });
  await setReady(admin, namespace, name, ready);
  return pod;
}

export function setReady(admin: KubeAdmin, namespace: string, name: string, ready: boolean): Promise<KubeBody> {
  const status = { phase: 'Running', conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] };
  return admin.patch(`/api/v1/namespaces/${namespace}/pods/${name}/status`, { status });
}

/** A Deployment with its ReplicaSet and pods `<name>-0`, `<name>-1` and so on, as the controllers would have made them. */
export async function makeDeployment(
  admin: KubeAdmin,
  namespace: string,
  name: string,
  replicas: number,
  labels: Record<string, string> = { app: name },
): Promise<void> {
  const template = { metadata: { labels }, spec: { containers: [{ name: 'main', image: 'example.com/web:1' }] } };
  const spec = { replicas, selector: { matchLabels: labels }, template };
  const path = `/apis/apps/v1/namespaces/${namespace}`;
  const deployment = await admin.must('POST', `${path}/deployments`, { metadata: { name }, spec });
  await admin.patch(`${path}/deployments/${name}/status`, { status: { replicas, readyReplicas: replicas } });
  const hash = 'abc12';
  const withHash = { ...labels, 'pod-template-hash': hash };
  const owner = { apiVersion: 'apps/v1', kind: 'Deployment', name, uid: deployment.metadata.uid };
  const set = await admin.must('POST', `${path}/replicasets`, {
    metadata: { name: `${name}-${hash}`, ownerReferences: [{ ...owner, controller: true }] },
    spec: { replicas, selector: { matchLabels: withHash }, template: { ...template, metadata: { labels: withHash } } },
  });
  const replicaSet = { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: set.metadata.name, uid: set.metadata.uid };
  for (let index = 0; index < replicas; index += 1) await makePod(admin, namespace, `${name}-${index}`, { labels: withHash, owner: replicaSet });
}

export function makeNode(admin: KubeAdmin, name: string): Promise<KubeBody> {
  return admin.must('POST', '/api/v1/nodes', { metadata: { name } });
}

/** What the controller of disruptions would have found: how many more pods of the budget may go. */
export async function setDisruptionsAllowed(admin: KubeAdmin, namespace: string, budget: string, disruptionsAllowed: number): Promise<KubeBody> {
  const path = `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets/${budget}`;
  const { generation } = (await admin.get(path)).metadata;
  const status = { disruptionsAllowed, observedGeneration: generation, currentHealthy: disruptionsAllowed, desiredHealthy: 0, expectedPods: 0 };
  return admin.patch(`${path}/status`, { status });
}

/**
 * The API of another project, as far as objects can be stored in it: any content, cluster-wide. Served when it resolves. Everybody on
 * the server sees it, so that tests of what a cluster has want a server of their own.
 */
export async function makeCrd(admin: KubeAdmin, group: string, version: string, plural: string, kind: string): Promise<void> {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  const made = await admin.send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    metadata: {
      name: `${plural}.${group}`,
      // Groups of Kubernetes itself are only taken with this.
      annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes/kubernetes/pull/1' },
    },
    spec: {
      group,
      scope: 'Cluster',
      names: { plural, kind, singular: kind.toLowerCase() },
      versions: [{ name: version, served: true, storage: true, schema }],
    },
  });
  if (made.status !== 201 && made.status !== 409) throw new Error(`The API ${group}/${version} was refused: ${JSON.stringify(made.body)}`);
  while (!(await served(admin, group, version, plural))) await delay(SERVED_POLL_MS);
}

async function served(admin: KubeAdmin, group: string, version: string, plural: string): Promise<boolean> {
  const [{ body }, { status }] = await Promise.all([admin.send('GET', '/apis'), admin.send('GET', `/apis/${group}/${version}/${plural}`)]);
  const { groups = [] } = body as { groups?: { name: string; versions: { version: string }[] }[] };
  return status === 200 && groups.some((one) => one.name === group && one.versions.some((found) => found.version === version));
}
