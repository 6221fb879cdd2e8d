import { acceptedFirst, type ClusterNetworkPolicy } from './cluster-policy.js';
import { notesOf, type Note } from './notes.js';
import type { HeldPod, NetworkPolicy } from './policy.js';
import { residualAllows, type Residual } from './residual.js';

/**
 * How a pod is cut off. `portable`: by NetworkPolicy, which can only allow. `cnp`: by ClusterNetworkPolicy, whose deny ends evaluation
 * but which cannot deny what comes from outside the cluster. `cilium`, `calico`: by a deny that NetworkPolicies do not outweigh.
 * `neuvector`: in the pod's own network namespace, where no policy of Kubernetes has a say.
 */
export type Strategy = 'portable' | 'cnp' | 'cilium' | 'calico' | 'neuvector';

/** What a quarantine comes to, for people to read before they press the button. */
export interface Analysis {
  /** `full`: no policy lets anything through. `none`: nothing that comes or goes is held. */
  contained: 'full' | 'partial' | 'none';
  residual: Residual[];
  notes: Note[];
}

/** The priority of our ClusterNetworkPolicy, which is the highest. */
const OURS = 0;

/** `policies`: all NetworkPolicies of the pod's namespace; `clusterPolicies`: those of the cluster, ours not among them. */
export function analyse(
  pod: HeldPod,
  strategy: Strategy,
  policies: readonly NetworkPolicy[],
  clusterPolicies: readonly ClusterNetworkPolicy[] = [],
): Analysis {
  // Policies do not apply to pods on their node's own network, and NeuVector does not intercept them.
  // https://kubernetes.io/docs/concepts/services-networking/network-policies/#network-policies-and-hostnetwork-pods
  if (pod.hostNetwork) return { contained: 'none', residual: [], notes: notesOf(pod, strategy, []) };
  const residual = residualBy(strategy, pod, policies, clusterPolicies);
  return { contained: verdict(residual), residual, notes: notesOf(pod, strategy, residual) };
}

/** The cases: one branch, one way of cutting off. */
function residualBy(
  strategy: Strategy,
  pod: HeldPod,
  policies: readonly NetworkPolicy[],
  clusterPolicies: readonly ClusterNetworkPolicy[],
): Residual[] {
  switch (strategy) {
    case 'portable':
      return [...residualAllows(pod, policies), ...acceptedFirst(pod, clusterPolicies)];
    case 'cnp':
      // NetworkPolicy stands beside it, and alone against what comes from outside.
      return [...residualAllows(pod, policies).filter(comesFromOutside), ...acceptedFirst(pod, clusterPolicies, OURS)];
    case 'calico':
      // ClusterNetworkPolicies are tiers of Calico before the one that ours is in.
      return acceptedFirst(pod, clusterPolicies);
    case 'cilium':
    case 'neuvector':
      return [];
  }
}

/** What ClusterNetworkPolicy cannot deny: its peers for ingress are pods. */
export function comesFromOutside({ direction, who }: Residual): boolean {
  return direction === 'ingress' && who !== 'pods';
}

export function verdict(residual: readonly Residual[]): Analysis['contained'] {
  if (residual.length === 0) return 'full';
  const open = new Set(residual.filter(({ who, allPorts }) => who === 'everybody' && allPorts).map(({ direction }) => direction));
  return open.size === 2 ? 'none' : 'partial';
}
