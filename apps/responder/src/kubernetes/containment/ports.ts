import type { HeldPod, Port } from './policy.js';

export type Direction = 'ingress' | 'egress';

/**
 * The ports of a rule that let something through; `all`: the rule names none, which means all.
 * https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/ (NetworkPolicyPort)
 */
export function openPorts(direction: Direction, ports: readonly Port[] | null | undefined, pod: HeldPod): 'all' | Port[] {
  if (ports === null || ports === undefined || ports.length === 0) return 'all';
  return ports.filter((port) => isOpen(direction, port, pod));
}

/** A port that nobody listens on now counts: whoever holds the pod may listen. */
function isOpen(direction: Direction, { port, endPort, protocol = 'TCP' }: Port, pod: HeldPod): boolean {
  // Names are of the side that is called: for ingress one of the pod's own, for egress the peers', which may call any port so.
  if (typeof port === 'string') {
    return direction === 'egress' || pod.ports.some((own) => own.name === port && (own.protocol ?? 'TCP') === protocol);
  }
  // Both ends are included, and the API refuses a range that ends before it begins.
  return port === undefined || endPort === undefined || endPort >= port;
}
