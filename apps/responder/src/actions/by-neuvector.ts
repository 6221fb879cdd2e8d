import type { ActionCall, ActionInstance } from '../action.js';
import { Failed, Refused, Transient } from '../failure.js';
import { NeuvectorError } from '../neuvector/error.js';
import type { Neuvector } from '../neuvector/neuvector.js';

/** An action by the NeuVector of a cluster: which one is known with the order. What NeuVector says is told in our words. */
export function byNeuvector(controllers: ReadonlyMap<string, Neuvector>, make: (neuvector: Neuvector) => ActionInstance): ActionInstance {
  const ask = async <T>({ order }: ActionCall, work: (instance: ActionInstance) => Promise<T>): Promise<T> => {
    const neuvector = controllers.get(order.cluster);
    if (neuvector === undefined) {
      throw new Refused('unsupported', `No NeuVector is configured for the cluster "${order.cluster}"; see \`responder.clusters[].neuvector\`.`);
    }
    try {
      return await work(make(neuvector));
    } catch (error) {
      throw failureOf(error);
    }
  };
  return {
    plan: (target, call) => ask(call, (instance) => instance.plan(target, call)),
    run: (plan, call) => ask(call, (instance) => instance.run(plan, call)),
    poll: (plan, effect, call) =>
      ask(call, async (instance) => instance.poll?.(plan, effect, call) ?? { effect, then: 'done', message: 'It is done.' }),
    verify: (plan, effect, call) =>
      ask(call, async (instance) => instance.verify?.(plan, effect, call) ?? { ok: true, message: 'There is nothing to look for.' }),
    revert: (plan, effect, call) => ask(call, async (instance) => instance.revert?.(plan, effect, call) ?? { message: 'There was nothing to undo.' }),
  };
}

function failureOf(error: unknown): unknown {
  if (!(error instanceof NeuvectorError)) return error;
  const { kind, message, gone } = error;
  const options = { cause: error };
  if (kind === 'transient') return new Transient(message, options);
  if (kind === 'permission') return new Refused('missing_permission', message, options);
  if (kind === 'refused') return new Refused(gone ? 'target_gone' : 'unsupported', message, options);
  return new Failed(message, options);
}
