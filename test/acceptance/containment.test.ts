// An incident's whole road: its ticket, a person who takes it up there, a quarantine on a real API server, and its end in the ticket.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Action, Incident } from '@tocsin/domain';
import { describeReal, fakeServiceNow, sharedApiServer, type FakeServiceNow, type KubeAdmin } from '@tocsin/testing';
import { actionIn, reverseShell, startScene, type Scene } from '../console/scene.ts';
import { PATIENCE_MS } from '../console/stack.ts';

const SECRET = 'a-secret-of-the-webhook';

interface Step {
  change: string;
  actor: string | null;
  from_status: string | null;
  to_status: string;
}

describeReal('kubernetes', 'an incident from its first violation to its end', () => {
  let admin: KubeAdmin;
  let instance: FakeServiceNow;
  let scene: Scene;
  let secrets: string;

  beforeAll(async () => {
    admin = await sharedApiServer();
    instance = await fakeServiceNow({ auth: { basic: { username: 'tocsin', password: 'p' } } });
    secrets = await mkdtemp(join(tmpdir(), 'tocsin-secrets-'));
    await writeFile(join(secrets, 'password'), 'p');
    await writeFile(join(secrets, 'webhook'), SECRET);
    const channel = {
      type: 'servicenow',
      instance: instance.url,
      auth: { basic: { username: 'tocsin', password: { file: join(secrets, 'password') } } },
      closeCode: 'Solution provided',
      closeCodes: { true_positive: 'Attack stopped' },
      webhookSecret: { file: join(secrets, 'webhook') },
      // For a call that comes before the notifier has written down which ticket it made.
      poll: '1s',
    };
    const spec = { events: 'incidents', filter: 'incident.rule.name == "reverse-shell"', channel };
    const document = JSON.stringify({ apiVersion: 'tocsin.dev/v1', kind: 'Subscription', metadata: { name: 'tickets' }, spec });
    scene = await startScene(admin, { policies: `---\n${document}\n` });
  }, 400_000);
  afterAll(async () => {
    await scene.close();
    await instance.close();
    await rm(secrets, { recursive: true, force: true });
  });

  const until = async <T>(what: string, look: () => Promise<T | undefined | false> | T | undefined | false): Promise<T> => {
    for (const end = Date.now() + PATIENCE_MS; Date.now() < end;) {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error(`It never came that ${what}.`);
  };
  const get = async <T>(path: string): Promise<T> => (await (await fetch(`${scene.url}${path}`)).json()) as T;
  const say = async (path: string, body: object): Promise<void> => {
    const headers = { 'content-type': 'application/json', 'x-tocsin-actor': 'bob' };
    const response = await fetch(`${scene.url}${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
    if (!response.ok) throw new Error(`${path} answered ${response.status}: ${await response.text()}`);
  };
  const becomes = (id: string, status: Incident['status']): Promise<Incident> =>
    until(`the incident is ${status}`, async () => {
      const { incident } = await get<{ incident: Incident }>(`/v1/incidents/${id}`);
      return incident.status === status && incident;
    });
  const ticket = () => instance.tables.get('incident')?.[0];
  /** Somebody changes the ticket, and the business rule says so. */
  const change = async (fields: Record<string, string>): Promise<void> => {
    const sysId = ticket()?.['sys_id'] ?? '';
    instance.change('incident', sysId, 'ann', fields);
    const body = JSON.stringify({ table: 'incident', sys_id: sysId, sys_mod_count: ticket()?.['sys_mod_count'] });
    const timestamp = String(Math.floor(Date.now() / 1_000));
    const signature = `v1=${createHmac('sha256', SECRET).update(`${timestamp}.${body}`).digest('base64')}`;
    const headers = { 'content-type': 'application/json', 'x-tocsin-timestamp': timestamp, 'x-tocsin-signature': signature };
    const response = await fetch(`${scene.url}/v1/callbacks/tickets`, { method: 'POST', headers, body });
    expect(response.status).toBe(200);
  };
  const noted = (text: string): Promise<true> =>
    until(`the ticket says "${text}"`, () => instance.journal.some(({ value }) => value.startsWith(`Tocsin: ${text}`)));
  const mark = async (): Promise<string | undefined> =>
    (await admin.get(`/api/v1/namespaces/${scene.namespace}/pods/storefront-0`)).metadata.labels?.['tocsin.dev/quarantine'];

  it(
    'is opened, taken up in the ticket, contained, released, and resolved in the ticket',
    async () => {
      await reverseShell(scene.url, scene.namespace, 'storefront-0');
      const asked = await actionIn(scene.url, 'awaiting_approval');
      const id = asked.incident ?? '';
      await until('there is a ticket', ticket);

      await change({ state: '2', assigned_to: 'Ann Lee' });
      await becomes(id, 'acknowledged');
      await until('the incident has the assignee of the ticket', async () => {
        const { incident } = await get<{ incident: Incident }>(`/v1/incidents/${id}`);
        return incident.assignee === 'Ann Lee';
      });

      await say(`/v1/actions/${asked.id}/approve`, { plan_hash: asked.plan_hash });
      expect(await becomes(id, 'contained')).toMatchObject({ acknowledged_by: 'ann', containment: { since: expect.any(String) } });
      expect(await mark()).toBe(`q-${asked.id}`);
      await noted('contained');

      await say(`/v1/actions/${asked.id}/revert`, { comment: 'the pod is clean' });
      expect((await becomes(id, 'acknowledged')).containment).not.toHaveProperty('since');
      await until('the quarantine is reverted', async () => (await get<Action>(`/v1/actions/${asked.id}`)).state === 'reverted');
      expect(await mark()).toBeUndefined();
      await noted('released');

      await change({ state: '6', close_code: 'Attack stopped', close_notes: 'image rebuilt' });
      const ended = await becomes(id, 'resolved');
      expect(ended.resolution).toMatchObject({ reason: 'true_positive', by: 'ann', comment: expect.stringContaining('image rebuilt') });
      await noted('resolved');
      expect(instance.tables.get('incident')).toMatchObject([{ state: '6', close_code: 'Attack stopped', close_notes: 'image rebuilt' }]);

      const { items } = await get<{ items: (Step & { time: string })[] }>(`/v1/incidents/${id}/history`);
      const steps = items.toSorted((a, b) => (a.time < b.time ? -1 : 1)).filter(({ from_status: from, to_status: to }) => from !== to);
      const timeline = steps.map(({ change: what, actor, to_status: to }) => `${what.padEnd(13)} ${(actor ?? 'correlator').padEnd(10)} → ${to}`);
      process.stdout.write(`\n${ticket()?.['number']}\n  ${timeline.join('\n  ')}\n`);
      expect(steps.map(({ change: what, actor, to_status: to }) => [what, actor, to])).toEqual([
        ['opened', null, 'open'],
        ['acknowledged', 'ann', 'acknowledged'],
        ['contained', 'tocsin', 'contained'],
        ['released', 'tocsin', 'acknowledged'],
        ['resolved', 'ann', 'resolved'],
      ]);
    },
    4 * PATIENCE_MS,
  );
});
