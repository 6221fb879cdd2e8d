import type { Cluster } from '../../kubernetes/cluster.js';
import { containmentOf, residualText, type Reach } from '../../kubernetes/containment/containment.js';
import type { NetworkPolicy } from '../../kubernetes/containment/policy.js';
import { networkPoliciesPath } from '../../kubernetes/paths.js';
import type { Pod } from '../../kubernetes/pod.js';
import { QUARANTINE_LABEL, type Strategy } from './strategies.js';

const REACH: Record<Strategy, Reach> = { portable: 'allows_only', cnp: 'denies_inside', cilium: 'denies', calico: 'denies' };

/** Which policies of others still let traffic through to the pod once it carries our label; in words for people. */
export async function containment(
  cluster: Cluster,
  { metadata, spec }: Pod,
  strategy: Strategy,
  signal: AbortSignal,
): Promise<{ contained: 'full' | 'partial' | 'none'; residual: string[]; notes: string[] }> {
  const { items } = await cluster.get<{ items: NetworkPolicy[] }>({ path: networkPoliciesPath(metadata.namespace ?? ''), signal });
  const held = {
    labels: { ...metadata.labels, [QUARANTINE_LABEL]: 'q' },
    hostNetwork: spec.hostNetwork === true,
    ports: spec.containers.flatMap(({ ports = [] }) => ports),
  };
  const { contained, residual, notes } = containmentOf(held, REACH[strategy], items);
  return { contained, residual: residual.map(residualText), notes };
}
