import type { ActionPlan } from '@tocsin/domain';
import type { ActionCall, ActionInstance } from '../../action.js';
import { Refused } from '../../failure.js';
import type { Workload } from '../../neuvector/answers.js';
import type { Neuvector } from '../../neuvector/neuvector.js';

/**
 * Quarantine by NeuVector's enforcer: it drops all traffic in the pod's own network namespace, whatever policies allow. It has no end and
 * knows no reason; both are ours. Kubernetes is not changed.
 */
export function quarantineByNeuVector(neuvector: Neuvector): ActionInstance {
  const find = async ({ scope }: Pick<ActionPlan, 'scope'>, { signal }: ActionCall): Promise<Workload> => {
    const { namespace = '', pod } = scope;
    const workload = await neuvector.findPod(namespace, pod?.name ?? '', signal);
    if (workload === undefined) throw new Refused('target_gone', `NeuVector knows no pod ${namespace}/${pod?.name ?? ''}.`);
    return workload;
  };
  /** NeuVector names a pod by its container's id: another pod of the name is another workload. */
  const findSame = async (plan: ActionPlan, call: ActionCall): Promise<Workload> => {
    const workload = await find(plan, call);
    if (workload.id !== plan.details['workload']) throw new Refused('target_replaced', 'Another pod has the name of the target by now.');
    return workload;
  };
  return {
    async plan({ scope }, call) {
      const workload = await find({ scope }, call);
      if (!workload.canQuarantine)
        throw new Refused('unsupported', 'NeuVector cannot quarantine the pod: it is on its node’s network, or is not intercepted.');
      const already = workload.state === 'quarantined';
      return {
        summary: `Cut pod ${scope.namespace ?? ''}/${scope.pod?.name ?? ''} off the network by NeuVector.`,
        changes: already ? [] : ['NeuVector’s enforcer drops all traffic of the pod, both ways.'],
        warnings: [
          ...(already ? ['NeuVector holds the pod already; it stays held when this action ends.'] : []),
          'Probes over the network may fail, and Kubernetes may then restart the container.',
        ],
        details: { workload: workload.id, already, contained: 'full' },
      };
    },
    async run(plan, call) {
      const workload = await findSame(plan, call);
      if (workload.state !== 'quarantined') await neuvector.quarantine(workload.id, call.signal);
      return { effect: {}, then: 'held', message: 'The pod is cut off by NeuVector.' };
    },
    async verify(plan, _effect, call) {
      const ok = (await findSame(plan, call)).state === 'quarantined';
      if (ok) return { ok, message: 'NeuVector says that the pod is quarantined.', contained: 'full' };
      return { ok, message: 'NeuVector does not hold the pod.', contained: 'none' };
    },
    async revert(plan, _effect, call) {
      if (plan.details['already'] === true) return { message: 'NeuVector held the pod before, and still does.' };
      const workload = await findSame(plan, call);
      if (workload.state === 'quarantined') await neuvector.release(workload.id, call.signal);
      return { message: 'The pod has its network back.' };
    },
  };
}
