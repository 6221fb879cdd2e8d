import type { KubeAdmin } from './admin.js';
import { makeCrd } from './objects.js';

export interface NetworkPolicyApi {
  name: 'cilium' | 'calico' | 'cnp';
  group: string;
  version: string;
  plural: string;
  kind: string;
}

/**
 * Policies of network plug-ins that can deny, by the names under which clusters serve them; of their content nothing is checked here.
 * - https://docs.cilium.io/en/stable/network/kubernetes/policy/#ciliumclusterwidenetworkpolicy
 * - https://docs.tigera.io/calico/latest/reference/resources/globalnetworkpolicy
 * - https://network-policy-api.sigs.k8s.io/
 */
export const NETWORK_POLICY_APIS: readonly NetworkPolicyApi[] = [
  { name: 'cilium', group: 'cilium.io', version: 'v2', plural: 'ciliumclusterwidenetworkpolicies', kind: 'CiliumClusterwideNetworkPolicy' },
  { name: 'calico', group: 'projectcalico.org', version: 'v3', plural: 'globalnetworkpolicies', kind: 'GlobalNetworkPolicy' },
  { name: 'cnp', group: 'policy.networking.k8s.io', version: 'v1alpha2', plural: 'clusternetworkpolicies', kind: 'ClusterNetworkPolicy' },
];

/** As the plug-in of that name would have installed it; on a server of the test's own, as `makeCrd` says. */
export async function makeNetworkPolicyApi(admin: KubeAdmin, name: NetworkPolicyApi['name']): Promise<void> {
  const found = NETWORK_POLICY_APIS.find((api) => api.name === name);
  if (found !== undefined) await makeCrd(admin, found.group, found.version, found.plural, found.kind);
}
