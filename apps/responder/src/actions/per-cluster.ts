import type { ActionCall, ActionInstance } from '../action.js';
import { Refused } from '../failure.js';

/** An action by a system that each cluster has one of, or none: which one is known with the order. */
export function perCluster<System>(systems: ReadonlyMap<string, System>, make: (system: System) => ActionInstance): ActionInstance {
  const of = ({ order }: ActionCall): ActionInstance => {
    const system = systems.get(order.cluster);
    if (system === undefined)
      throw new Refused('unsupported', `No NeuVector is configured for the cluster "${order.cluster}"; see \`responder.clusters[].neuvector\`.`);
    return make(system);
  };
  return {
    plan: async (target, call) => of(call).plan(target, call),
    run: async (plan, call) => of(call).run(plan, call),
    poll: async (plan, effect, call) => of(call).poll?.(plan, effect, call) ?? { effect, then: 'done', message: 'It is done.' },
    verify: async (plan, effect, call) => of(call).verify?.(plan, effect, call) ?? { ok: true, message: 'There is nothing to look for.' },
    revert: async (plan, effect, call) => of(call).revert?.(plan, effect, call) ?? { message: 'There was nothing to undo.' },
  };
}
