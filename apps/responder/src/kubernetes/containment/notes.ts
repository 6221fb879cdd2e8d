import type { Strategy } from './analysis.js';
import type { HeldPod } from './policy.js';
import type { Residual } from './residual.js';

/** What people must know that is in no policy of the namespace. Codes are for ever. */
export interface Note {
  code: NoteCode;
  message: string;
}

export type NoteCode =
  | 'host_network'
  | 'own_node'
  | 'probes_fail'
  | 'open_connections'
  | 'outside_ingress'
  | 'earlier_policies'
  | 'other_policies'
  | 'rewritten_addresses';

/** What becomes of connections that are open: the API leaves it to the network plug-in, and they differ. */
const OPEN_CONNECTIONS: Partial<Record<Strategy, string>> = {
  portable: 'Connections that are open already may stay open: that depends on the network plug-in. Calico leaves them, Cilium cuts them.',
  cnp: 'Connections that are open already may stay open: that depends on the network plug-in.',
  calico: 'Connections that are open already stay open: Calico asks its policies when a connection begins.',
  cilium: 'Connections that are open already are cut: Cilium asks its policies for every packet.',
};

export function notesOf(pod: HeldPod, strategy: Strategy, residual: readonly Residual[]): Note[] {
  if (pod.hostNetwork) {
    return [{ code: 'host_network', message: 'The pod is on its node’s own network, and policies do not apply to it.' }];
  }
  return [nodeNote(pod, strategy), ...connectionNotes(strategy), ...gapNotes(strategy), ...addressNotes(residual)];
}

function nodeNote({ node }: HeldPod, strategy: Strategy): Note {
  // The drop is in the pod's own network namespace, and makes no exception for its node.
  if (strategy === 'neuvector') {
    return { code: 'probes_fail', message: 'Probes over the network may fail, and Kubernetes may then restart the container.' };
  }
  // https://kubernetes.io/docs/concepts/services-networking/network-policies/#what-you-can-t-do-with-network-policies-at-least-not-yet
  const where = node === undefined ? 'the node that the pod runs on' : `the node that the pod runs on (${node})`;
  return { code: 'own_node', message: `Traffic with ${where} cannot be blocked by policies; its kubelet’s probes go on passing.` };
}

/** https://kubernetes.io/docs/concepts/services-networking/network-policies/#networkpolicy-s-impact-on-existing-connections */
function connectionNotes(strategy: Strategy): Note[] {
  const message = OPEN_CONNECTIONS[strategy];
  return message === undefined ? [] : [{ code: 'open_connections', message }];
}

function gapNotes(strategy: Strategy): Note[] {
  switch (strategy) {
    case 'portable':
      return [{ code: 'other_policies', message: 'Policies of Cilium and Calico’s own kinds are not looked at; they may allow more.' }];
    case 'cnp':
      return [
        {
          code: 'outside_ingress',
          message:
            'ClusterNetworkPolicy cannot deny what comes from outside the cluster or from pods on their node’s network; there only NetworkPolicy holds.',
        },
      ];
    case 'calico':
      return [
        {
          code: 'earlier_policies',
          message: 'What a policy of an earlier tier of Calico, or of an order below 0, allows still passes; these are not looked at.',
        },
      ];
    case 'cilium':
    case 'neuvector':
      return [];
  }
}

/** https://kubernetes.io/docs/concepts/services-networking/network-policies/#behavior-of-ipblock-selectors (rewriting of addresses) */
function addressNotes(residual: readonly Residual[]): Note[] {
  if (!residual.some(({ who }) => who === 'addresses')) return [];
  const message =
    'Whether a block of addresses is held against a packet before or after its addresses are rewritten depends on the cluster; it may let in more than it names.';
  return [{ code: 'rewritten_addresses', message }];
}
