/** NetworkPolicy as we read it; https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/ */
export interface NetworkPolicy {
  metadata: { name: string };
  spec?: {
    podSelector?: LabelSelector | null;
    policyTypes?: string[] | null;
    ingress?: IngressRule[] | null;
    egress?: EgressRule[] | null;
  };
}

export interface IngressRule {
  from?: Peer[] | null;
  ports?: Port[] | null;
}

export interface EgressRule {
  to?: Peer[] | null;
  ports?: Port[] | null;
}

export interface Peer {
  podSelector?: LabelSelector | null;
  namespaceSelector?: LabelSelector | null;
  ipBlock?: IpBlock | null;
}

export interface IpBlock {
  cidr: string;
  except?: string[] | null;
}

export interface Port {
  protocol?: string;
  port?: number | string;
  endPort?: number;
}

export interface LabelSelector {
  matchLabels?: Record<string, string> | null;
  matchExpressions?: Expression[] | null;
}

export interface Expression {
  key: string;
  operator: string;
  values?: string[] | null;
}

export type Labels = Readonly<Record<string, string>>;

/** What policies go by of the pod that is held. */
export interface HeldPod {
  /** As they will be. */
  labels: Labels;
  hostNetwork: boolean;
  ports: readonly ContainerPort[];
  /** Name of its node, for people. */
  node?: string;
  /** Labels of its namespace; where they are not known, policies that go by them are taken to apply. */
  namespaceLabels?: Labels;
}

export interface ContainerPort {
  name?: string;
  containerPort: number;
  protocol?: string;
}

/** Of a pod; https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ */
export interface PodSpec {
  nodeName?: string;
  hostNetwork?: boolean;
  containers: readonly { ports?: readonly ContainerPort[] }[];
  initContainers?: readonly { restartPolicy?: string; ports?: readonly ContainerPort[] }[];
}

/**
 * A pod as policies will see it. Sidecars count: init containers that go on running
 * (https://kubernetes.io/docs/concepts/workloads/pods/sidecar-containers/). Those that end before the pod starts listen to nobody.
 */
export function heldPod({ nodeName, hostNetwork, containers, initContainers = [] }: PodSpec, labels: Labels, namespaceLabels?: Labels): HeldPod {
  const sidecars = initContainers.filter(({ restartPolicy }) => restartPolicy === 'Always');
  return {
    labels,
    hostNetwork: hostNetwork === true,
    ports: [...containers, ...sidecars].flatMap(({ ports = [] }) => ports),
    ...(nodeName !== undefined && { node: nodeName }),
    ...(namespaceLabels !== undefined && { namespaceLabels }),
  };
}
