import type { AnyAction, Permission } from '../action.js';

interface PolicyRule {
  apiGroups: string[];
  resources: string[];
  verbs: string[];
  resourceNames?: string[];
}

export interface ClusterRole {
  apiVersion: 'rbac.authorization.k8s.io/v1';
  kind: 'ClusterRole';
  metadata: { name: string; labels: Record<string, string> };
  rules: PolicyRule[];
}

/**
 * The roles of one action: `namespaced` is to be bound in each namespace where the action may be done (RoleBinding), `clusterWide` once
 * (ClusterRoleBinding). Who does not bind them does not allow it, whatever policies say.
 */
export function rolesOf({ type, needs }: Pick<AnyAction<never>, 'type' | 'needs'>): { namespaced?: ClusterRole; clusterWide?: ClusterRole } {
  const clusterWide = needs.permissions.filter((permission) => permission.clusterWide === true);
  const namespaced = needs.permissions.filter((permission) => permission.clusterWide !== true);
  return {
    ...(namespaced.length > 0 && { namespaced: role(`tocsin-responder-${type}`, namespaced) }),
    ...(clusterWide.length > 0 && { clusterWide: role(`tocsin-responder-${type}-cluster`, clusterWide) }),
  };
}

function role(name: string, permissions: readonly Permission[]): ClusterRole {
  return {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name, labels: { 'app.kubernetes.io/part-of': 'tocsin' } },
    rules: permissions.map(({ group, resource, verbs, names }) => ({
      apiGroups: [group],
      resources: [resource],
      verbs: [...verbs],
      ...(names !== undefined && { resourceNames: [...names] }),
    })),
  };
}
