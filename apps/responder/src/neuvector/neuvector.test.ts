import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import type { ActionPlan } from '@tocsin/domain';
import type { Collected } from '@tocsin/evidence';
import { FakeNeuVector } from '@tocsin/testing';
import type { ActionCall, ActionInstance, TargetFacts } from '../action.js';
import { capture } from '../actions/capture/capture.js';
import type { ActionDeps } from '../actions/deps.js';
import { quarantine } from '../actions/quarantine/quarantine.js';
import { Clusters } from '../kubernetes/clusters.js';
import { NeuVector } from './client.js';

const facts: TargetFacts = {
  scope: { cluster: 'prod', namespace: 'shop', pod: { name: 'web-1', uid: 'u1' } },
  labels: {},
  namespaceLabels: {},
  hostNetwork: false,
  staticPod: false,
};

describe('NeuVector', () => {
  let fake: FakeNeuVector;
  let deps: ActionDeps;
  let kept: Collected[];
  let now: number;

  beforeEach(async () => {
    fake = await FakeNeuVector.start();
    fake.workloads.set('c1', { id: 'c1', namespace: 'shop', pod: 'web-1' });
    process.env['TEST_NEUVECTOR_KEY'] = 'tocsin:secret';
    kept = [];
    now = 0;
    deps = {
      clusters: new Clusters([]),
      evidence: { keep: async (one) => `e${kept.push(one)}` },
      neuvector: new Map([['prod', new NeuVector({ url: fake.url, apiKey: { env: 'TEST_NEUVECTOR_KEY' } })]]),
      capture: undefined,
    };
  });
  afterEach(() => fake.close());

  const call: ActionCall = {
    order: { id: randomUUID(), cluster: 'prod', target: { type: 'pod', name: 'shop/web-1' }, subject: {}, policy: 'p' },
    now: () => now,
    signal: AbortSignal.timeout(20_000),
  };
  const held = (): ActionInstance => quarantine.create(quarantine.config.parse({ strategy: 'neuvector' }), deps);
  const sniffing = (config: object = {}): ActionInstance => capture.create(capture.config.parse({ by: 'neuvector', ...config }), deps);
  const planOf = async (instance: ActionInstance): Promise<ActionPlan> => ({ ...(await instance.plan(facts, call)), scope: facts.scope });

  describe('quarantine', () => {
    it('holds the pod, once, and lets it go, once', async () => {
      const plan = await planOf(held());
      await held().run(plan, call);
      await held().run(plan, call);
      expect(fake.workloads.get('c1')?.quarantined).toBe(true);
      expect(await held().verify?.(plan, {}, call)).toMatchObject({ ok: true, contained: 'full' });
      await held().revert?.(plan, undefined, call);
      await held().revert?.(plan, undefined, call);
      expect(fake.workloads.get('c1')?.quarantined).toBe(false);
      expect(fake.requests.filter((one) => one.startsWith('PATCH'))).toHaveLength(2);
    });

    it('leaves a pod held that somebody held before', async () => {
      fake.workloads.set('c1', { id: 'c1', namespace: 'shop', pod: 'web-1', quarantined: true });
      const plan = await planOf(held());
      await held().run(plan, call);
      await held().revert?.(plan, {}, call);
      expect(fake.workloads.get('c1')?.quarantined).toBe(true);
    });

    it('does nothing to another pod that took the name', async () => {
      const plan = await planOf(held());
      fake.workloads.clear();
      fake.workloads.set('c2', { id: 'c2', namespace: 'shop', pod: 'web-1' });
      await expect(held().run(plan, call)).rejects.toMatchObject({ name: 'Refused', by: 'target_replaced' });
      expect(fake.workloads.get('c2')?.quarantined).toBeUndefined();
    });

    it.each([
      ['on its node’s network', { hostNetwork: true }],
      ['that is a container of another', { child: true }],
    ])('is refused for a pod %s', async (_name, parts) => {
      fake.workloads.set('c1', { id: 'c1', namespace: 'shop', pod: 'web-1', ...parts });
      await expect(planOf(held())).rejects.toMatchObject({ name: 'Refused', by: 'unsupported' });
    });

    it('is tried again after a timeout, an error, or a lost answer, and done once', async () => {
      const plan = await planOf(held());
      for (const wrong of ['timeout', 'error'] as const) {
        fake.misbehaviour.push(wrong);
        await expect(held().run(plan, call)).rejects.toMatchObject({ name: 'Transient' });
      }
      // The workload is read; the change is made, and its answer lost.
      fake.misbehaviour.push(...([undefined, 'lost'] as never[]));
      await expect(held().run(plan, call)).rejects.toMatchObject({ name: 'Transient' });
      await held().run(plan, call);
      expect(fake.requests.filter((one) => one.startsWith('PATCH'))).toHaveLength(1);
    });

    it('says what the key lacks, and never the key', async () => {
      process.env['TEST_NEUVECTOR_KEY'] = 'tocsin:canary';
      const error = (await planOf(held()).catch((thrown: unknown) => thrown)) as Error;
      expect(error).toMatchObject({ name: 'Refused', by: 'missing_permission' });
      expect(`${JSON.stringify(error)} ${error.message} ${error.stack ?? ''}`).not.toContain('canary');
    });

    it('is refused where the cluster has none', async () => {
      const other = { ...call, order: { ...call.order, cluster: 'other' } };
      await expect(held().plan(facts, other)).rejects.toMatchObject({ name: 'Refused', by: 'unsupported' });
    });
  });

  describe('capture', () => {
    it('starts one sniffer with a filter of typed parts and an end, keeps its file, then deletes it', async () => {
      const instance = sniffing({ seconds: 10, maxBytes: 4_000_000, filter: { protocol: 'tcp', host: '10.0.0.0/8', port: 443 } });
      const plan = await planOf(instance);
      const { effect } = await instance.run(plan, call);
      expect((await instance.run(plan, call)).effect).toMatchObject({ sniffer: effect['sniffer'] });
      expect([...fake.sniffers.values()]).toMatchObject([{ filter: 'tcp and net 10.0.0.0/8 and port 443', duration: 10, files: 2 }]);
      expect(await instance.poll?.(plan, effect, call)).toMatchObject({ then: 'working' });
      fake.captured('sniffer-1', Buffer.from('pcap\r\n--bytes'));
      expect(await instance.poll?.(plan, effect, call)).toMatchObject({ then: 'done', evidence: ['e1'] });
      expect(kept).toMatchObject([{ name: 'capture.pcap', truncated: false }]);
      expect(kept[0]?.bytes.toString()).toBe('pcap\r\n--bytes');
      expect(fake.sniffers.size).toBe(0);
    });

    it('flags a ring that is full: its beginning is lost', async () => {
      const instance = sniffing({ maxBytes: 2_000_000 });
      const plan = await planOf(instance);
      const { effect } = await instance.run(plan, call);
      fake.captured('sniffer-1', Buffer.alloc(5_000_000));
      await instance.poll?.(plan, effect, call);
      expect(kept).toMatchObject([{ truncated: true }]);
    });

    it('ends a sniffer that does not end', async () => {
      const instance = sniffing({ seconds: 10 });
      const plan = await planOf(instance);
      const { effect } = await instance.run(plan, call);
      now = 60_000;
      expect(await instance.poll?.(plan, effect, call)).toMatchObject({ then: 'done' });
      expect(fake.requests).toContain('PATCH /v1/sniffer/stop/sniffer-1');
    });

    it('takes no free text', () => {
      expect(capture.config.safeParse({ by: 'neuvector', filter: 'port 443; reboot' }).success).toBe(false);
    });
  });

  describe('the client', () => {
    it.each(['../../v1/auth', 'a/b', 'a?x=1', '', 'a'.repeat(200)])('lets no id into a path that is none: %j', async (id) => {
      const client = new NeuVector({ url: fake.url, apiKey: { env: 'TEST_NEUVECTOR_KEY' } });
      await expect(client.setQuarantine(id, true, call.signal)).rejects.toMatchObject({ name: 'Failed' });
      await expect(client.startSniffer('c1', { files: 1, seconds: 1, filter: 'port 1; reboot' }, call.signal)).rejects.toMatchObject({
        name: 'Failed',
      });
      expect(fake.requests).toEqual([]);
    });
  });
});
