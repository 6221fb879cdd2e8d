import type { ActionPlan } from '@tocsin/domain';
import { z } from 'zod';
import type { ActionCall, ActionDefinition, ActionInstance } from '../../action.js';
import { PlanOutdated } from '../../failure.js';
import type { Cluster, KubeObject } from '../../kubernetes/cluster.js';
import { readSame } from '../../kubernetes/metadata.js';
import { nodePath } from '../../kubernetes/paths.js';
import type { ActionDeps } from '../deps.js';
import { PATCH_NODES } from '../permissions.js';

interface Node extends KubeObject {
  spec: { unschedulable?: boolean };
}

/** Names the action that cordoned the node, so that it is found without our records. */
export const CORDONED_BY = 'tocsin.dev/cordoned-by';

export const cordon: ActionDefinition<Record<string, never>, ActionDeps> = {
  type: 'cordon',
  summary: 'Keeps new pods off a node. Those on it run on: draining would destroy evidence.',
  config: z.strictObject({}),
  needs: { targets: ['node'], permissions: [{ group: '', resource: 'nodes', verbs: ['get', 'list'], clusterWide: true }, PATCH_NODES] },
  impact: 'adds',
  create: (_config, deps) => createCordon(deps),
  async find(name, { clusters }, signal) {
    const cluster = clusters.get(name);
    const { items } = await cluster.get<{ items: Node[] }>({ path: ['api', 'v1', 'nodes'], signal });
    return items.flatMap((node) => {
      const actionId = node.metadata.annotations?.[CORDONED_BY];
      if (actionId === undefined) return [];
      const release = async (call: Pick<ActionCall, 'signal'>) => {
        await patch(cluster, node, false, null, call);
        return { message: `Node ${node.metadata.name} takes pods again.` };
      };
      return [{ actionId, where: `node ${node.metadata.name}`, release }];
    });
  },
};

function createCordon({ clusters }: ActionDeps): ActionInstance {
  const read = (plan: ActionPlan, { order, signal }: ActionCall): Promise<Node> =>
    readSame<Node>(clusters.get(order.cluster), nodePath(String(plan.details['node'])), String(plan.details['uid']), signal);
  return {
    async plan({ scope }, call) {
      const name = scope.node ?? '';
      const node = await clusters.get(call.order.cluster).get<Node>({ path: nodePath(name), signal: call.signal });
      const cordoned = node.spec.unschedulable === true && node.metadata.annotations?.[CORDONED_BY] === undefined;
      return {
        summary: `Cordon node ${name}.`,
        changes: cordoned ? [] : ['spec.unschedulable: false → true'],
        warnings: cordoned ? ['Somebody cordoned the node already; it will stay so when this action ends.'] : [],
        details: { node: name, uid: node.metadata.uid, cordoned },
      };
    },
    async dryRun(plan, call) {
      if (plan.details['cordoned'] === true) return;
      await patch(clusters.get(call.order.cluster), await read(plan, call), true, call.order.id, { signal: call.signal, dryRun: true });
    },
    async run(plan, call) {
      const node = await read(plan, call);
      const ours = node.metadata.annotations?.[CORDONED_BY] === call.order.id;
      if (plan.details['cordoned'] === true) return { effect: {}, then: 'held', message: 'The node was cordoned already.' };
      if (node.spec.unschedulable === true && !ours) throw new PlanOutdated('Somebody cordoned the node since.');
      if (!ours || node.spec.unschedulable !== true) await patch(clusters.get(call.order.cluster), node, true, call.order.id, call);
      return { effect: {}, then: 'held', message: 'The node takes no new pods.' };
    },
    async verify(plan, _effect, call) {
      const ok = (await read(plan, call)).spec.unschedulable === true;
      return { ok, message: ok ? 'The node takes no new pods.' : 'Somebody uncordoned the node since.' };
    },
    async revert(plan, _effect, call) {
      const node = await read(plan, call);
      if (node.metadata.annotations?.[CORDONED_BY] !== call.order.id) return { message: 'The node is left as it is: this action does not hold it.' };
      await patch(clusters.get(call.order.cluster), node, false, null, call);
      return { message: 'The node takes pods again.' };
    },
  };
}

function patch(
  cluster: Cluster,
  { metadata }: Node,
  unschedulable: boolean,
  by: string | null,
  { signal, dryRun = false }: { signal: AbortSignal; dryRun?: boolean },
): Promise<Node> {
  const { uid, resourceVersion, name } = metadata;
  const body = { metadata: { uid, resourceVersion, annotations: { [CORDONED_BY]: by } }, spec: { unschedulable } };
  return cluster.patch({ path: nodePath(name), signal, ...(dryRun && { query: { dryRun: 'All' } }) }, 'merge', body);
}
