import type { ActionPlan } from '@tocsin/domain';
import { z } from 'zod';
import type { ActionCall, ActionDefinition, ActionInstance } from '../../action.js';
import { Refused } from '../../failure.js';
import type { KubeObject } from '../../kubernetes/cluster.js';
import { patchMetadata, putBack, readSame, requireValues, valuesOf, type Values } from '../../kubernetes/metadata.js';
import { podPath } from '../../kubernetes/paths.js';
import type { Pod } from '../../kubernetes/pod.js';
import type { ActionDeps } from '../deps.js';
import { PATCH_PODS, READ_WORKLOADS } from '../permissions.js';

/** Names the action that detached the pod. */
export const DETACHED_BY = 'tocsin.dev/detached-by';

const config = z.strictObject({
  /**
   * What happens at the end: `restore` gives its labels back, and its ReplicaSet adopts it again and deletes one pod, which may be
   * this one. `keep` leaves the pod an orphan, for people to dispose of when its evidence is safe.
   */
  release: z.enum(['restore', 'keep']).default('restore'),
});

export const detach: ActionDefinition<z.infer<typeof config>, ActionDeps> = {
  type: 'detach',
  summary: 'Takes a pod out of its ReplicaSet and its Services by taking its labels away; a new pod takes its place, and this one is kept.',
  config,
  needs: { targets: ['pod'], permissions: [...READ_WORKLOADS, PATCH_PODS] },
  impact: 'disrupts',
  create: (settings, deps) => createDetach(settings, deps),
};

function createDetach({ release }: z.infer<typeof config>, { clusters }: ActionDeps): ActionInstance {
  const pathOf = ({ scope }: ActionPlan): string[] => podPath(scope.namespace ?? '', scope.pod?.name ?? '');
  const read = (plan: ActionPlan, { order, signal }: ActionCall): Promise<Pod> =>
    readSame<Pod>(clusters.get(order.cluster), pathOf(plan), plan.scope.pod?.uid ?? '', signal);
  const labelsOf = ({ details }: ActionPlan): { before: Values; after: Values } => details as { before: Values; after: Values };
  return {
    async plan({ scope }, call) {
      const { namespace = '', pod = { name: '', uid: '' } } = scope;
      const current = await clusters.get(call.order.cluster).get<KubeObject>({ path: podPath(namespace, pod.name), signal: call.signal });
      const owner = current.metadata.ownerReferences?.find(({ controller }) => controller === true);
      const by = current.metadata.annotations?.[DETACHED_BY];
      // A pod that this action detached has no owner any more.
      if (by !== call.order.id && owner?.kind !== 'ReplicaSet') {
        const whose = owner === undefined ? 'Nothing owns the pod' : `A ${owner.kind} owns the pod, and would make another by its name or fail to`;
        throw new Refused('unsupported', `${whose}; only pods of a ReplicaSet are detached.`);
      }
      const keys = Object.keys(current.metadata.labels ?? {})
        .filter((key) => !key.startsWith('tocsin.dev/'))
        .toSorted();
      const before = valuesOf(current, 'labels', keys);
      const after = Object.fromEntries(keys.map((key) => [key, null]));
      return {
        summary: `Take pod ${namespace}/${pod.name} out of its ReplicaSet and Services.`,
        changes: keys.map((key) => `label ${key}: ${before[key] ?? ''} → (none)`),
        warnings: ['Policies of others that select the pod by its labels, of a service mesh for example, do not apply to it any more.'],
        details: { before, after },
      };
    },
    async dryRun(plan, call) {
      const change = { labels: labelsOf(plan).after, annotations: { [DETACHED_BY]: call.order.id } };
      await patchMetadata(clusters.get(call.order.cluster), pathOf(plan), await read(plan, call), change, { ...call, dryRun: true });
    },
    async run(plan, call) {
      const pod = await read(plan, call);
      const { before, after } = labelsOf(plan);
      requireValues(pod, 'labels', before, after);
      const change = { labels: after, annotations: { [DETACHED_BY]: call.order.id } };
      if (pod.metadata.annotations?.[DETACHED_BY] !== call.order.id)
        await patchMetadata(clusters.get(call.order.cluster), pathOf(plan), pod, change, call);
      return { effect: {}, then: 'held', message: 'The pod stands alone.' };
    },
    async verify(plan, _effect, call) {
      const { after } = labelsOf(plan);
      const now = valuesOf(await read(plan, call), 'labels', Object.keys(after));
      const back = Object.keys(after).filter((key) => now[key] !== null);
      return back.length === 0
        ? { ok: true, message: 'The pod stands alone.' }
        : { ok: false, message: `Somebody gave it the labels ${back.join(', ')} again.` };
    },
    async revert(plan, _effect, call) {
      const pod = await read(plan, call);
      if (pod.metadata.annotations?.[DETACHED_BY] !== call.order.id) return { message: 'The pod was not detached by this action.' };
      const { before, after } = labelsOf(plan);
      const { change, left } = release === 'restore' ? putBack(pod, 'labels', before, after) : { change: {}, left: [] };
      await patchMetadata(clusters.get(call.order.cluster), pathOf(plan), pod, { labels: change, annotations: { [DETACHED_BY]: null } }, call);
      if (release === 'keep') return { message: 'The pod is left as it is, an orphan; dispose of it when its evidence is safe.' };
      const others = left.length === 0 ? '' : ` Left as they are, since somebody else changed them: ${left.join(', ')}.`;
      return { message: `The pod has its labels back.${others}` };
    },
  };
}
