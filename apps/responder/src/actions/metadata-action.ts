import type { ActionPlan } from '@tocsin/domain';
import type { ActionCall, ActionInstance, TargetFacts } from '../action.js';
import { Refused } from '../failure.js';
import type { KubeObject } from '../kubernetes/cluster.js';
import { patchMetadata, putBack, readSame, requireValues, valuesOf, type Field, type Values } from '../kubernetes/metadata.js';
import { nameOf, nodePath, podPath } from '../kubernetes/paths.js';
import { isWorkloadKind, workloadPath } from '../kubernetes/workloads.js';
import type { ActionDeps } from './deps.js';

interface Details {
  path: string[];
  uid: string;
  before: Values;
  after: Values;
  [key: string]: unknown;
}

/** Sets labels or annotations on a pod, workload or node, and puts back what was there. */
export function metadataAction(field: Field, after: Values, { clusters }: ActionDeps): ActionInstance {
  const detailsOf = ({ details }: ActionPlan): Details => details as Details;
  const read = ({ path, uid }: Details, { order, signal }: ActionCall) => readSame(clusters.get(order.cluster), path, uid, signal);
  return {
    async plan(target, call) {
      const cluster = clusters.get(call.order.cluster);
      const path = pathOf(target, call);
      const object = await cluster.get<KubeObject>({ path, signal: call.signal });
      const before = valuesOf(object, field, Object.keys(after));
      const details: Details = { path, uid: object.metadata.uid, before, after };
      const changes = Object.entries(after).map(([key, value]) => `${field.slice(0, -1)} ${key}: ${text(before[key])} → ${text(value)}`);
      return { summary: `Set ${field} on ${call.order.target.type} ${call.order.target.name}.`, changes, warnings: [], details };
    },
    async dryRun(plan, call) {
      const details = detailsOf(plan);
      await patchMetadata(clusters.get(call.order.cluster), details.path, await read(details, call), { [field]: after }, { ...call, dryRun: true });
    },
    async run(plan, call) {
      const details = detailsOf(plan);
      const object = await read(details, call);
      requireValues(object, field, details.before, details.after);
      await patchMetadata(clusters.get(call.order.cluster), details.path, object, { [field]: details.after }, call);
      return { effect: {}, then: 'held', message: `The ${field} are set.` };
    },
    async verify(plan, _effect, call) {
      const details = detailsOf(plan);
      const now = valuesOf(await read(details, call), field, Object.keys(details.after));
      const lost = Object.keys(details.after).filter((key) => now[key] !== details.after[key]);
      return lost.length === 0
        ? { ok: true, message: `The ${field} are there.` }
        : { ok: false, message: `Somebody changed ${lost.join(', ')} since.` };
    },
    async revert(plan, _effect, call) {
      const details = detailsOf(plan);
      const object = await read(details, call);
      const { change, left } = putBack(object, field, details.before, details.after);
      if (Object.keys(change).length > 0) {
        await patchMetadata(clusters.get(call.order.cluster), details.path, object, { [field]: change }, call);
      }
      const others = left.length === 0 ? '' : ` Left as it is, since somebody else changed it: ${left.join(', ')}.`;
      return { message: `The ${field} are as they were.${others}` };
    },
  };
}

function pathOf({ scope }: TargetFacts, { order }: ActionCall): string[] {
  const { namespace, name } = nameOf(order.target);
  if (order.target.type === 'pod') return podPath(namespace, name);
  if (order.target.type === 'node') return nodePath(name);
  const { kind = '' } = scope.workload ?? {};
  if (!isWorkloadKind(kind)) throw new Refused('unsupported', `A ${order.target.type} cannot be changed.`);
  return workloadPath(kind, namespace, name);
}

function text(value: string | null | undefined): string {
  return value === null || value === undefined ? '(none)' : JSON.stringify(value);
}
