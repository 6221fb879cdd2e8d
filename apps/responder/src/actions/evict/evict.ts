import { z } from 'zod';
import type { ActionCall, ActionDefinition } from '../../action.js';
import { KubernetesError } from '../../kubernetes/kubernetes-error.js';
import { podPath } from '../../kubernetes/paths.js';
import type { ActionDeps } from '../deps.js';
import { READ_WORKLOADS } from '../permissions.js';
import type { ActionPlan } from '@tocsin/domain';

/** Kept by PodDisruptionBudgets: too many requests (429) means that one does not allow it now. */
export const evict: ActionDefinition<Record<string, never>, ActionDeps> = {
  type: 'evict',
  summary: 'Evicts a pod, as its disruption budgets allow. Its memory and disk are lost: collect evidence first.',
  config: z.strictObject({}),
  needs: { targets: ['pod'], permissions: [...READ_WORKLOADS, { group: '', resource: 'pods/eviction', verbs: ['create'] }] },
  impact: 'disrupts',
  create(_config, { clusters }) {
    const send = ({ scope }: ActionPlan, { order, signal }: ActionCall, dryRun: boolean): Promise<unknown> => {
      const { namespace = '', pod = { name: '', uid: '' } } = scope;
      const body = {
        apiVersion: 'policy/v1',
        kind: 'Eviction',
        metadata: { namespace, name: pod.name },
        deleteOptions: { preconditions: { uid: pod.uid } },
      };
      const query = dryRun ? { dryRun: 'All' } : {};
      return clusters.get(order.cluster).post({ path: [...podPath(namespace, pod.name), 'eviction'], query, signal }, body);
    };
    return {
      async plan({ scope }) {
        const { namespace = '', pod, workload } = scope;
        const replaced = workload === undefined ? 'Nothing replaces it.' : `${workload.kind} ${workload.name} replaces it.`;
        return {
          summary: `Evict pod ${namespace}/${pod?.name ?? ''}.`,
          changes: [`The pod is deleted. ${replaced}`],
          warnings: ['What it holds in memory and on its own disk is lost.'],
          details: {},
        };
      },
      dryRun: async (plan, call) => void (await send(plan, call, true)),
      async run(plan, call) {
        try {
          await send(plan, call, false);
        } catch (error) {
          // Gone, or another pod has its name: this pod is evicted, now or by the attempt before.
          const gone = error instanceof KubernetesError && (error.status === 404 || (error.status === 409 && /precondition/i.test(error.message)));
          if (!gone) throw error;
        }
        return { effect: {}, then: 'done', message: 'The pod is evicted.' };
      },
    };
  },
};
