import { beforeAll, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ActionPlan, ActionTarget } from '@tocsin/domain';
import type { Collected } from '@tocsin/evidence';
import { describeReal, sharedApiServer, type KubeAdmin } from '@tocsin/testing';
import type { ActionCall, ActionInstance, AnyAction } from '../action.js';
import { failureOf } from '../kubernetes/kubernetes-error.js';
import { openClusters } from '../kubernetes/clusters.js';
import { rolesOf } from '../kubernetes/roles.js';
import { kubernetesTargets } from '../kubernetes/targets.js';
import type { ActionDeps } from './deps.js';

/** How an action shows itself to the contract. */
export interface ActionCase {
  definition: AnyAction<ActionDeps>;
  /** As a policy would write it. */
  config?: Record<string, unknown>;
  /** Makes what the action is done to. */
  prepare(admin: KubeAdmin, namespace: string): Promise<ActionTarget>;
  /** All of the world that the action may change; compared before, during and after. */
  look(admin: KubeAdmin, namespace: string): Promise<unknown>;
  /** What `look` sees while it stands. */
  during: unknown;
  /** Takes the target away and puts another one of its name there; absent where that cannot be. */
  replace?(admin: KubeAdmin, namespace: string): Promise<void>;
  /** It needs no right to change anything. */
  readsOnly?: boolean;
}

export interface Bench {
  admin: KubeAdmin;
  namespace: string;
  target: ActionTarget;
  instance: ActionInstance;
  deps: ActionDeps;
  /** What it collected. */
  kept: ReadonlyMap<string, Collected>;
  plan(): Promise<ActionPlan>;
  call(parts?: Partial<ActionCall['order']>): ActionCall;
}

/** Everything an action needs on a real API server, as an account that has the action's generated roles and nothing else. */
export async function openBench({ definition, config = {}, prepare }: Pick<ActionCase, 'definition' | 'config' | 'prepare'>): Promise<Bench> {
  const admin = await sharedApiServer();
  const namespace = await admin.namespace();
  const target = await prepare(admin, namespace);
  const account = `responder-${randomUUID().slice(0, 8)}`;
  const { user, kubeconfig } = await admin.serviceAccount(namespace, account);
  const roles = rolesOf(definition);
  const subjects = [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }];
  const rbac = '/apis/rbac.authorization.k8s.io/v1';
  for (const [kind, role] of Object.entries(roles)) {
    const name = `${role.metadata.name}-${account}`;
    await admin.must('POST', `${rbac}/clusterroles`, { ...role, metadata: { name } });
    const binding = { metadata: { name }, subjects, roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name } };
    const where = kind === 'clusterWide' ? 'clusterrolebindings' : `namespaces/${namespace}/rolebindings`;
    await admin.must('POST', `${rbac}/${where}`, binding);
  }
  const directory = await mkdtemp(join(tmpdir(), 'tocsin-kubeconfig-'));
  const file = join(directory, 'kubeconfig');
  await writeFile(file, kubeconfig);
  const kept = new Map<string, Collected>();
  const deps: ActionDeps = {
    clusters: openClusters([{ name: 'test', kubeconfig: file, inCluster: false }]),
    evidence: {
      keep: async (collected) => {
        const id = `${collected.action}/${collected.name}`;
        if (!kept.has(id)) kept.set(id, collected);
        return id;
      },
    },
    neuvector: new Map(),
    capture: { image: `registry.example.com/tocsin-capture@sha256:${'a'.repeat(64)}`, maxBytes: 6_000_000, maxSeconds: 300 },
  };
  await rm(directory, { recursive: true });
  const instance = definition.create(definition.config.parse(config) as never, deps);
  const order = { id: randomUUID(), cluster: 'test', target, subject: { incident: randomUUID() }, policy: 'contract' };
  const call = (parts: Partial<ActionCall['order']> = {}): ActionCall => ({
    order: { ...order, ...parts },
    now: () => Date.now(),
    signal: AbortSignal.timeout(30_000),
  });
  const plan = async (): Promise<ActionPlan> => {
    const facts = await kubernetesTargets(deps.clusters).read('test', target, AbortSignal.timeout(30_000));
    return { ...(await instance.plan(facts, call())), scope: facts.scope };
  };
  return { admin, namespace, target, instance, deps, kept, plan, call };
}

/** What every action keeps, whatever it does. */
export function runActionContract(action: ActionCase): void {
  describeReal('kubernetes', `the action ${action.definition.type}, on a real API server with its own role`, () => {
    let bench: Bench;
    let before: unknown;
    beforeAll(async () => {
      bench = await openBench(action);
      before = await action.look(bench.admin, bench.namespace);
    }, 400_000);
    const look = (): Promise<unknown> => action.look(bench.admin, bench.namespace);

    describe('in its order', () => {
      let plan: ActionPlan;
      let effect: Record<string, unknown>;
      it('plans the same twice, and changes nothing', async () => {
        plan = await bench.plan();
        expect(await bench.plan()).toEqual(plan);
        expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
        expect(plan.summary).toMatch(/\.$/);
        expect(await look()).toEqual(before);
      });

      it('asks whether it would be taken, and changes nothing', async () => {
        await bench.instance.dryRun?.(plan, bench.call());
        expect(await look()).toEqual(before);
      });

      it('is done, and done again is done once', async () => {
        const result = await bench.instance.run(plan, bench.call());
        effect = result.effect;
        expect(await look()).toEqual(action.during);
        const again = await bench.instance.run(plan, bench.call());
        expect(again.then).toBe(result.then);
        expect(await look()).toEqual(action.during);
      });

      it('is found when it is looked for', async () => {
        const seen = await bench.instance.verify?.(plan, effect, bench.call());
        if (seen !== undefined) expect(seen).toMatchObject({ ok: true });
      });

      it('is undone exactly, and undone again stays so', async () => {
        const { revert } = bench.instance;
        if (revert === undefined) return;
        await revert.call(bench.instance, plan, effect, bench.call());
        expect(await look()).toEqual(before);
        await revert.call(bench.instance, plan, effect, bench.call());
        expect(await look()).toEqual(before);
      });

      it('is undone from its plan alone, when a crash took what it left', async () => {
        const { revert } = bench.instance;
        if (revert === undefined) return;
        const next = await bench.plan();
        await bench.instance.run(next, bench.call());
        await revert.call(bench.instance, next, undefined, bench.call());
        expect(await look()).toEqual(before);
      });
    });

    it('does nothing to another object that took the name of its target', async () => {
      const other = await openBench(action);
      const plan = await other.plan();
      if (action.replace === undefined) return;
      await action.replace(other.admin, other.namespace);
      const there = await action.look(other.admin, other.namespace);
      const outcome = await other.instance.run(plan, other.call()).catch((error: unknown) => failureOf(error));
      if (outcome instanceof Error) expect(outcome).toMatchObject({ name: 'Refused', by: 'target_replaced' });
      expect(await action.look(other.admin, other.namespace)).toEqual(there);
    });

    it('says which right is missing', async () => {
      if (action.readsOnly === true) return;
      const without = { ...action.definition, needs: { ...action.definition.needs, permissions: READ_ONLY } };
      const poor = await openBench({ ...action, definition: without });
      const error = await (async () => {
        const plan = await poor.plan();
        await poor.instance.dryRun?.(plan, poor.call());
        await poor.instance.run(plan, poor.call());
      })().catch((thrown: unknown) => failureOf(thrown));
      expect(error).toMatchObject({
        name: 'Refused',
        by: 'missing_permission',
        message: expect.stringMatching(/cannot (patch|create|list|get) resource "\w+/),
      });
      expect(await action.look(poor.admin, poor.namespace)).toEqual(before);
    });
  });
}

const READ_ONLY = [
  { group: '', resource: 'pods', verbs: ['get', 'list'] },
  { group: '', resource: 'namespaces', verbs: ['get'], clusterWide: true },
  { group: '', resource: 'nodes', verbs: ['get', 'list'], clusterWide: true },
  ...['deployments', 'replicasets', 'statefulsets', 'daemonsets', 'deployments/scale'].map((resource) => ({
    group: 'apps',
    resource,
    verbs: ['get'],
  })),
  { group: 'batch', resource: 'jobs', verbs: ['get'] },
  { group: 'networking.k8s.io', resource: 'networkpolicies', verbs: ['get', 'list'] },
] as const;
