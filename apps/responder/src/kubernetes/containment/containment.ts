import { comesFromOutside, verdict, type Analysis } from './analysis.js';
import type { HeldPod, NetworkPolicy } from './policy.js';
import { residualAllows, type Residual } from './residual.js';

export { residualText } from './text.js';

/** How a pod is cut off: `allows_only` by NetworkPolicy, `denies` by a policy that no allow outweighs, `denies_inside` by one that cannot deny what comes from outside the cluster. */
export type Reach = 'allows_only' | 'denies' | 'denies_inside';

export interface Containment {
  contained: Analysis['contained'];
  residual: Residual[];
  /** What no policy can hold, for people. */
  notes: string[];
}

const OWN_NODE = 'Traffic with the node that the pod runs on cannot be blocked by policies; its kubelet’s probes go on passing.';

/** How far a pod is cut off once it is held, by the policies of its namespace, for callers that know no more than how far they reach. */
export function containmentOf(pod: HeldPod, reach: Reach, policies: readonly NetworkPolicy[]): Containment {
  if (pod.hostNetwork) {
    return { contained: 'none', residual: [], notes: ['The pod is on its node’s own network, and policies do not apply to it.'] };
  }
  if (reach === 'denies') return { contained: 'full', residual: [], notes: [OWN_NODE] };
  const all = residualAllows(pod, policies);
  const residual = reach === 'allows_only' ? all : all.filter(comesFromOutside);
  const open = 'Connections that are open already may stay open: that depends on the network plug-in.';
  return { contained: verdict(residual), residual, notes: [OWN_NODE, open] };
}
