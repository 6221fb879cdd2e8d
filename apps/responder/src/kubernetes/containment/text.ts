import type { Labels, LabelSelector, Peer, Port } from './policy.js';
import type { Residual } from './residual.js';
import { expressionsOf, selects } from './selector.js';

/** A policy may list thousands; nobody reads more than some. */
const MOST = 10;

export function residualText({ direction, kind = 'NetworkPolicy', policy, peers, ports }: Residual): string {
  return `${kind} "${policy}" still allows ${direction} ${direction === 'ingress' ? 'from' : 'to'} ${peers} (${ports}).`;
}

/** Such as `app=web, tier in (a, b)`; nothing for a selector that selects everything. */
export function selectorText(selector: LabelSelector | null | undefined): string {
  const parts = expressionsOf(selector).map(({ key, operator, values }) => {
    const list = some(values ?? []);
    if (operator === 'In') return values?.length === 1 ? `${key}=${list}` : `${key} in (${list})`;
    if (operator === 'NotIn') return `${key} not in (${list})`;
    if (operator === 'Exists') return `with ${key}`;
    return operator === 'DoesNotExist' ? `without ${key}` : `${key} ${operator} (${list})`;
  });
  return some(parts);
}

export function peersText(peers: 'everybody' | readonly Peer[], own?: Labels): string {
  return peers === 'everybody'
    ? peers
    : some(
        peers.map((peer) => peerText(peer, own)),
        '; ',
      );
}

function peerText({ ipBlock, podSelector, namespaceSelector }: Peer, own: Labels | undefined): string {
  if (ipBlock !== undefined && ipBlock !== null) {
    const except = ipBlock.except ?? [];
    return except.length === 0 ? ipBlock.cidr : `${ipBlock.cidr} but ${some(except)}`;
  }
  return podsText(podSelector, namespaceSelector, own);
}

/** Without a namespaceSelector it is the policy's own namespace; an empty one selects all of them. */
export function podsText(podSelector: LabelSelector | null | undefined, namespaceSelector: LabelSelector | null | undefined, own?: Labels): string {
  const pods = selectorText(podSelector);
  return `${pods === '' ? 'all pods' : `pods ${pods}`} of ${namespacesText(namespaceSelector, own)}`;
}

function namespacesText(selector: LabelSelector | null | undefined, own: Labels | undefined): string {
  if (selector === undefined || selector === null) return 'this namespace';
  const text = selectorText(selector);
  if (text === '') return 'all namespaces';
  return own !== undefined && selects(selector, own) ? `namespaces ${text}, this one among them` : `namespaces ${text}`;
}

export function portsText(ports: 'all' | readonly Port[]): string {
  return ports === 'all' ? 'all ports' : some(ports.map(portText));
}

function portText({ protocol = 'TCP', port, endPort }: Port): string {
  return `${protocol} ${port ?? '(all)'}${endPort === undefined ? '' : `-${endPort}`}`;
}

/** Why a policy applies to the pod, and what ends it. */
export function whyText(selector: LabelSelector | null | undefined, labels: readonly string[]): string {
  const text = selectorText(selector);
  if (text === '') return 'It applies to every pod of its namespace, whatever labels the pod has.';
  const end = labels.length === 0 ? 'no label that is taken away ends that' : `that ends when it loses ${labels.join(' or ')}`;
  return `It applies to pods ${text}, which the pod is; ${end}.`;
}

export function some(parts: readonly string[], separator = ', '): string {
  if (parts.length <= MOST) return parts.join(separator);
  return `${parts.slice(0, MOST).join(separator)}${separator}and ${parts.length - MOST} more`;
}
