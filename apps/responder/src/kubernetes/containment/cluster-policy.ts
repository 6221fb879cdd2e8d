import type { HeldPod, LabelSelector } from './policy.js';
import type { Direction } from './ports.js';
import type { Residual } from './residual.js';
import { canSelect, canSelectNamespace, selects } from './selector.js';
import { podsText, selectorText, some } from './text.js';

/** As we read it; https://network-policy-api.sigs.k8s.io/ (policy.networking.k8s.io/v1alpha2). */
export interface ClusterNetworkPolicy {
  metadata: { name: string };
  spec: {
    tier: string;
    priority: number;
    subject: { namespaces?: LabelSelector; pods?: NamespacedPod };
    ingress?: { action: string; from?: ClusterPeer[]; protocols?: Protocol[] }[];
    egress?: { action: string; to?: ClusterPeer[]; protocols?: Protocol[] }[];
  };
}

interface NamespacedPod {
  namespaceSelector?: LabelSelector;
  podSelector?: LabelSelector;
}

interface ClusterPeer {
  namespaces?: LabelSelector;
  pods?: NamespacedPod;
  nodes?: LabelSelector;
  networks?: string[];
  domainNames?: string[];
}

type Protocol = { destinationNamedPort?: string } & { [protocol in 'tcp' | 'udp' | 'sctp']?: { destinationPort?: DestinationPort } };

interface DestinationPort {
  number?: number;
  range?: { start: number; end: number };
}

/**
 * What is accepted before NetworkPolicies are asked: an Accept of the tier Admin ends evaluation. Lower priorities go first, and between
 * equal ones the order is not defined, so that a deny of ours at `ours` outweighs only those after it. A rule before an Accept may
 * decide otherwise; that is not weighed, and the Accept is reported.
 */
export function acceptedFirst(pod: HeldPod, policies: readonly ClusterNetworkPolicy[], ours = Infinity): Residual[] {
  return policies.flatMap(({ metadata: { name }, spec }) => {
    const { tier, priority, subject, ingress = [], egress = [] } = spec;
    if (tier !== 'Admin' || priority > ours || !isSubject(subject, pod)) return [];
    return [
      ...ingress.flatMap(({ action, from, protocols }, rule) => accepted('ingress', name, rule, action, from, protocols)),
      ...egress.flatMap(({ action, to, protocols }, rule) => accepted('egress', name, rule, action, to, protocols)),
    ];
  });
}

function isSubject({ namespaces, pods }: ClusterNetworkPolicy['spec']['subject'], { labels, namespaceLabels }: HeldPod): boolean {
  const ofNamespace = namespaces ?? pods?.namespaceSelector;
  if (namespaceLabels === undefined ? !canSelectNamespace(ofNamespace) : !selects(ofNamespace, namespaceLabels)) return false;
  return selects(pods?.podSelector, labels);
}

function accepted(
  direction: Direction,
  policy: string,
  rule: number,
  action: string,
  peers: readonly ClusterPeer[] = [],
  protocols?: readonly Protocol[],
): Residual[] {
  const possible = peers.filter(canBeSomebody);
  if (action !== 'Accept' || possible.length === 0) return [];
  return [
    {
      direction,
      kind: 'ClusterNetworkPolicy',
      policy,
      rule,
      peers: some(possible.map(peerText), '; '),
      ports: protocols === undefined ? 'all ports' : some(protocols.map(protocolText)),
      why: 'What the tier Admin accepts is let through before NetworkPolicies are asked.',
      labels: [],
      who: possible.every(({ namespaces, pods }) => namespaces !== undefined || pods !== undefined) ? 'pods' : 'addresses',
      allPorts: protocols === undefined,
    },
  ];
}

function canBeSomebody({ namespaces, pods }: ClusterPeer): boolean {
  return canSelectNamespace(namespaces ?? pods?.namespaceSelector) && canSelect(pods?.podSelector);
}

function peerText({ namespaces, pods, nodes, networks, domainNames }: ClusterPeer): string {
  if (pods !== undefined) return podsText(pods.podSelector, pods.namespaceSelector ?? {});
  if (namespaces !== undefined) return podsText({}, namespaces);
  if (nodes !== undefined) return `nodes ${selectorText(nodes) || '(all)'}`;
  // A peer of a kind that is not known accepts nothing, says the specification; it is shown for people to look.
  return some(networks ?? domainNames ?? ['peers of a kind that is not known']);
}

function protocolText({ destinationNamedPort, tcp, udp, sctp }: Protocol): string {
  if (destinationNamedPort !== undefined) return destinationNamedPort;
  const [name, { destinationPort }] = (Object.entries({ tcp, udp, sctp }).find(([, protocol]) => protocol !== undefined) ?? ['any', {}]) as [
    string,
    { destinationPort?: DestinationPort },
  ];
  const { number, range } = destinationPort ?? {};
  return `${name.toUpperCase()} ${range === undefined ? (number ?? '(all)') : `${range.start}-${range.end}`}`;
}
