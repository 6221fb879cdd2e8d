import type { ActionTarget } from '@tocsin/domain';
import type { TargetFacts, Targets } from '../action.js';
import type { Cluster, KubeObject } from './cluster.js';
import type { Clusters } from './clusters.js';
import { failureOf } from './kubernetes-error.js';
import { nameOf, namespacePath, nodePath, podPath } from './paths.js';
import type { Pod } from './pod.js';
import { findWorkload, topOwner, type Workload } from './workloads.js';

/** Reads what actions are done to. Nothing is assumed: what cannot be read is refused, or tried again. */
export function kubernetesTargets(clusters: Clusters): Targets {
  return {
    knows: (cluster) => clusters.has(cluster),
    async read(name, target, signal) {
      const cluster = clusters.get(name);
      try {
        return await factsOf(cluster, target, signal);
      } catch (error) {
        throw failureOf(error);
      }
    },
  };
}

async function factsOf(cluster: Cluster, target: ActionTarget, signal: AbortSignal): Promise<TargetFacts> {
  switch (target.type) {
    case 'pod':
      return podFacts(cluster, target, signal);
    case 'workload':
      return workloadFacts(cluster, target, signal);
    case 'node': {
      const { name } = nameOf(target);
      const { metadata } = await cluster.get<KubeObject>({ path: nodePath(name), signal });
      return { ...PLAIN, scope: { cluster: cluster.name, node: name }, labels: metadata.labels ?? {} };
    }
    default:
      return { ...PLAIN, scope: { cluster: cluster.name } };
  }
}

const PLAIN = { labels: {}, namespaceLabels: {}, hostNetwork: false, staticPod: false };

async function podFacts(cluster: Cluster, target: ActionTarget, signal: AbortSignal): Promise<TargetFacts> {
  const { namespace, name } = nameOf(target);
  const pod = await cluster.get<Pod>({ path: podPath(namespace, name), signal });
  const { metadata, spec } = pod;
  const workload = await topOwner(cluster, pod, signal);
  const ready = await readyPods(cluster, pod, signal);
  return {
    scope: {
      cluster: cluster.name,
      namespace,
      pod: { name, uid: metadata.uid },
      ...(spec.nodeName !== undefined && { node: spec.nodeName }),
      ...(workload !== undefined && { workload }),
    },
    labels: metadata.labels ?? {},
    namespaceLabels: await namespaceLabels(cluster, namespace, signal),
    hostNetwork: spec.hostNetwork === true,
    // https://kubernetes.io/docs/reference/labels-annotations-taints/#kubernetes-io-config-mirror
    staticPod: metadata.annotations?.['kubernetes.io/config.mirror'] !== undefined,
    ready: { pod: isReady(pod), workload: ready },
  };
}

/** Ready pods with the same controller, this one included. */
async function readyPods(cluster: Cluster, pod: Pod, signal: AbortSignal): Promise<number> {
  const controller = pod.metadata.ownerReferences?.find((owner) => owner.controller === true);
  if (controller === undefined) return isReady(pod) ? 1 : 0;
  const path = podPath(pod.metadata.namespace ?? '', '').slice(0, -1);
  const { items } = await cluster.get<{ items: Pod[] }>({ path, signal });
  return items.filter((one) => isReady(one) && one.metadata.ownerReferences?.some(({ uid }) => uid === controller.uid)).length;
}

function isReady({ metadata, status }: Pod): boolean {
  return metadata.deletionTimestamp === undefined && status?.conditions?.some(({ type, status: is }) => type === 'Ready' && is === 'True') === true;
}

async function workloadFacts(cluster: Cluster, target: ActionTarget, signal: AbortSignal): Promise<TargetFacts> {
  const { namespace, name } = nameOf(target);
  const found: Workload = await findWorkload(cluster, namespace, name, signal);
  const { kind, metadata, replicas, ready } = found;
  return {
    ...PLAIN,
    scope: { cluster: cluster.name, namespace, workload: { kind, name, uid: metadata.uid, replicas } },
    labels: metadata.labels ?? {},
    namespaceLabels: await namespaceLabels(cluster, namespace, signal),
    // All of its pods go: the last ready one among them.
    ready: { pod: ready > 0, workload: Math.min(ready, 1) },
  };
}

/**
 * Protection may stand in the labels of the namespace, so they must be known: without the right to read it, an action is refused.
 */
async function namespaceLabels(cluster: Cluster, namespace: string, signal: AbortSignal): Promise<Record<string, string>> {
  const { metadata } = await cluster.get<KubeObject>({ path: namespacePath(namespace), signal });
  return metadata.labels ?? {};
}
