import type { HeldPod, NetworkPolicy } from './policy.js';
import { residualAllows, type Residual } from './residual.js';

/** How a pod is cut off: `allows_only` by NetworkPolicy, `denies` by a policy that no allow outweighs, `denies_inside` by one that cannot deny what comes from outside the cluster. */
export type Reach = 'allows_only' | 'denies' | 'denies_inside';

export interface Containment {
  contained: 'full' | 'partial' | 'none';
  residual: Residual[];
  /** What no policy can hold, for people. */
  notes: string[];
}

const OWN_NODE = 'Traffic with the node that the pod runs on cannot be blocked by policies; its kubelet’s probes go on passing.';

/** How far a pod is cut off once it is held, by the policies of its namespace. `policies` are those of others. */
export function containmentOf(pod: HeldPod, reach: Reach, policies: readonly NetworkPolicy[]): Containment {
  if (pod.hostNetwork) {
    return { contained: 'none', residual: [], notes: ['The pod is on its node’s own network, and policies do not apply to it.'] };
  }
  if (reach === 'denies') return { contained: 'full', residual: [], notes: [OWN_NODE] };
  const all = residualAllows(pod, policies);
  const residual = reach === 'allows_only' ? all : all.filter(({ direction, outside }) => direction === 'ingress' && outside);
  const open = 'Connections that are open already may stay open: that depends on the network plug-in.';
  return { contained: residual.length === 0 ? 'full' : 'partial', residual, notes: [OWN_NODE, open] };
}

export function residualText({ direction, policy, peers, ports }: Residual): string {
  return `NetworkPolicy "${policy}" still allows ${direction} ${direction === 'ingress' ? 'from' : 'to'} ${peers} (${ports}).`;
}
