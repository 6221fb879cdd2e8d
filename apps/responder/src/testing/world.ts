import type { ActionPlan } from '@tocsin/domain';
import { z } from 'zod';
import type { ActionCall, ActionDefinition, ActionInstance, AnyAction, Found, TargetFacts, Targets } from '../action.js';
import { Failed, PlanOutdated, Refused, Transient } from '../failure.js';

export interface WorldPod {
  uid: string;
  workload: string;
  protected: boolean;
  hostNetwork: boolean;
  ready: boolean;
  labels: Record<string, string>;
}

/** A process died here: whoever runs must not do anything more. */
export class Crash extends Error {}

/** Where a fault may strike; returns normally, or throws. `effect`: about to change the cluster, or just has. */
export type Strike = (place: 'read' | 'before_effect' | 'after_effect') => void;

/**
 * A cluster in memory for the model test: pods with labels. `hold` takes the label `app` away and marks the pod, as a quarantine does;
 * `once` is done and over; `work` goes on for some polls. It keeps what really happened, for the oracle.
 */
export class World {
  readonly pods = new Map<string, WorldPod>();
  /** Labels as they were made, by uid. */
  readonly original = new Map<string, Record<string, string>>();
  /** How often each action changed the world from "not done" to "done". */
  readonly applied = new Map<string, number>();
  /** What is running in pods, by action id. */
  readonly working = new Map<string, number>();
  strike: Strike = () => undefined;
  onEffect: (call: ActionCall, plan: ActionPlan) => void = () => undefined;
  replicas = 4;

  readonly targets: Targets = {
    knows: (cluster) => cluster === 'c',
    read: async (cluster, target) => {
      this.strike('read');
      if (cluster !== 'c') throw new Refused('unknown_cluster', 'There is no such cluster.');
      return this.#facts(target.name);
    },
  };

  #facts(name: string): TargetFacts {
    const pod = this.pods.get(name);
    if (pod === undefined) throw new Refused('target_gone', 'The pod is gone.');
    const ready = [...this.pods.values()].filter((one) => one.workload === pod.workload && one.ready).length;
    const workload = { kind: 'Deployment', name: pod.workload, uid: `w-${pod.workload}`, replicas: this.replicas };
    return {
      scope: { cluster: 'c', namespace: 'shop', pod: { name, uid: pod.uid }, workload, node: 'n' },
      labels: pod.protected ? { 'tocsin.dev/protected': '' } : {},
      namespaceLabels: {},
      hostNetwork: pod.hostNetwork,
      staticPod: false,
      ready: { pod: pod.ready, workload: ready },
    };
  }

  readonly actions: ReadonlyMap<string, AnyAction<World>> = new Map(
    [this.#definition('quarantine', 'disrupts'), this.#definition('snapshot', 'none'), this.#definition('capture', 'adds')].map((one) => [
      one.type,
      one,
    ]),
  );

  #definition(type: 'quarantine' | 'snapshot' | 'capture', impact: ActionDefinition['impact']): AnyAction<World> {
    const make = { quarantine: hold, snapshot: once, capture: work }[type];
    return {
      type,
      summary: '',
      config: z.never(),
      needs: { targets: ['pod'], permissions: [] },
      impact,
      ...(type === 'capture' && { most: { perPod: 1 } }),
      create: (_config, world) => make(world),
      ...(type === 'quarantine' && { find: async (_cluster: string, world: World) => world.find() }),
    };
  }

  /** The pod of the plan, or what an action says when it is another one. */
  podOf(plan: ActionPlan): WorldPod {
    const { name, uid } = plan.scope.pod ?? { name: '', uid: '' };
    const pod = this.pods.get(name);
    if (pod === undefined) throw new Refused('target_gone', 'The pod is gone.');
    if (pod.uid !== uid) throw new Refused('target_replaced', 'Another pod has its name.');
    return pod;
  }

  change(call: ActionCall, plan: ActionPlan, effect: () => void): void {
    this.strike('before_effect');
    this.onEffect(call, plan);
    effect();
    this.strike('after_effect');
  }

  find(): Found[] {
    return [...this.pods].flatMap(([name, pod]) => {
      const actionId = pod.labels['mark'];
      if (actionId === undefined) return [];
      const release = async () => {
        delete pod.labels['mark'];
        const app = this.original.get(pod.uid)?.['app'];
        if (app !== undefined) pod.labels['app'] = app;
        return { message: 'released' };
      };
      return [{ actionId, where: name, release }];
    });
  }

  count(id: string): void {
    this.applied.set(id, (this.applied.get(id) ?? 0) + 1);
  }
}

function hold(world: World): ActionInstance {
  return {
    async plan({ scope }) {
      world.strike('read');
      const pod = world.pods.get(scope.pod?.name ?? '');
      return { summary: '', changes: [], warnings: [], details: { app: pod?.labels['app'], mark: pod?.labels['mark'] } };
    },
    async run(plan, call) {
      world.strike('read');
      const pod = world.podOf(plan);
      if (pod.labels['mark'] !== call.order.id) {
        if (pod.labels['mark'] !== undefined) throw new Failed('Another action holds it.');
        if (pod.labels['app'] !== plan.details['app']) throw new PlanOutdated('Its labels have changed.');
        world.change(call, plan, () => {
          pod.labels['mark'] = call.order.id;
          delete pod.labels['app'];
          world.count(call.order.id);
        });
      }
      return { effect: {}, then: 'held', message: 'held' };
    },
    async verify(plan, _effect, call) {
      world.strike('read');
      const ok = world.podOf(plan).labels['mark'] === call.order.id;
      return { ok, message: 'seen', contained: ok ? 'full' : 'none' };
    },
    async revert(plan, _effect, call) {
      world.strike('read');
      const pod = world.podOf(plan);
      if (pod.labels['mark'] !== call.order.id) return { message: 'It was not there.' };
      world.strike('before_effect');
      delete pod.labels['mark'];
      if (plan.details['app'] !== undefined) pod.labels['app'] = plan.details['app'] as string;
      world.strike('after_effect');
      return { message: 'put back' };
    },
  };
}

function once(world: World): ActionInstance {
  return {
    plan: async () => ({ summary: '', changes: [], warnings: [], details: {} }),
    async run(plan, call) {
      world.podOf(plan);
      if (!world.applied.has(call.order.id)) world.change(call, plan, () => world.count(call.order.id));
      return { effect: {}, then: 'done', message: 'done', evidence: [call.order.id] };
    },
  };
}

function work(world: World): ActionInstance {
  return {
    plan: async () => ({ summary: '', changes: [], warnings: [], details: {} }),
    async run(plan, call) {
      world.podOf(plan);
      if (!world.working.has(call.order.id)) {
        world.change(call, plan, () => {
          world.working.set(call.order.id, 3);
          world.count(call.order.id);
        });
      }
      return { effect: {}, then: 'working', pollAfterMs: 5_000, message: 'working' };
    },
    async poll(_plan, _effect, call) {
      world.strike('read');
      const left = world.working.get(call.order.id) ?? 0;
      if (left > 0) world.working.set(call.order.id, left - 1);
      return left > 1 ? { effect: {}, then: 'working', pollAfterMs: 5_000, message: 'working' } : { effect: {}, then: 'done', message: 'done' };
    },
    async revert(_plan, _effect, call) {
      world.strike('read');
      if (world.working.has(call.order.id)) world.working.set(call.order.id, 0);
      return { message: 'stopped' };
    },
  };
}

/** Faults by chance: a process that dies, a cluster that does not answer. Nothing after a death is done. */
export function faults(chance: () => number, crashes: number, failures: number): { strike: Strike; dead(): boolean; raise(): void } {
  let dead = false;
  const die = (): void => {
    dead = true;
    throw new Crash('The process died.');
  };
  return {
    dead: () => dead,
    raise: () => {
      if (dead) throw new Crash('The process is dead.');
      if (chance() < crashes) die();
    },
    strike: (place) => {
      if (dead) throw new Crash('The process is dead.');
      if (chance() < crashes) die();
      if (place !== 'after_effect' && chance() < failures) throw new Transient('The cluster does not answer.');
      // The reply was lost: the change is done, and the caller does not know.
      if (place === 'after_effect' && chance() < failures) throw new Transient('The reply was lost.');
    },
  };
}
