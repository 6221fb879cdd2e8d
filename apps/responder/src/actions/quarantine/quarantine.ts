import { isDeepStrictEqual } from 'node:util';
import type { ActionPlan } from '@tocsin/domain';
import { z } from 'zod';
import type { ActionCall, ActionDefinition, ActionInstance, Found } from '../../action.js';
import { Failed, Refused } from '../../failure.js';
import type { Cluster, KubeObject } from '../../kubernetes/cluster.js';
import { patchMetadata, readSame } from '../../kubernetes/metadata.js';
import { podPath } from '../../kubernetes/paths.js';
import type { Pod } from '../../kubernetes/pod.js';
import type { ActionDeps } from '../deps.js';
import { PATCH_PODS, READ_WORKLOADS } from '../permissions.js';
import { byNeuvector } from '../by-neuvector.js';
import { quarantineByNeuVector } from './by-neuvector.js';
import { containment } from './containment.js';
import { detectStrategy, policiesOf, QUARANTINE_LABEL, STRATEGIES, type PolicyObject, type Strategy } from './strategies.js';

/** What was done, beside the label: for people who find it, not for us, since it can be forged. */
export const RECORD_ANNOTATION = 'tocsin.dev/quarantine-record';

const config = z.strictObject({
  /** How the pod is cut off; `auto`: the strongest way that the cluster's API offers. `neuvector` leaves Kubernetes alone. */
  strategy: z.enum(['auto', ...STRATEGIES, 'neuvector']).default('auto'),
});

export type QuarantineConfig = z.infer<typeof config>;

const clusterPolicy = (group: string, resource: string) => [
  { group, resource, verbs: ['create'], clusterWide: true },
  { group, resource, verbs: ['get', 'patch'], names: ['tocsin-quarantine'], clusterWide: true },
];

export const quarantine: ActionDefinition<QuarantineConfig, ActionDeps> = {
  type: 'quarantine',
  summary: 'Cuts a pod off the network and leaves it running, so that what it holds in memory stays for evidence.',
  config,
  needs: {
    targets: ['pod'],
    permissions: [
      ...READ_WORKLOADS,
      PATCH_PODS,
      // To find what stands in the cluster and nothing on record stands for.
      { group: '', resource: 'pods', verbs: ['list'], clusterWide: true },
      { group: 'networking.k8s.io', resource: 'networkpolicies', verbs: ['get', 'list', 'create'] },
      { group: 'networking.k8s.io', resource: 'networkpolicies', verbs: ['patch'], names: ['tocsin-quarantine'] },
      ...clusterPolicy('cilium.io', 'ciliumclusterwidenetworkpolicies'),
      ...clusterPolicy('projectcalico.org', 'globalnetworkpolicies'),
      ...clusterPolicy('policy.networking.k8s.io', 'clusternetworkpolicies'),
    ],
  },
  impact: 'disrupts',
  create: ({ strategy }, deps) =>
    strategy === 'neuvector' ? byNeuvector(deps.neuvector, (neuvector) => quarantineByNeuVector(neuvector)) : createQuarantine(strategy, deps),
  find: (name, { clusters }, signal) => findQuarantined(clusters.get(name), signal),
};

function createQuarantine(wanted: Exclude<QuarantineConfig['strategy'], 'neuvector'>, { clusters }: ActionDeps): ActionInstance {
  const clusterOf = ({ order }: ActionCall): Cluster => clusters.get(order.cluster);
  const read = ({ scope }: ActionPlan, call: ActionCall): Promise<Pod> =>
    readSame<Pod>(clusterOf(call), podPath(scope.namespace ?? '', scope.pod?.name ?? ''), scope.pod?.uid ?? '', call.signal);
  const label = async (plan: ActionPlan, pod: Pod, call: ActionCall, dryRun: boolean): Promise<void> => {
    const path = podPath(plan.scope.namespace ?? '', pod.metadata.name);
    await patchMetadata(
      clusterOf(call),
      path,
      pod,
      { labels: { [QUARANTINE_LABEL]: markOf(call.order.id) }, annotations: record(call) },
      { ...call, dryRun },
    );
  };
  const policies = ({ scope, details }: ActionPlan): PolicyObject[] => policiesOf(details['strategy'] as Strategy, scope.namespace ?? '');
  return {
    async plan({ scope, hostNetwork }, call) {
      const { namespace = '', pod = { name: '', uid: '' } } = scope;
      const cluster = clusterOf(call);
      if (hostNetwork) throw new Refused('host_network', 'The pod is on its node’s own network; no network policy holds it.');
      const strategy = wanted === 'auto' ? await detectStrategy(cluster, call.signal) : wanted;
      const current = await cluster.get<Pod>({ path: podPath(namespace, pod.name), signal: call.signal });
      const mark = current.metadata.labels?.[QUARANTINE_LABEL];
      if (mark !== undefined && mark !== markOf(call.order.id)) throw new Refused('already_held', `The pod is quarantined already, by "${mark}".`);
      const { contained, residual, notes } = await containment(cluster, current, strategy, call.signal);
      return {
        summary: `Cut pod ${namespace}/${pod.name} off the network.`,
        changes: [
          ...policiesOf(strategy, namespace).map(
            ({ manifest }) => `${manifest.kind} ${manifest.metadata.name}: denies all traffic of pods with the label ${QUARANTINE_LABEL}`,
          ),
          `label ${QUARANTINE_LABEL}: (none) → ${markOf(call.order.id)}`,
        ],
        warnings: [...residual, ...notes],
        details: { strategy, contained },
      };
    },
    async dryRun(plan, call) {
      for (const { path, manifest } of policies(plan)) {
        await clusterOf(call).apply({ path, query: { dryRun: 'All' }, signal: call.signal }, manifest);
      }
      await label(plan, await read(plan, call), call, true);
    },
    async run(plan, call) {
      const pod = await read(plan, call);
      // The policy first: between it and the label nothing is held yet, while a label without a policy would seem to hold.
      for (const policy of policies(plan)) await applyPolicy(clusterOf(call), policy, call.signal);
      if (pod.metadata.labels?.[QUARANTINE_LABEL] !== markOf(call.order.id)) await label(plan, pod, call, false);
      return { effect: {}, then: 'held', message: `The pod is cut off by ${String(plan.details['strategy'])}.` };
    },
    async verify(plan, _effect, call) {
      const pod = await read(plan, call);
      if (pod.metadata.labels?.[QUARANTINE_LABEL] !== markOf(call.order.id)) {
        return { ok: false, message: `Somebody took the label ${QUARANTINE_LABEL} away.`, contained: 'none' };
      }
      for (const { path, manifest } of policies(plan)) {
        const { spec } = await clusterOf(call).get<KubeObject & { spec: Record<string, unknown> }>({ path, signal: call.signal });
        if (!holds(spec, manifest.spec))
          return { ok: false, message: `Somebody changed ${manifest.kind} ${manifest.metadata.name}.`, contained: 'none' };
      }
      const { contained, residual } = await containment(clusterOf(call), pod, plan.details['strategy'] as Strategy, call.signal);
      if (contained === 'full') return { ok: true, message: 'The pod is cut off.', contained };
      return { ok: contained === 'partial', message: `The pod is cut off but for what other policies allow: ${residual.join(' ')}`, contained };
    },
    async revert(plan, _effect, call) {
      const pod = await read(plan, call);
      if (pod.metadata.labels?.[QUARANTINE_LABEL] !== markOf(call.order.id)) return { message: 'The pod is not held by this action.' };
      await release(clusterOf(call), pod, call.signal);
      return { message: 'The pod has its network back.' };
    },
  };
}

function markOf(actionId: string): string {
  return `q-${actionId}`;
}

function record({ order }: ActionCall): Record<string, string> {
  const { id, policy, subject } = order;
  return { [RECORD_ANNOTATION]: JSON.stringify({ action: id, policy, ...subject }) };
}

/** Applies, and looks at what came of it: fields of others that weaken it are an error, not a success. */
async function applyPolicy(cluster: Cluster, { path, manifest }: PolicyObject, signal: AbortSignal): Promise<void> {
  const { spec } = await cluster.apply<KubeObject & { spec: Record<string, unknown> }>({ path, signal }, manifest);
  if (!holds(spec, manifest.spec))
    throw new Failed(`${manifest.kind} ${manifest.metadata.name} is not as it was applied; something else changes it.`);
}

/** An empty list and none are the same to the API server. */
function holds(found: Record<string, unknown>, wanted: Record<string, unknown>): boolean {
  return [...new Set([...Object.keys(found), ...Object.keys(wanted)])].every((key) => isDeepStrictEqual(found[key] ?? [], wanted[key] ?? []));
}

async function release(cluster: Cluster, pod: KubeObject, signal: AbortSignal): Promise<void> {
  const path = podPath(pod.metadata.namespace ?? '', pod.metadata.name);
  await patchMetadata(cluster, path, pod, { labels: { [QUARANTINE_LABEL]: null }, annotations: { [RECORD_ANNOTATION]: null } }, { signal });
}

async function findQuarantined(cluster: Cluster, signal: AbortSignal): Promise<Found[]> {
  const { items } = await cluster.get<{ items: Pod[] }>({ path: ['api', 'v1', 'pods'], query: { labelSelector: QUARANTINE_LABEL }, signal });
  return items.flatMap((pod) => {
    const mark = pod.metadata.labels?.[QUARANTINE_LABEL] ?? '';
    if (!mark.startsWith('q-')) return [];
    const where = `pod ${pod.metadata.namespace ?? ''}/${pod.metadata.name}`;
    return [
      {
        actionId: mark.slice(2),
        where,
        async release(call) {
          await release(cluster, pod, call.signal);
          return { message: `The label was taken off ${where}.` };
        },
      },
    ];
  });
}
