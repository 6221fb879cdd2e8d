import { z } from 'zod';
import type { ActionCall, ActionDefinition } from '../../action.js';
import type { Cluster, KubeObject } from '../../kubernetes/cluster.js';
import { KubernetesError } from '../../kubernetes/kubernetes-error.js';
import { nameOf, networkPoliciesPath, podPath } from '../../kubernetes/paths.js';
import type { Pod } from '../../kubernetes/pod.js';
import { findWorkload, isWorkloadKind, readWorkload } from '../../kubernetes/workloads.js';
import type { ActionDeps } from '../deps.js';
import { READ_WORKLOADS } from '../permissions.js';

const config = z.strictObject({
  /** Last lines of each container's log. */
  logLines: z.number().int().min(0).max(10_000).default(500),
});

/** Most of one container's log. */
const LOG_MAX_BYTES = 512 * 1024;

export const snapshot: ActionDefinition<z.infer<typeof config>, ActionDeps> = {
  type: 'snapshot',
  summary: 'Keeps what the cluster knows of a pod or workload now: description, owners, events, logs, network policies. Changes nothing.',
  config,
  needs: {
    targets: ['pod', 'workload'],
    permissions: [
      ...READ_WORKLOADS,
      { group: '', resource: 'pods/log', verbs: ['get'] },
      { group: '', resource: 'events', verbs: ['list'] },
      { group: 'networking.k8s.io', resource: 'networkpolicies', verbs: ['list'] },
    ],
  },
  impact: 'none',
  create({ logLines }, { clusters, evidence }) {
    return {
      async plan({ scope }, { order }) {
        const what = `${order.target.type} ${order.target.name}`;
        return {
          summary: `Keep what is known of ${what}.`,
          changes: [],
          warnings: [],
          details: { uid: scope.pod?.uid ?? scope.workload?.uid ?? '' },
        };
      },
      async run(plan, call) {
        const { order, signal } = call;
        const { namespace, name } = nameOf(order.target);
        const cluster = clusters.get(order.cluster);
        const found: Record<string, unknown> = order.target.type === 'pod' ? await ofPod(cluster, namespace, name, logLines, call) : {};
        if (order.target.type === 'workload') found['workload'] = await findWorkload(cluster, namespace, name, signal);
        // What cannot be had for want of a right or because it is gone is said in its place: the rest is worth keeping all the same.
        found['networkPolicies'] = await attempt(() => cluster.get({ path: networkPoliciesPath(namespace), signal }));
        found['events'] = await attempt(() =>
          cluster.get({ path: ['api', 'v1', 'namespaces', namespace, 'events'], query: { fieldSelector: `involvedObject.name=${name}` }, signal }),
        );
        const id = await evidence.keep({
          action: order.id,
          incident: order.subject.incident,
          name: 'snapshot.json',
          mediaType: 'application/json',
          bytes: Buffer.from(JSON.stringify({ taken_at: new Date(call.now()).toISOString(), target: order.target, ...found }, undefined, 1)),
          source: { ...plan.scope },
        });
        return { effect: {}, then: 'done', message: `What was known of ${order.target.name} is kept.`, evidence: [id] };
      },
    };
  },
};

async function ofPod(cluster: Cluster, namespace: string, name: string, logLines: number, { signal }: ActionCall): Promise<Record<string, unknown>> {
  const pod = await cluster.get<Pod>({ path: podPath(namespace, name), signal });
  const logs: Record<string, unknown> = {};
  for (const { name: container } of logLines > 0 ? pod.spec.containers : []) {
    const query = { container, tailLines: String(logLines), limitBytes: String(LOG_MAX_BYTES), timestamps: 'true' };
    const path = [...podPath(namespace, name), 'log'];
    logs[container] = await attempt(async () => (await cluster.bytes({ path, query, signal }, 2 * LOG_MAX_BYTES)).toString('utf8'));
  }
  return { pod, logs, owners: await owners(cluster, pod, signal) };
}

/** From the pod's own controller up to the topmost. */
async function owners(cluster: Cluster, pod: Pod, signal: AbortSignal): Promise<unknown[]> {
  const chain: unknown[] = [];
  let object: KubeObject | undefined = pod;
  while (object !== undefined) {
    const owner = object.metadata.ownerReferences?.find(({ controller }) => controller === true);
    if (owner === undefined || !isWorkloadKind(owner.kind)) return chain;
    const { kind } = owner;
    const next = await attempt(() => readWorkload(cluster, kind, pod.metadata.namespace ?? '', owner.name, signal));
    chain.push(next);
    object = next !== null && typeof next === 'object' && 'metadata' in next ? (next as KubeObject) : undefined;
  }
  return chain;
}

/** What it gives, or what kept it from it. A cluster that does not answer is no finding: it is asked again. */
async function attempt(read: () => Promise<unknown>): Promise<unknown> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof KubernetesError) || error.status === 0 || error.status === 429) throw error;
    return { unavailable: error.message };
  }
}
