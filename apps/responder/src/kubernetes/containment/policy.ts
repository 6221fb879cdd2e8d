/** NetworkPolicy as we read it; https://kubernetes.io/docs/reference/kubernetes-api/policy-resources/network-policy-v1/ */
export interface NetworkPolicy {
  metadata: { name: string };
  spec?: {
    podSelector?: LabelSelector;
    policyTypes?: string[];
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
  podSelector?: LabelSelector;
  namespaceSelector?: LabelSelector;
  ipBlock?: { cidr: string; except?: string[] | null };
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

/** What policies go by of the pod that is held. */
export interface HeldPod {
  /** As they will be. */
  labels: Readonly<Record<string, string>>;
  hostNetwork: boolean;
  ports: readonly { name?: string; containerPort: number; protocol?: string }[];
}
