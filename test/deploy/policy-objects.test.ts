// Policies as objects of a cluster, on the built product: what is applied takes effect in services that run, and its status says so.
import { afterAll, beforeAll, expect, it, jest } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Incident } from '@tocsin/domain';
import { describeReal, freePort, httpReceiver, installCrds, startApiServer, type ApiServer, type HttpReceiver, type KubeBody } from '@tocsin/testing';
import { Service } from '../chaos/processes.js';
import { shippedCrds } from './crd-files.js';

jest.setTimeout(120_000);

const pathOf = (plural: string, name: string, namespace = 'tocsin'): string => `/apis/tocsin.dev/v1/namespaces/${namespace}/${plural}/${name}`;

interface Status {
  observedGeneration: number;
  conditions: { type: string; status: string; reason: string; message: string }[];
  error?: string;
  inForce?: { generation: number; spec: { title?: string } };
  hits?: number;
}

describeReal('kubernetes', 'policies as objects of a cluster', () => {
  let server: ApiServer;
  let receiver: HttpReceiver;
  let service: Service;
  let directory: string;
  let sent = 0;

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tocsin-objects-'));
    receiver = await httpReceiver();
    // Its own, since it is restarted.
    server = await startApiServer();
    await installCrds(server.admin, await shippedCrds());
    for (const name of ['tocsin', 'pay', 'shop']) await server.admin.must('POST', '/api/v1/namespaces', { metadata: { name } });
    await writeFile(join(directory, 'kubeconfig'), server.admin.kubeconfig());
    await writeFile(
      join(directory, 'tocsin.yaml'),
      `policies: { source: kubernetes, namespace: tocsin, namespaces: all, kubeconfig: ${join(directory, 'kubeconfig')} }\ncorrelator: { builtinRules: false }\n`,
    );
    await apply('subscriptions', 'Subscription', 'hook', { events: 'incidents', channel: { type: 'webhook', url: receiver.url } });
    service = await Service.start('standalone', { TOCSIN_CONFIG: join(directory, 'tocsin.yaml'), TOCSIN_DATA_DIR: directory });
  });
  afterAll(async () => {
    await service?.stop();
    await server?.close();
    await receiver?.close();
    await rm(directory, { recursive: true, force: true });
  });

  const apply = (plural: string, kind: string, name: string, spec: object, namespace?: string): Promise<KubeBody> =>
    server.admin.must(
      'PATCH',
      `${pathOf(plural, name, namespace)}?fieldManager=kubectl&force=true&fieldValidation=Strict`,
      { apiVersion: 'tocsin.dev/v1', kind, metadata: { name }, spec },
      'application/apply-patch+yaml',
    );
  const rule = (title: string, filter = 'violation.process.name == "nc"'): object => ({
    title,
    filter,
    kind: 'single',
    severity: 'high',
    groupBy: ['pod.name'],
  });

  /** The status, once it is about what the object is now and `wanted` holds. */
  async function status(plural: string, name: string, namespace?: string, wanted: (found: Status) => boolean = () => true): Promise<Status> {
    for (;;) {
      const { metadata, status: found } = await server.admin.get(pathOf(plural, name, namespace));
      const known = (found ?? {}) as unknown as Status;
      if (known.observedGeneration === metadata.generation && wanted(known)) return known;
      await pause(50);
    }
  }

  /** An event of a pod of its own. */
  async function event(namespace = 'shop'): Promise<string> {
    const pod = `pod-${(sent += 1)}`;
    const fields = { 'k8s.ns.name': namespace, 'k8s.pod.name': pod, 'proc.name': 'nc' };
    const body = { rule: 'Netcat', priority: 'Warning', output: 'nc', time: new Date().toISOString(), output_fields: fields };
    const response = await fetch(`${service.url}/`, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });
    expect(await response.json()).toMatchObject({ accepted: 1 });
    return pod;
  }

  /** What everybody is told of the pod. */
  const told = (pod: string): Incident[] =>
    receiver.accepted.map(({ body }) => (JSON.parse(body.toString()) as { data: Incident }).data).filter(({ group }) => group['pod.name'] === pod);

  /** The title of the incident that an event makes. */
  async function incident(): Promise<string> {
    const pod = await event();
    await receiver.until(() => told(pod).length > 0);
    return told(pod)[0]?.title ?? '';
  }

  it('take effect when they are applied, and say so', async () => {
    expect(await status('subscriptions', 'hook')).toMatchObject({ observedGeneration: 1, conditions: [{ type: 'Accepted', status: 'True' }] });
    await apply('correlationrules', 'CorrelationRule', 'netcat', rule('First'));
    expect(await status('correlationrules', 'netcat')).toMatchObject({
      conditions: [{ status: 'True', reason: 'InForce' }],
      inForce: { generation: 1 },
    });
    expect(await incident()).toContain('First');
  });

  it('stay as they were while a change has a mistake, also through a restart, and say what it is', async () => {
    await apply('correlationrules', 'CorrelationRule', 'netcat', rule('Second', 'violation.proces.name == "nc"'));
    const broken = await status('correlationrules', 'netcat');
    expect(broken).toMatchObject({ observedGeneration: 2, conditions: [{ status: 'False', reason: 'Mistakes' }], inForce: { generation: 1 } });
    expect(broken.error).toMatch(/^spec\.filter: names "violation\.proces", .*did you mean "violation\.process"\?/);
    expect(await incident()).toContain('First');
    await service.crash();
    expect(await incident()).toContain('First');
  });

  it('are followed on after the API server was away', async () => {
    await server.restart();
    await apply('correlationrules', 'CorrelationRule', 'netcat', rule('Third'));
    expect(await status('correlationrules', 'netcat')).toMatchObject({
      observedGeneration: 3,
      conditions: [{ status: 'True' }],
      inForce: { generation: 3 },
    });
    expect((await status('correlationrules', 'netcat')).error).toBeUndefined();
    expect(await incident()).toContain('Third');
  });

  it('are in force no more when they are deleted', async () => {
    await apply('correlationrules', 'CorrelationRule', 'other', rule('Other'));
    await status('correlationrules', 'other');
    await server.admin.must('DELETE', pathOf('correlationrules', 'netcat'));
    const inForce = async (): Promise<string[]> => {
      const { items } = (await (await fetch(`${service.url}/v1/policies?kind=CorrelationRule`)).json()) as { items: { name: string }[] };
      return items.map(({ name }) => name);
    };
    while ((await inForce()).includes('netcat')) await pause(50);
    expect(await inForce()).toEqual(['other']);
    expect(await incident()).toContain('Other');
  });

  it('are waited for by a service that starts while the API server is away', async () => {
    const port = await freePort();
    const away = join(directory, 'away');
    await writeFile(join(directory, 'away-kubeconfig'), server.admin.kubeconfig().replace(server.url, `https://127.0.0.1:${port}`));
    await writeFile(`${away}.yaml`, `policies: { source: kubernetes, namespace: tocsin, kubeconfig: ${join(directory, 'away-kubeconfig')} }\n`);
    const waiting = await Service.launch('standalone', { TOCSIN_CONFIG: `${away}.yaml`, TOCSIN_DATA_DIR: away });
    // The way to the API server, which opens later.
    const way = createServer((socket) => {
      const through = connect(Number(new URL(server.url).port), '127.0.0.1');
      socket.on('error', () => through.destroy()).pipe(through);
      through.on('error', () => socket.destroy()).pipe(socket);
    });
    try {
      while (!waiting.output.includes('Policy objects cannot be read')) await pause(20);
      await expect(fetch(`${waiting.url}/readyz`)).rejects.toThrow();
      way.listen(port, '127.0.0.1');
      await waiting.ready();
      const { items } = (await (await fetch(`${waiting.url}/v1/policies?kind=Subscription`)).json()) as { items: { name: string }[] };
      expect(items.map(({ name }) => name)).toEqual(['hook']);
    } finally {
      await waiting.stop();
      way.close();
    }
  });

  it('of another namespace reach that alone, and say what they may not', async () => {
    const greedy = { ...rule('Greedy', 'true || true'), groupBy: ['pod.name', 'workload.namespace'] };
    await apply('correlationrules', 'CorrelationRule', 'netcat', greedy, 'pay');
    const quiet = { filter: 'true', endsAt: '2036-01-01T00:00:00Z', author: 'pay', comment: 'Quiet.' };
    await apply('silences', 'Silence', 'quiet', quiet, 'pay');
    const nothing = { events: 'incidents', filter: 'false', channel: { type: 'webhook', url: 'https://hooks.example.com/pay' } };
    await apply('subscriptions', 'Subscription', 'hook', nothing, 'pay');
    await apply('subscriptions', 'Subscription', 'thief', { events: 'incidents', channel: { type: 'teams', url: { env: 'DATABASE_URL' } } }, 'pay');
    await apply('responsepolicies', 'ResponsePolicy', 'nodes', { match: { incidents: 'true' }, steps: [{ action: 'cordon' }] }, 'pay');
    for (const [plural, name] of [
      ['correlationrules', 'netcat'],
      ['silences', 'quiet'],
      ['subscriptions', 'hook'],
    ] as const) {
      expect(await status(plural, name, 'pay')).toMatchObject({ conditions: [{ status: 'True' }] });
    }
    expect((await status('subscriptions', 'thief', 'pay')).error).toContain('spec.channel.url: names a secret that is not of this namespace');
    expect((await status('responsepolicies', 'nodes', 'pay')).error).toContain('spec.steps[0].action: is "cordon"');
    // The service goes by its name, in its addresses, too.
    for (const path of ['policies/CorrelationRule/pay%2Fnetcat', 'subscriptions/pay%2Fhook']) {
      while (!(await fetch(`${service.url}/v1/${path}`)).ok) await pause(50);
    }

    const pods = [await event('shop'), await event('pay')];
    const incidents = async (): Promise<Incident[]> => {
      const { items } = (await (await fetch(`${service.url}/v1/incidents?limit=200`)).json()) as { items: Incident[] };
      return items.filter(({ group }) => pods.includes(group['pod.name'] ?? ''));
    };
    // One of the rule "other" for each pod, and one of the namespace's.
    while ((await incidents()).length < 3) await pause(50);
    const brief = (await incidents()).map(({ rule: { name }, group, muted = [] }) =>
      [name, group['pod.name'], ...muted.map(({ id }) => id)].join(' '),
    );
    expect(brief.toSorted()).toEqual([
      `other ${pods[0]}`,
      // Not grouped by namespace, so that it might be about several: a silence of a namespace leaves it alone.
      `other ${pods[1]}`,
      `pay/netcat ${pods[1]} document:pay/quiet`,
    ]);
  });
});
