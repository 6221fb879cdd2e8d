import type { ActionScope } from '@tocsin/domain';
import type { ActionCounts } from '@tocsin/store';
import type { ActionDefinition } from '../action.js';
import type { Terms } from './record.js';

/** Limits of a whole cluster, whatever policies say. */
export interface ClusterLimits {
  /** Most actions that stand at a time. */
  maxActive: number;
  /** Most actions that begin within `window` (milliseconds). */
  maxStarted: number;
  window: number;
}

export interface LimitVerdict {
  /** A limit of the cluster, or of the action's type: nobody exceeds it. */
  hard?: string;
  /** A limit of the policy: people may agree to exceed it. */
  soft?: string;
}

/** Which limits one more action would exceed. `counts` leave the action itself out. */
export function exceeded(
  scope: ActionScope,
  definition: Pick<ActionDefinition, 'type' | 'impact' | 'most'>,
  limits: Terms['limits'],
  cluster: ClusterLimits,
  counts: ActionCounts,
): LimitVerdict {
  const hard = hardLimit(definition, cluster, counts);
  const soft = softLimit(scope, definition, limits, counts);
  return { ...(hard !== undefined && { hard }), ...(soft !== undefined && { soft }) };
}

function hardLimit({ type, most = {} }: Pick<ActionDefinition, 'type' | 'most'>, cluster: ClusterLimits, counts: ActionCounts): string | undefined {
  if (counts.clusterHeld >= cluster.maxActive) return `${cluster.maxActive} actions stand in the cluster, which is its limit.`;
  if (counts.clusterStarted >= cluster.maxStarted) {
    return `${cluster.maxStarted} actions began in the cluster within ${minutes(cluster.window)}, which is its limit.`;
  }
  const { perPod = Infinity, perNode = Infinity } = most;
  if (counts.onPod(type) >= perPod) return `${perPod} of ${type} stand on the pod, which is the limit.`;
  if (counts.onNode(type) >= perNode) return `${perNode} of ${type} stand on the node, which is the limit.`;
  return undefined;
}

function softLimit(
  { pod, workload }: ActionScope,
  { impact }: Pick<ActionDefinition, 'impact'>,
  limits: Terms['limits'],
  counts: ActionCounts,
): string | undefined {
  const { maxActive = Infinity, perNamespace = Infinity, perWorkloadPercent, window } = limits;
  if (counts.policyHeld >= maxActive) return `${maxActive} actions of the policy stand, which is its limit.`;
  if (counts.namespaceStarted >= perNamespace) {
    return `${perNamespace} actions of the policy began in the namespace within ${minutes(window)}, which is its limit.`;
  }
  if (perWorkloadPercent === undefined || impact !== 'disrupts' || workload === undefined) return undefined;
  // An action on the workload as a whole takes all of its pods.
  const held = pod === undefined ? workload.replicas : new Set([...counts.podsHeld, pod.uid]).size;
  if (held * 100 <= perWorkloadPercent * workload.replicas) return undefined;
  const { kind, name, replicas } = workload;
  return `It would take ${held} of ${replicas} pods of ${kind} "${name}"; the limit is ${perWorkloadPercent} %.`;
}

function minutes(ms: number): string {
  return `${Math.round(ms / 60_000)} minutes`;
}
