import { leavesAddresses } from './ip-block.js';
import type { Peer } from './policy.js';
import { canSelect, canSelectNamespace } from './selector.js';

/**
 * The peers of a rule that can be somebody; `everybody`: the rule names none. Pods and namespaces that are not there yet count, since
 * they may come while the pod is held.
 * https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-to-and-from-selectors
 */
export function possiblePeers(peers: readonly Peer[] | null | undefined): 'everybody' | Peer[] {
  if (peers === null || peers === undefined || peers.length === 0) return 'everybody';
  return peers.filter(canBeSomebody);
}

/** Pods and namespaces of one peer must both match; without a namespaceSelector it is about the policy's own namespace. */
function canBeSomebody({ ipBlock, podSelector, namespaceSelector }: Peer): boolean {
  if (ipBlock !== undefined && ipBlock !== null) return leavesAddresses(ipBlock);
  return canSelect(podSelector) && canSelectNamespace(namespaceSelector);
}

/** Whether a peer is given by addresses, which may lie outside the cluster. */
export function isAddresses({ ipBlock }: Peer): boolean {
  return ipBlock !== undefined && ipBlock !== null;
}
