import { isAddresses, possiblePeers } from './peers.js';
import type { HeldPod, LabelSelector, NetworkPolicy, Peer, Port } from './policy.js';
import { openPorts, type Direction } from './ports.js';
import { expressionsOf, holds, selects, valueOf } from './selector.js';
import { peersText, portsText, whyText } from './text.js';

/** Traffic that a policy allows the pod, though another policy denies all: NetworkPolicies only ever allow, and add up. */
export interface Residual {
  direction: Direction;
  /** NetworkPolicy unless said. */
  kind?: string;
  policy: string;
  /** Place of the rule in the policy, from 0. */
  rule: number;
  /** For people: with whom, by which ports, and why the policy applies. */
  peers: string;
  ports: string;
  why: string;
  /** The pod's labels of which each, taken away by itself, ends this. None: no label of the pod that is taken away ends it. */
  labels: string[];
  /** What the peers are given by: nothing at all, addresses (beside others, it may be), or pods alone. */
  who: 'everybody' | 'addresses' | 'pods';
  allPorts: boolean;
}

/**
 * What NetworkPolicies of the pod's namespace allow it. The rules are those of
 * https://kubernetes.io/docs/concepts/services-networking/network-policies/#the-two-sorts-of-pod-isolation:
 *
 * - A policy applies to the pods that its `podSelector` selects in its own namespace; an empty one selects all of them.
 * - Policies add up: what any of them allows is allowed, in whatever order. A direction without rules allows nothing.
 * - A rule without peers is about everybody, one without ports about all ports; with both, both must match.
 */
export function residualAllows(pod: HeldPod, policies: readonly NetworkPolicy[]): Residual[] {
  return policies.filter(({ spec }) => selects(spec?.podSelector, pod.labels)).flatMap((policy) => allowsOf(pod, policy));
}

/** What a policy allows the pods that it applies to; empty where all that it does is to cut them off. */
export function allowsOf(pod: HeldPod, policy: NetworkPolicy): Residual[] {
  const { ingress, egress } = policy.spec ?? {};
  const directions = directionsOf(policy);
  const inward = directions.includes('ingress') ? (ingress ?? []) : [];
  const outward = directions.includes('egress') ? (egress ?? []) : [];
  return [
    ...inward.flatMap(({ from, ports }, index) => residual('ingress', policy, index, { peers: from, ports }, pod)),
    ...outward.flatMap(({ to, ports }, index) => residual('egress', policy, index, { peers: to, ports }, pod)),
  ];
}

/**
 * The directions for which a policy speaks. Where `policyTypes` says nothing, or is empty, that is Ingress always, and Egress if there
 * are rules for it. https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/ (policyTypes)
 */
export function directionsOf({ spec = {} }: NetworkPolicy): Direction[] {
  const { policyTypes, egress } = spec;
  if (policyTypes === undefined || policyTypes === null || policyTypes.length === 0) {
    return (egress ?? []).length > 0 ? ['ingress', 'egress'] : ['ingress'];
  }
  return (['ingress', 'egress'] as const).filter((direction) => policyTypes.includes(direction === 'ingress' ? 'Ingress' : 'Egress'));
}

/** Labels that a policy selects the pod by: each of them, taken away, ends that. Our own are not taken away. */
export function labelsThatEnd(selector: LabelSelector | null | undefined, { labels }: Pick<HeldPod, 'labels'>): string[] {
  const wanted = expressionsOf(selector).filter((expression) => !holds(expression, undefined));
  return [...new Set(wanted.map(({ key }) => key))].filter((key) => valueOf(labels, key) !== undefined && !isOurs(key)).toSorted();
}

/** Labels by which quarantine itself works. */
export function isOurs(key: string): boolean {
  return key.startsWith('tocsin.dev/');
}

interface Rule {
  peers: Peer[] | null | undefined;
  ports: Port[] | null | undefined;
}

function residual(direction: Direction, { metadata, spec = {} }: NetworkPolicy, rule: number, { peers, ports }: Rule, pod: HeldPod): Residual[] {
  const open = openPorts(direction, ports, pod);
  const who = possiblePeers(peers);
  if (open.length === 0 || who.length === 0) return [];
  const labels = labelsThatEnd(spec.podSelector, pod);
  return [
    {
      direction,
      policy: metadata.name,
      rule,
      peers: peersText(who, pod.namespaceLabels),
      ports: portsText(open),
      why: whyText(spec.podSelector, labels),
      labels,
      who: kindOf(who),
      allPorts: open === 'all',
    },
  ];
}

function kindOf(peers: 'everybody' | readonly Peer[]): Residual['who'] {
  if (peers === 'everybody') return peers;
  return peers.some(isAddresses) ? 'addresses' : 'pods';
}
