import type { Refusal } from '@tocsin/domain';
import type { ActionDefinition, TargetFacts } from '../action.js';

/** What no policy and no approval touches. */
export interface Protection {
  namespaces: readonly string[];
  /** A target, or its namespace, that carries one of these labels, whatever its value. */
  labels: readonly string[];
  /** Pods on their node's own network: policies do not reach them, and the node may depend on them. */
  hostNetwork: boolean;
  /** The last ready pod of a workload. */
  lastReadyReplica: boolean;
}

/** Always protected: what the cluster itself runs on. */
export const SYSTEM_NAMESPACES = ['kube-system', 'kube-public', 'kube-node-lease'] as const;

/** Why the target is protected from the action; undefined: it is not. */
export function protectedBy(
  facts: TargetFacts,
  impact: ActionDefinition['impact'],
  protection: Protection,
): { by: Refusal; message: string } | undefined {
  if (impact === 'none') return undefined;
  const { scope, labels, namespaceLabels, hostNetwork, staticPod, ready } = facts;
  const { namespace } = scope;
  if (namespace !== undefined && [...SYSTEM_NAMESPACES, ...protection.namespaces].includes(namespace)) {
    return { by: 'protected_namespace', message: `The namespace "${namespace}" is protected.` };
  }
  const label = protection.labels.find((one) => Object.hasOwn(labels, one) || Object.hasOwn(namespaceLabels, one));
  if (label !== undefined) {
    const whose = Object.hasOwn(labels, label) ? 'The target' : `The namespace "${namespace ?? ''}"`;
    return { by: 'protected_label', message: `${whose} carries the label "${label}", which protects it.` };
  }
  if (staticPod) return { by: 'static_pod', message: 'It is a static pod; only its node can change it.' };
  if (impact !== 'disrupts') return undefined;
  if (hostNetwork && protection.hostNetwork) {
    return { by: 'host_network', message: 'The pod is on its node’s own network; it is protected, and network policies would not hold it.' };
  }
  if (protection.lastReadyReplica && ready?.pod === true && ready.workload <= 1 && scope.workload !== undefined) {
    const { kind, name } = scope.workload;
    return { by: 'last_ready_replica', message: `It is the last ready pod of ${kind} "${name}".` };
  }
  return undefined;
}
