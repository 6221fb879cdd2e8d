import type { ActionPlan } from '@tocsin/domain';
import { z } from 'zod';
import type { ActionCall, ActionDefinition } from '../../action.js';
import { PlanOutdated, Refused } from '../../failure.js';
import type { KubeObject } from '../../kubernetes/cluster.js';
import { nameOf } from '../../kubernetes/paths.js';
import { readSame } from '../../kubernetes/metadata.js';
import { canScale, isWorkloadKind, workloadPath } from '../../kubernetes/workloads.js';
import type { ActionDeps } from '../deps.js';
import { READ_WORKLOADS } from '../permissions.js';

const config = z.strictObject({
  /** How many pods are left. */
  replicas: z.number().int().min(0).max(10_000).default(0),
});

interface Scale extends KubeObject {
  spec: { replicas?: number };
}

const SCALE: readonly string[] = ['deployments', 'statefulsets', 'replicasets'];

export const scale: ActionDefinition<z.infer<typeof config>, ActionDeps> = {
  type: 'scale',
  summary: 'Sets the number of replicas of a workload, by default to none. An outage on purpose; autoscalers and GitOps may fight it.',
  config,
  needs: {
    targets: ['workload'],
    permissions: [...READ_WORKLOADS, ...SCALE.map((name) => ({ group: 'apps', resource: `${name}/scale`, verbs: ['get', 'patch'] }))],
  },
  impact: 'disrupts',
  create({ replicas }, { clusters }) {
    const pathOf = ({ details }: ActionPlan): string[] => details['path'] as string[];
    const read = (plan: ActionPlan, { order, signal }: ActionCall): Promise<Scale> =>
      readSame<Scale>(clusters.get(order.cluster), pathOf(plan), String(plan.details['uid']), signal);
    const write = (plan: ActionPlan, { order, signal }: ActionCall, { metadata }: Scale, to: number, dryRun = false): Promise<Scale> => {
      const body = { metadata: { uid: metadata.uid, resourceVersion: metadata.resourceVersion }, spec: { replicas: to } };
      return clusters.get(order.cluster).patch({ path: pathOf(plan), signal, ...(dryRun && { query: { dryRun: 'All' } }) }, 'merge', body);
    };
    return {
      async plan({ scope }, call) {
        const { namespace, name } = nameOf(call.order.target);
        const kind = scope.workload?.kind ?? '';
        if (!isWorkloadKind(kind) || !canScale(kind)) throw new Refused('unsupported', `A ${kind} has no number of replicas to set.`);
        const path = [...workloadPath(kind, namespace, name), 'scale'];
        const { metadata, spec } = await clusters.get(call.order.cluster).get<Scale>({ path, signal: call.signal });
        return {
          summary: `Scale ${kind} ${namespace}/${name} to ${replicas}.`,
          changes: [`spec.replicas: ${spec.replicas ?? 0} → ${replicas}`],
          warnings: ['A HorizontalPodAutoscaler or GitOps may set it back.'],
          details: { path, uid: metadata.uid, before: spec.replicas ?? 0, after: replicas },
        };
      },
      dryRun: async (plan, call) => void (await write(plan, call, await read(plan, call), replicas, true)),
      async run(plan, call) {
        const now = await read(plan, call);
        const { before, after } = plan.details;
        const count = now.spec.replicas ?? 0;
        if (count !== before && count !== after) throw new PlanOutdated('Its number of replicas has changed since it was planned.');
        if (count !== after) await write(plan, call, now, Number(after));
        return { effect: {}, then: 'held', message: `It is scaled to ${Number(after)}.` };
      },
      async verify(plan, _effect, call) {
        const count = (await read(plan, call)).spec.replicas ?? 0;
        const ok = count === plan.details['after'];
        // Where no pod runs, nothing reaches anything.
        const contained = count === 0 ? 'full' : 'none';
        return { ok, message: ok ? `It is scaled to ${count}.` : `Somebody scaled it to ${count} since.`, contained };
      },
      async revert(plan, _effect, call) {
        const now = await read(plan, call);
        const { before, after } = plan.details;
        // The API leaves a count of 0 out.
        const count = now.spec.replicas ?? 0;
        if (count !== after) return { message: `It is left at ${count}: somebody else set that since.` };
        await write(plan, call, now, Number(before));
        return { message: `It is scaled to ${Number(before)} again.` };
      },
    };
  },
};
