// What the chart lets services do to policy objects is what they do: each runs at a real API server with its role and nothing else.
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { correlatorPart } from '@tocsin/correlator';
import { ingestPart } from '@tocsin/ingest';
import { notifierPart } from '@tocsin/notifier';
import { POLICY_RESOURCES, type PolicyKind } from '@tocsin/policy';
import { responderPart } from '@tocsin/responder';
import { startService } from '@tocsin/runtime/nest';
import { describeReal, faultyApi, installCrds, sharedApiServer, type ApiCall, type FaultyApi, type KubeAdmin } from '@tocsin/testing';
import { shippedCrds } from './crd-files.js';
import { render, type Rendered } from './helm.js';

/** Helm may have to be compiled first. */
jest.setTimeout(600_000);

const SCALED = { mode: 'scaled', auth: { existingSecret: 't' }, kafka: { brokers: ['k:9093'] }, postgres: { existingSecret: 'p' } };
const STANDALONE = { auth: { existingSecret: 't' } };
const APPS = { ingest: ingestPart, correlator: correlatorPart, responder: responderPart, notifier: notifierPart };

/** A small document of each kind. */
const DOCUMENTS: Readonly<Record<PolicyKind, object>> = {
  CorrelationRule: { title: 'T', severity: 'high', kind: 'single', filter: 'false' },
  ResponsePolicy: { match: { incidents: 'false' }, steps: [{ action: 'snapshot' }] },
  Silence: { filter: 'false', endsAt: '2036-01-01T00:00:00Z', author: 'a', comment: 'c' },
  SourceMapping: { fields: { name: { const: 'n' }, message: { const: 'm' } } },
  Subscription: { events: 'incidents', filter: 'false', channel: { type: 'webhook', url: 'https://hooks.example.com/' } },
};

/** `<verb> <resource>` for each. */
function granted(role: Rendered | undefined): string[] {
  const rules = (role?.['rules'] ?? []) as { apiGroups: string[]; resources: string[]; verbs: string[] }[];
  expect(rules.map(({ apiGroups }) => apiGroups)).toEqual(rules.map(() => ['tocsin.dev']));
  return rules.flatMap(({ resources, verbs }) => resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`))).toSorted();
}

/** The verb by which RBAC knows a call, https://kubernetes.io/docs/reference/access-authn-authz/authorization/#determine-the-request-verb */
function called({ method, path }: ApiCall): string {
  const { pathname, searchParams } = new URL(path, 'https://server');
  const [resource = '', name, subresource] = pathname.replace(/^\/apis\/tocsin\.dev\/v1\/(namespaces\/[^/]+\/)?/, '').split('/');
  const listing = searchParams.has('watch') ? 'watch' : 'list';
  const verbs: Record<string, string> = {
    GET: name === undefined ? listing : 'get',
    PUT: 'update',
    PATCH: 'patch',
    POST: 'create',
    DELETE: 'delete',
  };
  return `${verbs[method]} ${subresource === undefined ? resource : `${resource}/${subresource}`}`;
}

describeReal(['helm', 'kubernetes'], 'what services may do to policy objects', () => {
  let admin: KubeAdmin;
  let proxy: FaultyApi;
  let directory: string;
  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tocsin-roles-'));
    admin = await sharedApiServer();
    await installCrds(admin, await shippedCrds());
    proxy = await faultyApi(admin);
  });
  afterAll(async () => {
    await proxy?.close();
    await rm(directory, { recursive: true, force: true });
  });

  it('is nothing while policies are files', async () => {
    for (const values of [STANDALONE, SCALED]) {
      expect((await render(values)).filter(({ kind }) => /Role/.test(kind))).toEqual([]);
    }
  });

  it.each([
    [{ ...STANDALONE, policyObjects: { enabled: true }, policies: { 'a.yaml': '' } }, 'policies and policiesConfigMap are not read then'],
    [{ ...STANDALONE, policyObjects: { enabled: true, namespaces: 'some' } }, "value must be one of 'own', 'all'"],
  ])('refuses %j', async (values, message) => {
    await expect(render(values)).rejects.toThrow(message);
  });

  describe.each(['own', 'all'])('of the namespaces: %s', (namespaces) => {
    const policyObjects = { enabled: true, namespaces };

    it.each([...Object.keys(APPS), 'standalone'])('is what it does: %s', async (app) => {
      const namespace = await admin.namespace();
      const values = { ...(app === 'standalone' ? STANDALONE : SCALED), policyObjects };
      const objects = await render(values, namespace);
      const own = objects.filter(({ kind, metadata }) => /Role/.test(kind) && metadata.name.endsWith(`policies-${app}`));
      expect(own.map(({ kind }) => kind)).toEqual(namespaces === 'all' ? ['ClusterRole', 'ClusterRoleBinding'] : ['Role', 'RoleBinding']);
      for (const role of own) {
        const within = namespaces === 'all' ? '' : `namespaces/${namespace}/`;
        await admin.must('POST', `/apis/${role.apiVersion}/${within}${role.kind.toLowerCase()}s`, role);
      }
      const config = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'tocsin') as unknown as {
        data: Record<string, string>;
      };
      expect(config.data['tocsin.yaml']).toContain(`namespaces: ${namespaces}`);

      for (const [kind, spec] of Object.entries(DOCUMENTS)) {
        const path = `/apis/tocsin.dev/v1/namespaces/${namespace}/${POLICY_RESOURCES[kind as PolicyKind]}?fieldValidation=Strict`;
        await admin.must('POST', path, { apiVersion: 'tocsin.dev/v1', kind, metadata: { name: 'a' }, spec });
      }
      const { token } = await admin.serviceAccount(namespace, `tocsin-${app}`);
      const kubeconfig = join(directory, `${namespace}.json`);
      await writeFile(kubeconfig, proxy.through.kubeconfig(token));
      const file = join(directory, `${namespace}.yaml`);
      await writeFile(file, `policies: { source: kubernetes, kubeconfig: ${kubeconfig}, namespace: ${namespace}, namespaces: ${namespaces} }\n`);
      const parts = app === 'standalone' ? Object.values(APPS) : [APPS[app as keyof typeof APPS]];
      const env = { PORT: '0', TOCSIN_CONFIG: file, TOCSIN_DATA_DIR: join(directory, namespace), LOG_LEVEL: 'silent' };
      const before = proxy.calls.length;
      const service = await startService({ name: 'test', version: '0', parts: parts as never, standalone: true, env });
      const role = granted(own[0]);
      const calls = (): string[] => [...new Set(proxy.calls.slice(before).map(called))].toSorted();
      // Each kind has been listed, is watched, and has its status written.
      while (calls().length < role.length) await pause(20);
      const accepted = async (resource: string): Promise<boolean> =>
        JSON.stringify((await admin.get(`/apis/tocsin.dev/v1/namespaces/${namespace}/${resource}/a`)).status ?? {}).includes('"True"');
      for (const line of role.filter((one) => one.startsWith('list '))) while (!(await accepted(line.slice('list '.length)))) await pause(20);
      await service.stop();
      expect(calls()).toEqual(role);

      const resource = role.find((line) => line.startsWith('list '))?.slice('list '.length) ?? '';
      const path = `/apis/tocsin.dev/v1/namespaces/${namespace}/${resource}/a`;
      const object = await admin.get(path);
      const { status } = await admin.send('PUT', `${path}?dryRun=All`, object, 'application/json', token);
      expect(status).toBe(403);
    });
  });

  it('is in scaled mode all that standalone may do, each thing by one service', async () => {
    const policyObjects = { enabled: true };
    const rolesOf = async (values: object) => (await render({ ...values, policyObjects })).filter(({ kind }) => kind === 'Role');
    const [standalone] = await rolesOf(STANDALONE);
    const scaled = (await rolesOf(SCALED)).flatMap((role) => granted(role));
    expect(scaled.toSorted()).toEqual(granted(standalone));
  });

  it('comes with a token for those who read, and for nobody else', async () => {
    const objects = await render({ ...SCALED, policyObjects: { enabled: true } });
    const withToken = objects.filter((object) => {
      const { template } = (object['spec'] ?? {}) as { template?: { spec: { automountServiceAccountToken?: boolean } } };
      return template?.spec.automountServiceAccountToken === true;
    });
    expect(withToken.map(({ metadata }) => metadata.name).toSorted()).toEqual(
      Object.keys(APPS)
        .map((app) => `tocsin-${app}`)
        .toSorted(),
    );
  });
});
