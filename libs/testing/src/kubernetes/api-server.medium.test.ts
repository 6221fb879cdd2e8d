import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { request } from 'node:https';
import { describeReal } from '../real.js';
import type { KubeAdmin, KubeAnswer } from './admin.js';
import { startApiServer, type ApiServer } from './api-server.js';
import { makeNetworkPolicyApi, NETWORK_POLICY_APIS } from './network-policies.js';
import { makePod, setDisruptionsAllowed } from './objects.js';
import { sharedApiServer } from './shared.js';

/** Compiling it, where it was not yet. */
const START_MS = 600_000;
const RBAC = '/apis/rbac.authorization.k8s.io/v1';

describeReal('kubernetes', 'the API server that test files share', () => {
  let admin: KubeAdmin;
  let namespace: string;
  beforeAll(async () => {
    admin = await sharedApiServer();
    namespace = await admin.namespace();
    await admin.must('POST', `${RBAC}/namespaces/${namespace}/roles`, {
      metadata: { name: 'reads-pods' },
      rules: [{ apiGroups: [''], resources: ['pods'], verbs: ['get', 'list'] }],
    });
  }, START_MS);

  const letRead = (kind: string, name: string): Promise<unknown> =>
    admin.must('POST', `${RBAC}/namespaces/${namespace}/rolebindings`, {
      metadata: { generateName: 'test-' },
      subjects: [{ kind, name, apiGroup: 'rbac.authorization.k8s.io' }],
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'Role', name: 'reads-pods' },
    });
  /** The status of a list of pods, asked for with what the kubeconfig holds and nothing else. */
  const listPods = (text: string): Promise<number> => {
    const config = JSON.parse(text) as {
      clusters: [{ cluster: { server: string; 'certificate-authority-data': string } }];
      users: [{ user: { 'client-certificate-data': string; 'client-key-data': string } }];
    };
    const { cluster } = config.clusters[0];
    const { user } = config.users[0];
    const pem = (data: string): Buffer => Buffer.from(data, 'base64');
    return new Promise((resolve, reject) => {
      const tls = {
        ca: pem(cluster['certificate-authority-data']),
        cert: pem(user['client-certificate-data']),
        key: pem(user['client-key-data']),
        agent: false,
      };
      request(`${cluster.server}/api/v1/namespaces/${namespace}/pods`, tls, (response) => {
        response.resume();
        resolve(response.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });
  };

  it('is one, also for those who ask at the same time', async () => {
    const [one, two] = await Promise.all([sharedApiServer(), sharedApiServer()]);
    expect([one.url, two.url]).toEqual([admin.url, admin.url]);
  });

  it('lists namespaces', async () => {
    const { items } = await admin.get('/api/v1/namespaces');
    expect(items.map(({ metadata }) => metadata.name)).toEqual(expect.arrayContaining(['default', 'kube-system', namespace]));
  });

  it('knows nobody by a token that it did not give', async () => {
    expect((await admin.send('GET', '/api/v1/namespaces', undefined, undefined, 'nobody')).status).toBe(401);
  });

  it('lets a user or a group do what it is bound to, and no more', async () => {
    const names = [`ann-${namespace}`, `/team+red=${namespace}`] as const;
    const [ann, bob, eve] = await Promise.all([
      admin.kubeconfigFor(names[0]),
      admin.kubeconfigFor('bob', ['others', names[1]]),
      admin.kubeconfigFor('eve', ['others']),
    ]);
    expect(await Promise.all([ann, bob, eve].map(listPods))).toEqual([403, 403, 403]);
    await letRead('User', names[0]);
    await letRead('Group', names[1]);
    // Bindings hold some milliseconds after they were made.
    await until(async () => (await listPods(ann)) === 200 && (await listPods(bob)) === 200);
    expect(await listPods(eve)).toBe(403);
  });

  it('knows a ServiceAccount by the token that it gave', async () => {
    const { token, user } = await admin.serviceAccount(namespace, 'robot');
    const self = '/apis/authentication.k8s.io/v1/selfsubjectreviews';
    const { body } = await admin.send('POST', self, { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' }, undefined, token);
    expect(body.status).toMatchObject({ userInfo: { username: user } });
  });

  it('takes an ephemeral container into a pod once, and never out', async () => {
    await makePod(admin, namespace, 'web-1');
    const path = `/api/v1/namespaces/${namespace}/pods/web-1/ephemeralcontainers`;
    const add = (image: string): Promise<number> => {
      const spec = { ephemeralContainers: [{ name: 'look', image }] };
      return admin.send('PATCH', path, { spec }, 'application/strategic-merge-patch+json').then(({ status }) => status);
    };
    expect(await add('one')).toBe(200);
    expect(await add('one')).toBe(200);
    expect(await add('two')).toBe(422);
  });

  it('evicts as far as a PodDisruptionBudget allows, which the test says in place of its controller', async () => {
    await makePod(admin, namespace, 'web-2', { labels: { app: 'guarded' } });
    await admin.must('POST', `/apis/policy/v1/namespaces/${namespace}/poddisruptionbudgets`, {
      metadata: { name: 'guard' },
      spec: { minAvailable: 1, selector: { matchLabels: { app: 'guarded' } } },
    });
    const evict = (): Promise<number> =>
      admin
        .send('POST', `/api/v1/namespaces/${namespace}/pods/web-2/eviction`, {
          apiVersion: 'policy/v1',
          kind: 'Eviction',
          metadata: { name: 'web-2', namespace },
        })
        .then(({ status }) => status);
    expect(await evict()).toBe(429);
    await setDisruptionsAllowed(admin, namespace, 'guard', 1);
    expect(await evict()).toBe(201);
  });
});

describeReal('kubernetes', 'an API server of its own', () => {
  let server: ApiServer;
  beforeAll(async () => {
    server = await startApiServer();
  }, START_MS);
  afterAll(() => server.close());

  it('is another than the shared one, and knows nothing of it', async () => {
    const shared = await sharedApiServer();
    const namespace = await shared.namespace();
    expect((await server.admin.send('GET', `/api/v1/namespaces/${namespace}`)).status).toBe(404);
  });

  it('holds everybody to its admission policies', async () => {
    const { admin } = server;
    const namespace = await admin.namespace();
    const admission = '/apis/admissionregistration.k8s.io/v1';
    await admin.must('POST', `${admission}/validatingadmissionpolicies`, {
      metadata: { name: 'no-red' },
      spec: {
        matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['configmaps'] }] },
        validations: [{ expression: "!('color' in object.data) || object.data.color != 'red'", message: 'Nothing is red.' }],
      },
    });
    await admin.must('POST', `${admission}/validatingadmissionpolicybindings`, {
      metadata: { name: 'no-red' },
      spec: { policyName: 'no-red', validationActions: ['Deny'] },
    });
    const make = (color: string): Promise<KubeAnswer> =>
      admin.send('POST', `/api/v1/namespaces/${namespace}/configmaps?dryRun=All`, { metadata: { name: color }, data: { color } });
    // Policies are in force some seconds after they were made.
    await until(async () => (await make('red')).body.message?.includes('Nothing is red.') === true);
    expect((await make('blue')).status).toBe(201);
  });

  it.each(NETWORK_POLICY_APIS)('has the API of $name when it was made, at once', async (api) => {
    const { admin } = server;
    const path = `/apis/${api.group}/${api.version}`;
    expect((await admin.send('GET', path)).status).toBe(404);
    await makeNetworkPolicyApi(admin, api.name);
    await makeNetworkPolicyApi(admin, api.name);
    const { groups } = (await admin.get('/apis')) as unknown as { groups: { name: string; versions: { version: string }[] }[] };
    expect(groups.find(({ name }) => name === api.group)?.versions.map(({ version }) => version)).toContain(api.version);
    const spec = { anything: [{ deep: true }] };
    const made = await admin.must('POST', `${path}/${api.plural}`, {
      apiVersion: `${api.group}/${api.version}`,
      kind: api.kind,
      metadata: { name: 'p' },
      spec,
    });
    expect(made.spec).toEqual(spec);
  });
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition()));
}
