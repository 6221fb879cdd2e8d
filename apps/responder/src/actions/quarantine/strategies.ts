import type { Cluster } from '../../kubernetes/cluster.js';
import { networkPoliciesPath } from '../../kubernetes/paths.js';

/** Carried by pods that are quarantined; the value names the action, so that it is found without our records. */
export const QUARANTINE_LABEL = 'tocsin.dev/quarantine';
const POLICY_NAME = 'tocsin-quarantine';

/**
 * `cilium` and `calico`: a deny that no allow outweighs. `cnp`: the same by the ClusterNetworkPolicy API of SIG Network, which cannot
 * deny what comes from outside the cluster. `portable`: NetworkPolicy, which every network plug-in knows, and which can only allow:
 * what another policy allows the pod still passes.
 */
export const STRATEGIES = ['cilium', 'calico', 'cnp', 'portable'] as const;
export type Strategy = (typeof STRATEGIES)[number];

export interface PolicyObject {
  path: string[];
  manifest: { apiVersion: string; kind: string; metadata: { name: string; labels: Record<string, string> }; spec: Record<string, unknown> };
}

const OURS = { labels: { 'app.kubernetes.io/managed-by': 'tocsin' } };
const selects = { matchExpressions: [{ key: QUARANTINE_LABEL, operator: 'Exists' }] };

/** The policies of a strategy; they stay in place, and hold whatever carries the label. NetworkPolicy is always among them. */
export function policiesOf(strategy: Strategy, namespace: string): PolicyObject[] {
  const portable = networkPolicy(namespace);
  return strategy === 'portable' ? [portable] : [portable, CLUSTER_POLICIES[strategy]];
}

/** The lists are written out, though empty: server-side apply leaves fields alone that are not said. */
function networkPolicy(namespace: string): PolicyObject {
  return {
    path: [...networkPoliciesPath(namespace), POLICY_NAME],
    manifest: {
      apiVersion: 'networking.k8s.io/v1',
      kind: 'NetworkPolicy',
      metadata: { name: POLICY_NAME, ...OURS },
      spec: { podSelector: selects, policyTypes: ['Ingress', 'Egress'], ingress: [], egress: [] },
    },
  };
}

const CLUSTER_POLICIES: Record<Exclude<Strategy, 'portable'>, PolicyObject> = {
  // https://docs.cilium.io/en/stable/security/policy/language/#deny-policies. The host is left out: kubelet probes come from there.
  cilium: {
    path: ['apis', 'cilium.io', 'v2', 'ciliumclusterwidenetworkpolicies', POLICY_NAME],
    manifest: {
      apiVersion: 'cilium.io/v2',
      kind: 'CiliumClusterwideNetworkPolicy',
      metadata: { name: POLICY_NAME, ...OURS },
      spec: {
        endpointSelector: selects,
        ingressDeny: [{ fromEndpoints: [{}] }, { fromEntities: ['world', 'remote-node'] }],
        egressDeny: [{ toEndpoints: [{}] }, { toEntities: ['world', 'remote-node', 'kube-apiserver'] }],
      },
    },
  },
  // https://docs.tigera.io/calico/latest/reference/resources/globalnetworkpolicy
  calico: {
    path: ['apis', 'projectcalico.org', 'v3', 'globalnetworkpolicies', POLICY_NAME],
    manifest: {
      apiVersion: 'projectcalico.org/v3',
      kind: 'GlobalNetworkPolicy',
      metadata: { name: POLICY_NAME, ...OURS },
      spec: {
        order: 0,
        selector: `has(${QUARANTINE_LABEL})`,
        types: ['Ingress', 'Egress'],
        ingress: [{ action: 'Deny' }],
        egress: [{ action: 'Deny' }],
      },
    },
  },
  // https://network-policy-api.sigs.k8s.io/
  cnp: {
    path: ['apis', 'policy.networking.k8s.io', 'v1alpha2', 'clusternetworkpolicies', POLICY_NAME],
    manifest: {
      apiVersion: 'policy.networking.k8s.io/v1alpha2',
      kind: 'ClusterNetworkPolicy',
      metadata: { name: POLICY_NAME, ...OURS },
      spec: {
        tier: 'Admin',
        priority: 0,
        subject: { pods: { namespaceSelector: {}, podSelector: selects } },
        ingress: [{ name: 'deny-in', action: 'Deny', from: [{ namespaces: {} }] }],
        egress: [{ name: 'deny-out', action: 'Deny', to: [{ namespaces: {} }, { networks: ['0.0.0.0/0', '::/0'] }] }],
      },
    },
  },
};

const DETECTED_BY: readonly [Strategy, string, string][] = [
  ['cilium', 'cilium.io', 'v2'],
  ['calico', 'projectcalico.org', 'v3'],
  ['cnp', 'policy.networking.k8s.io', 'v1alpha2'],
];

/** The strongest strategy whose API the cluster has. */
export async function detectStrategy(cluster: Cluster, signal: AbortSignal): Promise<Strategy> {
  const { groups } = await cluster.get<{ groups: { name: string; versions: { version: string }[] }[] }>({ path: ['apis'], signal });
  const found = DETECTED_BY.find(([, group, version]) =>
    groups.some(({ name, versions }) => name === group && versions.some((one) => one.version === version)),
  );
  return found?.[0] ?? 'portable';
}
