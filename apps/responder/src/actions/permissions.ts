import type { Permission } from '../action.js';

/** To find a target, what owns it, and what its namespace says of it. */
export const READ_WORKLOADS: readonly Permission[] = [
  { group: '', resource: 'pods', verbs: ['get', 'list'] },
  { group: '', resource: 'namespaces', verbs: ['get'], clusterWide: true },
  { group: '', resource: 'nodes', verbs: ['get'], clusterWide: true },
  { group: 'apps', resource: 'deployments', verbs: ['get'] },
  { group: 'apps', resource: 'replicasets', verbs: ['get'] },
  { group: 'apps', resource: 'statefulsets', verbs: ['get'] },
  { group: 'apps', resource: 'daemonsets', verbs: ['get'] },
  { group: 'batch', resource: 'jobs', verbs: ['get'] },
];

export const PATCH_PODS: Permission = { group: '', resource: 'pods', verbs: ['patch'] };
export const PATCH_NODES: Permission = { group: '', resource: 'nodes', verbs: ['patch'], clusterWide: true };

/** To change labels and annotations of whatever an action may be about. */
export const TARGET_METADATA: readonly Permission[] = [
  PATCH_PODS,
  PATCH_NODES,
  { group: 'apps', resource: 'deployments', verbs: ['patch'] },
  { group: 'apps', resource: 'replicasets', verbs: ['patch'] },
  { group: 'apps', resource: 'statefulsets', verbs: ['patch'] },
  { group: 'apps', resource: 'daemonsets', verbs: ['patch'] },
  { group: 'batch', resource: 'jobs', verbs: ['patch'] },
];
