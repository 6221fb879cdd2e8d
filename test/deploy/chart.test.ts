import { beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apiPart } from '@tocsin/api';
import { correlatorPart } from '@tocsin/correlator';
import { ingestPart } from '@tocsin/ingest';
import { notifierPart } from '@tocsin/notifier';
import { responderPart } from '@tocsin/responder';
import { loadConfig } from '@tocsin/runtime';
import { describeReal, sharedApiServer, type KubeAdmin } from '@tocsin/testing';
import { parse, parseAllDocuments, stringify } from 'yaml';
import { dryRun, makeForeignKind } from './dry-run.js';
import { render, type Rendered } from './helm.js';

/** Helm may have to be compiled first. */
jest.setTimeout(600_000);

const roles = join(import.meta.dirname, '..', '..', 'deploy', 'k8s', 'responder');
const STANDALONE = { auth: { existingSecret: 'tokens' } };
const SCALED = {
  ...STANDALONE,
  mode: 'scaled',
  kafka: { brokers: ['kafka-0:9093', 'kafka-1:9093'], ssl: true, sasl: { mechanism: 'scram-sha-512', username: 'tocsin', existingSecret: 'kafka' } },
  postgres: { existingSecret: 'postgres' },
  publicUrl: 'https://tocsin.example.com/',
};
const EVERYTHING = {
  channelSecrets: { existingSecret: 'channels' },
  policies: { 'on-call.yaml': 'apiVersion: tocsin.dev/v1\n' },
  serviceMonitor: { enabled: true, labels: { release: 'prometheus' } },
  prometheusRule: { enabled: true },
  dashboards: { enabled: true },
  networkPolicy: {
    ingestFrom: [{ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'falco' } } }],
    apiFrom: [{ podSelector: {} }],
    metricsFrom: [{ podSelector: {} }],
    egress: [{ to: [{ ipBlock: { cidr: '10.0.0.0/8' } }] }],
  },
};
const KEDA = { keda: { enabled: true, subscriptions: [{ name: 'siem', events: 'violations' }], triggerAuthentication: 'kafka' } };

interface Pod {
  serviceAccountName?: string;
  automountServiceAccountToken?: boolean;
  securityContext: Record<string, unknown>;
  containers: { name: string; env?: { name: string }[]; securityContext: Record<string, unknown> }[];
}

/** The pods of everything that has some. */
function pods(objects: readonly Rendered[]): { of: string; pod: Pod }[] {
  return objects.flatMap((object) => {
    const spec = object['spec'] as { template?: { spec: Pod } } & Pod;
    if (object.kind === 'Pod') return [{ of: object.metadata.name, pod: spec }];
    return spec?.template === undefined ? [] : [{ of: object.metadata.name, pod: spec.template.spec }];
  });
}

const variables = (pod: Pod | undefined): string[] => (pod?.containers[0]?.env ?? []).map(({ name }) => name);

describeReal('helm', 'the chart', () => {
  it('brings the dashboards as ConfigMaps that the sidecar of Grafana looks for, when they are asked for', async () => {
    const dashboards = (objects: readonly Rendered[]) => objects.filter(({ metadata }) => metadata.name.startsWith('tocsin-dashboard-'));
    expect(dashboards(await render(STANDALONE))).toEqual([]);
    const folder = join(import.meta.dirname, '..', '..', 'deploy', 'grafana', 'dashboards');
    const names = (await readdir(folder)).toSorted();
    const maps = dashboards(await render({ ...STANDALONE, dashboards: { enabled: true } }));
    expect(maps.map(({ kind, metadata }) => [kind, metadata.labels?.['grafana_dashboard']])).toEqual(names.map(() => ['ConfigMap', '1']));
    const carried = Object.assign({}, ...maps.map((map) => map['data'])) as Record<string, string>;
    expect(Object.keys(carried).toSorted()).toEqual(names);
    for (const name of names) expect(JSON.parse(carried[name] ?? '')).toEqual(JSON.parse(await readFile(join(folder, name), 'utf8')));
  });

  it.each([
    ['standalone', STANDALONE],
    ['scaled', { ...SCALED, ...KEDA }],
  ])('gives no pod of %s more than it needs', async (_mode, values) => {
    const objects = await render({ ...values, ...EVERYTHING });
    expect(pods(objects).length).toBeGreaterThan(1);
    for (const { of, pod } of pods(objects)) {
      expect({ of, ...pod.securityContext }).toMatchObject({ runAsNonRoot: true, seccompProfile: { type: 'RuntimeDefault' } });
      expect({ of, token: pod.automountServiceAccountToken }).toEqual({ of, token: false });
      for (const container of pod.containers) {
        expect({ of, ...container.securityContext }).toMatchObject({
          allowPrivilegeEscalation: false,
          readOnlyRootFilesystem: true,
          capabilities: { drop: ['ALL'] },
        });
      }
    }
  });

  it('hands each secret only to who uses it', async () => {
    const objects = pods(await render(SCALED));
    const of = (app: string): string[] => variables(objects.find((one) => one.of === `tocsin-${app}`)?.pod);
    expect(of('ingest')).toEqual(['TOCSIN_INGEST_TOKEN', 'TOCSIN_KAFKA_PASSWORD']);
    expect(of('api')).toEqual(['TOCSIN_API_TOKEN', 'TOCSIN_KAFKA_PASSWORD', 'DATABASE_URL']);
    expect(of('correlator')).toEqual(['TOCSIN_KAFKA_PASSWORD', 'DATABASE_URL']);
    expect(of('migrate')).toEqual(['TOCSIN_KAFKA_PASSWORD', 'DATABASE_URL']);
  });

  it.each([
    ['standalone', STANDALONE],
    ['scaled', SCALED],
  ])('writes a tocsin.yaml for %s that every service takes, with what the user adds', async (_mode, values) => {
    const own = { config: { notifier: { concurrency: 7 }, http: { port: 1 } }, responder: { actions: ['snapshot'], namespaces: ['shop'] } };
    const objects = await render({ ...values, ...own });
    const { data } = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'tocsin') as unknown as {
      data: Record<string, string>;
    };
    const directory = await mkdtemp(join(tmpdir(), 'tocsin-chart-'));
    await writeFile(join(directory, 'tocsin.yaml'), data['tocsin.yaml'] ?? '');
    const parts = [ingestPart, correlatorPart, responderPart, notifierPart, apiPart];
    const schemas = Object.fromEntries(parts.map(({ name, config }) => [name, config]));
    const { common, sections } = await loadConfig(schemas, { TOCSIN_CONFIG: join(directory, 'tocsin.yaml') });
    await rm(directory, { recursive: true });
    expect(common).toMatchObject({ http: { host: '0.0.0.0', port: 8080 }, dataDir: '/data' });
    expect(sections).toMatchObject({ notifier: { concurrency: 7 }, responder: { clusters: [{ name: 'default', inCluster: true }] } });
  });

  it('lets the responder do what was named, where it was named, and nobody else anything', async () => {
    const objects = await render({ ...SCALED, responder: { actions: ['quarantine', 'snapshot'], namespaces: ['shop', 'pay'] } });
    const listed = await Promise.all(
      (await readdir(roles))
        .filter((name) => ['role-quarantine.yaml', 'role-snapshot.yaml'].includes(name))
        .map(async (name) => parseAllDocuments(await readFile(join(roles, name), 'utf8')).map((document) => document.toJS() as Rendered)),
    );
    const byName = (some: readonly Rendered[]) => new Map(some.map((one) => [one.metadata.name, one['rules']]));
    expect(byName(objects.filter(({ kind }) => kind === 'ClusterRole'))).toEqual(byName(listed.flat()));
    expect(objects.filter(({ kind }) => kind === 'Role')).toEqual([]);
    const bindings = objects.filter(({ kind }) => kind.endsWith('Binding'));
    expect(new Set(bindings.filter(({ kind }) => kind === 'RoleBinding').map(({ metadata }) => metadata.namespace))).toEqual(
      new Set(['shop', 'pay']),
    );
    for (const { subjects } of bindings as unknown as { subjects: object[] }[]) {
      expect(subjects).toEqual([{ kind: 'ServiceAccount', name: 'tocsin-responder', namespace: 'tocsin' }]);
    }
    const tokens = pods(objects).filter(({ pod }) => pod.automountServiceAccountToken !== false);
    expect(tokens.map(({ of }) => of)).toEqual(['tocsin-responder']);
  });

  it.each([
    [{}, 'auth.existingSecret: name a Secret'],
    [{ ...STANDALONE, mode: 'scaled' }, 'kafka.brokers: scaled mode needs'],
    [{ ...SCALED, postgres: { existingSecret: '' } }, 'postgres.existingSecret: scaled mode needs'],
    [{ ...STANDALONE, responder: { actions: ['quarantine'] } }, 'responder.namespaces: say in which'],
    [{ ...STANDALONE, responder: { actions: ['quarantine'], namespaces: ['kube-system'] } }, 'nothing is ever done in kube-system'],
    [{ ...STANDALONE, mode: 'scale' }, "value must be one of 'standalone', 'scaled'"],
    [{ ...STANDALONE, replicas: 3 }, "additional properties 'replicas' not allowed"],
  ])('refuses %j', async (values, message) => {
    await expect(render(values)).rejects.toThrow(message);
  });

  it('has the policies read where the configuration says', async () => {
    const objects = await render({ ...STANDALONE, ...EVERYTHING });
    const config = objects.find(({ kind, metadata }) => kind === 'ConfigMap' && metadata.name === 'tocsin') as unknown as {
      data: Record<string, string>;
    };
    const { policyDir } = parse(config.data['tocsin.yaml'] ?? '') as { policyDir: string };
    expect(stringify(objects.find(({ kind }) => kind === 'StatefulSet'))).toContain(`mountPath: ${policyDir}`);
  });
});

describeReal(['helm', 'kubernetes'], 'the chart, at a real API server', () => {
  let admin: KubeAdmin;
  let namespace: string;
  beforeAll(async () => {
    admin = await sharedApiServer();
    namespace = await admin.namespace();
    await makeForeignKind(admin, 'monitoring.coreos.com', 'v1', 'ServiceMonitor');
    await makeForeignKind(admin, 'monitoring.coreos.com', 'v1', 'PrometheusRule');
    await makeForeignKind(admin, 'keda.sh', 'v1alpha1', 'ScaledObject');
  });

  describe.each([
    ['standalone', STANDALONE],
    ['standalone with everything', { ...STANDALONE, ...EVERYTHING }],
    ['standalone without a volume', { ...STANDALONE, standalone: { persistence: { enabled: false } } }],
    ['scaled', SCALED],
    ['scaled with policies as objects of all namespaces', { ...SCALED, policyObjects: { enabled: true, namespaces: 'all' } }],
    ['scaled with everything', { ...SCALED, ...EVERYTHING, ...KEDA }],
  ])('%s', (_name, values) => {
    it('is taken whole', async () => {
      const responder = {
        actions: ['snapshot', 'capture', 'quarantine', 'detach', 'evict', 'cordon', 'scale', 'label', 'annotate'],
        namespaces: [namespace],
      };
      const objects = await render({ ...values, responder }, namespace);
      const refusals: (string | undefined)[] = [];
      for (const object of objects) refusals.push(await dryRun(admin, object, namespace));
      expect(refusals.filter((refusal) => refusal !== undefined)).toEqual([]);
      expect(objects.length).toBeGreaterThan(15);
    });
  });
});
