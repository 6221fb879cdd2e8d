import { afterEach, beforeEach, expect, it } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Action, ActionCommand, Incident } from '@tocsin/domain';
import { EventType, Topic, encodeEvent } from '@tocsin/event-log';
import { startService, type RunningService } from '@tocsin/runtime/nest';
import { actionsOf, getAction, lockControl, upsertIncidents, verifyAudit, writeControl } from '@tocsin/store';
import { buildIncident, describeReal, makeDeployment, makePod, sharedApiServer, type KubeAdmin } from '@tocsin/testing';
import { responderPart } from './part.js';

const policy = (name: string, mode: string, extra = ''): string => `apiVersion: tocsin.dev/v1
kind: ResponsePolicy
metadata: { name: ${name} }
spec:
  match: { incidents: incident.rule.name == "${name}" }
  mode: ${mode}
  lease: 1m
  steps: [{ action: snapshot }, { action: quarantine, with: { strategy: portable } }]
${extra}`;

describeReal('kubernetes', 'the responder, as a service on a real API server', () => {
  let admin: KubeAdmin;
  let namespace: string;
  let directory: string;
  let service: RunningService;
  let clock: { now(): number; ahead: number };

  const open = async (): Promise<void> => {
    const env = {
      PORT: '0',
      TOCSIN_DATA_DIR: join(directory, 'data'),
      TOCSIN_POLICY_DIR: join(directory, 'policies'),
      TOCSIN_CONFIG: join(directory, 'tocsin.yaml'),
      LOG_LEVEL: 'silent',
    };
    service = await startService({ name: 'test', version: '0', parts: [responderPart], standalone: true, env, clock });
  };
  beforeEach(async () => {
    admin = await sharedApiServer();
    namespace = await admin.namespace();
    await makeDeployment(admin, namespace, 'web', 3);
    directory = await mkdtemp(join(tmpdir(), 'responder-'));
    await writeFile(join(directory, 'kubeconfig'), admin.kubeconfig());
    const config = {
      responder: { clusters: [{ name: 'test', kubeconfig: join(directory, 'kubeconfig') }], reconcileEvery: '1s', verifyEvery: '1m' },
    };
    await writeFile(join(directory, 'tocsin.yaml'), JSON.stringify(config));
    const { mkdir } = await import('node:fs/promises');
    await mkdir(join(directory, 'policies'));
    const documents = [policy('automatic', 'auto'), policy('proposed', 'propose', '  approvals: { from: [ann] }\n'), policy('watched', 'observe')];
    await writeFile(join(directory, 'policies', 'p.yaml'), documents.join('---\n'));
    clock = { ahead: 0, now: () => Date.now() + clock.ahead };
    await open();
  }, 400_000);
  afterEach(async () => {
    await service.stop();
    await rm(directory, { recursive: true });
  });

  const until = async <T>(what: () => Promise<T | undefined | false>): Promise<T> => {
    for (;;) {
      const found = await what();
      if (found !== undefined && found !== false) return found;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  /** An incident about a pod, as the correlator would tell and keep it. */
  const incident = async (rule: string, pod: string, parts: Partial<Incident> = {}): Promise<Incident> => {
    const time = new Date(clock.now()).toISOString();
    const entities = [{ type: 'pod' as const, name: pod.includes('/') ? pod : `${namespace}/${pod}` }];
    const made = buildIncident({
      id: randomUUID(),
      rule: { name: rule, version: '1', title: rule },
      entities,
      updated_at: time,
      cluster: 'test',
      ...parts,
    });
    await upsertIncidents(service.runtime.store.db, [{ incident: made, home: 't/0', dueAt: null }]);
    const attributes = { id: `${made.id}/1`, type: EventType.Incident, source: '/test', time };
    await service.runtime.log.append(Topic.Incidents, [encodeEvent(made.id, attributes, made)]);
    return made;
  };
  const actionIn = (subject: string, type: string, state: Action['state']): Promise<Action> =>
    until(async () =>
      (await actionsOf(service.runtime.store.db, subject)).map(({ action }) => action).find((one) => one.type === type && one.state === state),
    );
  const say = async (command: Partial<ActionCommand> & { action: string }): Promise<void> => {
    const id = randomUUID();
    const time = new Date(clock.now()).toISOString();
    const full = { schema: 1, id, target: 'action', actor: 'ann', time, ...command };
    await service.runtime.log.append(Topic.Commands, [encodeEvent(command.action, { id, type: EventType.Command, source: '/test', time }, full)]);
  };
  const mark = async (pod: string): Promise<string | undefined> =>
    (await admin.get(`/api/v1/namespaces/${namespace}/pods/${pod}`)).metadata.labels?.['tocsin.dev/quarantine'];

  it('keeps a snapshot, quarantines, survives a restart, and gives the network back when the lease is over', async () => {
    const { id } = await incident('automatic', 'web-0');
    const snapshot = await actionIn(id, 'snapshot', 'succeeded');
    expect(snapshot.evidence).toHaveLength(1);
    const held = await actionIn(id, 'quarantine', 'active');
    expect(held.verification).toMatchObject({ ok: true, contained: 'full' });
    expect(await mark('web-0')).toBe(`q-${held.id}`);
    await service.stop();
    clock.ahead = 2 * 60_000;
    await open();
    await actionIn(id, 'quarantine', 'reverted');
    expect(await mark('web-0')).toBeUndefined();
    expect(await verifyAudit(service.runtime.store.db)).toMatchObject({ ok: true });
  }, 60_000);

  it('does nothing that is proposed until somebody who may has approved exactly that', async () => {
    const { id } = await incident('proposed', 'web-1');
    const snapshot = await actionIn(id, 'snapshot', 'awaiting_approval');
    const asked = await actionIn(id, 'quarantine', 'awaiting_approval');
    await say({ action: asked.id, type: 'approve', plan_hash: asked.plan_hash ?? '', actor: 'eve' });
    await say({ action: asked.id, type: 'approve', plan_hash: asked.plan_hash ?? '' });
    await actionIn(id, 'quarantine', 'approved');
    // Its turn comes after the snapshot.
    expect(await mark('web-1')).toBeUndefined();
    await say({ action: snapshot.id, type: 'approve', plan_hash: snapshot.plan_hash ?? '' });
    const held = await actionIn(id, 'quarantine', 'active');
    expect(held.approvals?.given).toMatchObject([{ actor: 'ann' }]);
    await say({ action: held.id, type: 'revert', comment: 'a drill' });
    expect(await actionIn(id, 'quarantine', 'reverted')).toMatchObject({ reason: 'The pod has its network back.' });
    expect(await mark('web-1')).toBeUndefined();
  }, 60_000);

  it('observes what it would do, with what would still pass', async () => {
    const allowed = { podSelector: {}, policyTypes: ['Egress'], egress: [{ ports: [{ protocol: 'UDP', port: 53 }] }] };
    await admin.must('POST', `/apis/networking.k8s.io/v1/namespaces/${namespace}/networkpolicies`, {
      metadata: { name: 'allow-dns' },
      spec: allowed,
    });
    const { id } = await incident('watched', 'web-0');
    const planned = await until(
      async () => (await actionsOf(service.runtime.store.db, id)).find(({ action }) => action.type === 'quarantine' && action.plan)?.action,
    );
    expect(planned).toMatchObject({ state: 'planned', plan: { details: { contained: 'partial' } } });
    expect(planned.plan?.warnings).toContain('NetworkPolicy "allow-dns" still allows egress to everybody (UDP 53).');
    expect(await mark('web-0')).toBeUndefined();
  }, 60_000);

  it('refuses what is protected, unknown, or was resolved meanwhile, and says why', async () => {
    await makePod(admin, namespace, 'alone', { labels: { 'tocsin.dev/protected': '' } });
    const shielded = await incident('automatic', 'alone');
    expect(await actionIn(shielded.id, 'quarantine', 'refused')).toMatchObject({ refused_by: 'protected_label' });
    const gone = await incident('automatic', 'not-there');
    expect(await actionIn(gone.id, 'snapshot', 'refused')).toMatchObject({ refused_by: 'target_gone' });
    const nasty = await incident('automatic', `${namespace}/web-0?dryRun=All`);
    expect(await actionIn(nasty.id, 'quarantine', 'refused')).toMatchObject({
      refused_by: 'target_gone',
      reason: expect.stringContaining('cannot be the name of a pod'),
    });
    const elsewhere = await incident('automatic', 'web-0', { cluster: 'other' });
    expect(await actionIn(elsewhere.id, 'quarantine', 'refused')).toMatchObject({ refused_by: 'unknown_cluster' });
    const system = await incident('automatic', 'kube-system/etcd-0');
    expect((await actionIn(system.id, 'quarantine', 'refused')).refused_by).toMatch(/protected_namespace|target_gone/);
  }, 60_000);

  it('begins nothing while the kill switch is on', async () => {
    const turn = (stopped: boolean) =>
      service.runtime.store.transaction(async (tx) => {
        await lockControl(tx);
        await writeControl(tx, { stopped, actor: 'ann', reason: '', time: new Date(clock.now()).toISOString() });
      });
    await turn(true);
    const { id } = await incident('automatic', 'web-2');
    const waiting = await actionIn(id, 'snapshot', 'approved');
    await turn(false);
    clock.ahead = 10_000;
    await actionIn(id, 'quarantine', 'active');
    expect((await getAction(service.runtime.store.db, waiting.id))?.action.state).toBe('succeeded');
  }, 60_000);

  it('takes marks away that nothing on record stands for', async () => {
    await admin.patch(`/api/v1/namespaces/${namespace}/pods/web-2`, { metadata: { labels: { 'tocsin.dev/quarantine': `q-${randomUUID()}` } } });
    await until(async () => (await mark('web-2')) === undefined);
    expect(await mark('web-2')).toBeUndefined();
  }, 60_000);
});
