import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { ActionPlan } from '@tocsin/domain';
import type { Collected } from '@tocsin/evidence';
import { NeuvectorController } from '@tocsin/testing';
import type { ActionCall, ActionInstance, TargetFacts } from '../action.js';
import { Clusters } from '../kubernetes/clusters.js';
import { neuvectorConfig } from '../neuvector/config.js';
import { Neuvector } from '../neuvector/neuvector.js';
import { capture } from './capture/capture.js';
import type { ActionDeps } from './deps.js';
import { quarantine } from './quarantine/quarantine.js';

const KEY = 'TEST_NEUVECTOR_KEY';
const facts: TargetFacts = {
  scope: { cluster: 'prod', namespace: 'shop', pod: { name: 'web-1', uid: 'u1' } },
  labels: {},
  namespaceLabels: {},
  hostNetwork: false,
  staticPod: false,
};

describe('by NeuVector', () => {
  let controller: NeuvectorController;
  let neuvector: Neuvector;
  let deps: ActionDeps;
  let kept: Collected[];
  let now: number;
  let web: string;

  beforeEach(async () => {
    controller = await NeuvectorController.start();
    process.env[KEY] = controller.apiKey;
    web = controller.addWorkload({ namespace: 'shop', pod: 'web-1' }).id;
    neuvector = await Neuvector.open(neuvectorConfig.parse({ url: controller.url, apiKey: { env: KEY }, caFile: controller.caFile }));
    kept = [];
    now = 0;
    const keep = async (one: Collected): Promise<string> => `e${kept.push(one)}`;
    deps = { clusters: new Clusters([]), evidence: { keep }, neuvector: new Map([['prod', neuvector]]), capture: undefined };
  });
  afterEach(async () => {
    neuvector.close();
    await controller.close();
  });

  const call: ActionCall = {
    order: { id: randomUUID(), cluster: 'prod', target: { type: 'pod', name: 'shop/web-1' }, subject: {}, policy: 'p' },
    now: () => now,
    signal: AbortSignal.timeout(120_000),
  };
  const held = (): ActionInstance => quarantine.create(quarantine.config.parse({ strategy: 'neuvector' }), deps);
  const sniffing = (config: object = {}): ActionInstance => capture.create(capture.config.parse({ by: 'neuvector', ...config }), deps);
  const planOf = async (instance: ActionInstance): Promise<ActionPlan> => ({ ...(await instance.plan(facts, call)), scope: facts.scope });
  const stateOf = async (id = web): Promise<string | undefined> => (await neuvector.workload(id, call.signal))?.state;
  const patches = (): number => controller.requests.filter(({ method }) => method === 'PATCH').length;

  describe('a quarantine', () => {
    it('holds the pod, once, and lets it go, once', async () => {
      const plan = await planOf(held());
      await held().run(plan, call);
      await held().run(plan, call);
      expect(await stateOf()).toBe('quarantined');
      expect(await held().verify?.(plan, {}, call)).toMatchObject({ ok: true, contained: 'full' });
      await held().revert?.(plan, undefined, call);
      await held().revert?.(plan, undefined, call);
      expect(await stateOf()).not.toBe('quarantined');
      expect(patches()).toBe(2);
    });

    it('leaves a pod held that somebody held before', async () => {
      await neuvector.quarantine(web, call.signal);
      const plan = await planOf(held());
      await held().run(plan, call);
      await held().revert?.(plan, {}, call);
      expect(await stateOf()).toBe('quarantined');
    });

    it('does nothing to another pod that took the name', async () => {
      const plan = await planOf(held());
      controller.workloads.remove(web);
      const other = controller.addWorkload({ namespace: 'shop', pod: 'web-1' }).id;
      await expect(held().run(plan, call)).rejects.toMatchObject({ name: 'Refused', by: 'target_replaced' });
      expect(await stateOf(other)).not.toBe('quarantined');
    });

    it('is done once though the answer was lost', async () => {
      const plan = await planOf(held());
      controller.behave(({ method }) => (method === 'PATCH' ? 'lose' : undefined));
      await expect(held().run(plan, call)).rejects.toMatchObject({ name: 'Transient' });
      controller.behave(() => undefined);
      await held().run(plan, call);
      expect(await stateOf()).toBe('quarantined');
      expect(patches()).toBe(1);
    });

    it('says what the key lacks, and never the key', async () => {
      process.env[KEY] = 'tocsin:canary';
      const error = (await planOf(held()).catch((thrown: unknown) => thrown)) as Error;
      expect(error).toMatchObject({ name: 'Refused', by: 'missing_permission' });
      expect(`${JSON.stringify(error)} ${error.message} ${error.stack ?? ''}`).not.toContain('canary');
    });

    it('is refused where the cluster has none', async () => {
      const other = { ...call, order: { ...call.order, cluster: 'other' } };
      await expect(held().plan(facts, other)).rejects.toMatchObject({ name: 'Refused', by: 'unsupported' });
    });
  });

  describe('a capture', () => {
    const begun = async (
      config: object = {},
    ): Promise<{ instance: ActionInstance; plan: ActionPlan; effect: Record<string, unknown>; id: string }> => {
      const instance = sniffing(config);
      const plan = await planOf(instance);
      const { effect } = await instance.run(plan, call);
      return { instance, plan, effect, id: String(effect['sniffer'] as string) };
    };

    it('keeps what was captured, and then takes it away from the node', async () => {
      const { instance, plan, effect, id } = await begun({ seconds: 10, filter: { protocol: 'tcp', port: 443 } });
      expect((await instance.run(plan, call)).effect['sniffer']).toBe(id);
      controller.sniffers.feed(id, Buffer.from('a packet'));
      expect(await instance.poll?.(plan, effect, call)).toMatchObject({ then: 'working' });
      controller.advance(11);
      expect(await instance.poll?.(plan, effect, call)).toMatchObject({ then: 'done', evidence: ['e1'] });
      expect(kept).toMatchObject([{ name: 'capture.pcap', truncated: false }]);
      expect(kept[0]?.bytes.includes('a packet')).toBe(true);
      expect(await neuvector.capture(id, call.signal)).toBeUndefined();
    });

    it('leaves captures of others alone', async () => {
      const theirs = await neuvector.startCapture(web, { seconds: 100, files: 1, filter: {} }, call.signal);
      const { instance, plan, effect, id } = await begun({ seconds: 10 });
      expect(id).not.toBe(theirs);
      controller.advance(11);
      await instance.poll?.(plan, effect, call);
      expect(await neuvector.capture(theirs, call.signal)).toMatchObject({ status: 'running' });
    });

    it('finds the one that it began when the answer was lost', async () => {
      const instance = sniffing({ seconds: 60 });
      const plan = await planOf(instance);
      controller.behave(({ method }) => (method === 'POST' ? 'lose' : undefined));
      await expect(instance.run(plan, call)).rejects.toMatchObject({ name: 'Transient' });
      controller.behave(() => undefined);
      await instance.run(plan, call);
      expect(await neuvector.captures(web, call.signal)).toHaveLength(1);
    });

    it('says that a ring has lost its beginning', async () => {
      const { instance, plan, effect, id } = await begun({ seconds: 10, maxBytes: 2_000_000 });
      for (let sent = 0; sent < 50; sent += 1) controller.sniffers.feed(id, Buffer.alloc(60_000, sent));
      controller.advance(11);
      await instance.poll?.(plan, effect, call);
      expect(kept).toMatchObject([{ truncated: true }]);
    });

    it('takes neither free text nor a network', async () => {
      expect(capture.config.safeParse({ by: 'neuvector', filter: 'port 443; reboot' }).success).toBe(false);
      await expect(planOf(sniffing({ filter: { host: '10.0.0.0/8' } }))).rejects.toMatchObject({ name: 'Refused', by: 'unsupported' });
    });
  });
});
