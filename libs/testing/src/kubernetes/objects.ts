import type { KubeAdmin, KubeBody } from './admin.js';

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

/** The API of another project, as far as objects can be stored in it: any content, cluster-wide. */
export function makeCrd(admin: KubeAdmin, group: string, version: string, plural: string, kind: string): Promise<KubeBody> {
  const schema = { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } };
  return admin.must('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
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
}
