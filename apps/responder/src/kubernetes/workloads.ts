import type { ActionScope } from '@tocsin/domain';
import { Refused } from '../failure.js';
import type { Cluster, KubeObject } from './cluster.js';
import { KubernetesError } from './kubernetes-error.js';
import { workloadsPath } from './paths.js';

/** Controllers that own pods, as the API names them; `scales`: has a `scale` subresource. */
const KINDS = {
  Deployment: { group: 'apps', version: 'v1', resource: 'deployments', scales: true },
  StatefulSet: { group: 'apps', version: 'v1', resource: 'statefulsets', scales: true },
  DaemonSet: { group: 'apps', version: 'v1', resource: 'daemonsets', scales: false },
  ReplicaSet: { group: 'apps', version: 'v1', resource: 'replicasets', scales: true },
  Job: { group: 'batch', version: 'v1', resource: 'jobs', scales: false },
} as const;

export type WorkloadKind = keyof typeof KINDS;

interface Controller extends KubeObject {
  spec?: { replicas?: number; parallelism?: number };
  status?: { readyReplicas?: number; desiredNumberScheduled?: number; numberReady?: number };
}

export interface Workload extends Controller {
  kind: WorkloadKind;
  replicas: number;
  ready: number;
}

export function isWorkloadKind(kind: string): kind is WorkloadKind {
  return Object.hasOwn(KINDS, kind);
}

export function workloadPath(kind: WorkloadKind, namespace: string, name: string): string[] {
  const { group, version, resource } = KINDS[kind];
  return [...workloadsPath(group, version, namespace, resource), name];
}

export function canScale(kind: WorkloadKind): boolean {
  return KINDS[kind].scales;
}

export async function readWorkload(cluster: Cluster, kind: WorkloadKind, namespace: string, name: string, signal: AbortSignal): Promise<Workload> {
  const found = await cluster.get<Controller>({ path: workloadPath(kind, namespace, name), signal });
  const { spec = {}, status = {} } = found;
  const replicas = kind === 'DaemonSet' ? (status.desiredNumberScheduled ?? 0) : (spec.replicas ?? spec.parallelism ?? 1);
  return { ...found, kind, replicas, ready: status.readyReplicas ?? status.numberReady ?? 0 };
}

/** The controller at the top of what owns the object: of a pod of a Deployment the Deployment. Undefined when nothing owns it. */
export async function topOwner(cluster: Cluster, object: KubeObject, signal: AbortSignal): Promise<ActionScope['workload']> {
  let top: NonNullable<ActionScope['workload']> | undefined;
  let owner = object.metadata.ownerReferences?.find(({ controller }) => controller === true);
  const namespace = object.metadata.namespace ?? '';
  while (owner !== undefined) {
    const { kind, name, uid } = owner;
    if (!isWorkloadKind(kind)) return top ?? { kind, name, uid, replicas: 1 };
    const workload = await readWorkload(cluster, kind, namespace, name, signal).catch((error: unknown) => {
      // The owner is gone and its pods go with it; what is known of it is its name.
      if (error instanceof KubernetesError && error.status === 404) return undefined;
      throw error;
    });
    if (workload === undefined) return top ?? { kind, name, uid, replicas: 1 };
    top = { kind, name, uid, replicas: workload.replicas };
    owner = workload.metadata.ownerReferences?.find(({ controller }) => controller === true);
  }
  return top;
}

/** Violations name a workload without its kind, so the kinds are tried in turn. */
export async function findWorkload(cluster: Cluster, namespace: string, name: string, signal: AbortSignal): Promise<Workload> {
  for (const kind of Object.keys(KINDS) as WorkloadKind[]) {
    try {
      return await readWorkload(cluster, kind, namespace, name, signal);
    } catch (error) {
      if (!(error instanceof KubernetesError && error.status === 404)) throw error;
    }
  }
  throw new Refused('target_gone', `There is no workload "${namespace}/${name}".`);
}
