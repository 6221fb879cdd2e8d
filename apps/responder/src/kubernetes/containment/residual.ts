import { leavesAddresses } from './ip-block.js';
import type { HeldPod, LabelSelector, NetworkPolicy, Peer, Port } from './policy.js';
import { canSelect, selects, selectorText } from './selector.js';

/** Traffic that a policy allows the pod, though another policy denies all: NetworkPolicies only ever allow, and add up. */
export interface Residual {
  direction: 'ingress' | 'egress';
  policy: string;
  /** Place of the rule in the policy, from 0. */
  rule: number;
  /** For people: with whom, and by which ports. */
  peers: string;
  ports: string;
  /** Whether it reaches what is outside the cluster. */
  outside: boolean;
}

/**
 * What NetworkPolicies of the pod's namespace allow it. The rules are those of
 * https://kubernetes.io/docs/concepts/services-networking/network-policies/:
 *
 * - A policy applies to the pods that its `podSelector` selects in its own namespace; an empty one selects all of them.
 * - `policyTypes` says for which directions; without it, Ingress always, and Egress if there are egress rules.
 * - Policies add up: what any of them allows is allowed. A direction without rules allows nothing.
 * - A rule without peers is about everybody, one without ports about all ports.
 */
export function residualAllows(pod: HeldPod, policies: readonly NetworkPolicy[]): Residual[] {
  return policies.flatMap((policy) => {
    const { podSelector, policyTypes, ingress, egress } = policy.spec ?? {};
    if (!selects(podSelector, pod.labels)) return [];
    const types = policyTypes ?? (egress !== undefined && egress !== null && egress.length > 0 ? ['Ingress', 'Egress'] : ['Ingress']);
    const inward = types.includes('Ingress') ? (ingress ?? []).map(({ from, ports }) => ({ peers: from, ports })) : [];
    const outward = types.includes('Egress') ? (egress ?? []).map(({ to, ports }) => ({ peers: to, ports })) : [];
    const { name } = policy.metadata;
    return [
      ...inward.flatMap((rule, index) => residual('ingress', name, index, rule, pod)),
      ...outward.flatMap((rule, index) => residual('egress', name, index, rule, pod)),
    ];
  });
}

interface Rule {
  peers: Peer[] | null | undefined;
  ports: Port[] | null | undefined;
}

function residual(direction: Residual['direction'], policy: string, rule: number, { peers, ports }: Rule, pod: HeldPod): Residual[] {
  const open = openPorts(direction, ports ?? [], pod);
  if (open === undefined) return [];
  const everybody = (peers ?? []).length === 0;
  const reachable = (peers ?? []).filter(canBeReached);
  if (!everybody && reachable.length === 0) return [];
  return [
    {
      direction,
      policy,
      rule,
      peers: everybody ? 'everybody' : reachable.map(peerText).join('; '),
      ports: open,
      outside: everybody || reachable.some(({ ipBlock }) => ipBlock !== undefined),
    },
  ];
}

/** The ports, for people; undefined when they let nothing through. */
function openPorts(direction: Residual['direction'], ports: readonly Port[], pod: HeldPod): string | undefined {
  if (ports.length === 0) return 'all ports';
  const open = ports.filter(({ port, protocol = 'TCP' }) => {
    // A named port of a rule for ingress is one of the pod's own; of one for egress, it is the peers'.
    if (typeof port !== 'string' || direction === 'egress') return true;
    return pod.ports.some((own) => own.name === port && (own.protocol ?? 'TCP') === protocol);
  });
  if (open.length === 0) return undefined;
  return open.map(({ protocol = 'TCP', port, endPort }) => `${protocol} ${port ?? '(all)'}${endPort === undefined ? '' : `-${endPort}`}`).join(', ');
}

/** Whether there can be such a peer, now or later. */
function canBeReached({ ipBlock, podSelector, namespaceSelector }: Peer): boolean {
  if (ipBlock !== undefined) return leavesAddresses(ipBlock);
  return canSelect(podSelector) && canSelect(namespaceSelector);
}

function peerText({ ipBlock, podSelector, namespaceSelector }: Peer): string {
  if (ipBlock !== undefined) {
    const except = (ipBlock.except ?? []).length === 0 ? '' : ` but ${(ipBlock.except ?? []).join(', ')}`;
    return `${ipBlock.cidr}${except}`;
  }
  const pods = selectorText(podSelector);
  return `${pods === '' ? 'all pods' : `pods ${pods}`} of ${namespacesText(namespaceSelector)}`;
}

/** A peer without a namespaceSelector is about the policy's own namespace; an empty one selects all of them. */
function namespacesText(selector: LabelSelector | undefined): string {
  if (selector === undefined) return 'this namespace';
  const text = selectorText(selector);
  return text === '' ? 'all namespaces' : `namespaces ${text}`;
}
