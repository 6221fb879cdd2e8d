import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseYamlDocuments } from '@tocsin/extension';
import { describeReal, makePod, startApiServer, type ApiServer, type KubeAnswer } from '@tocsin/testing';

const MANIFEST = join(import.meta.dirname, '../../../../deploy/k8s/responder/admission.yaml');
const IMAGE = `registry.example.com/tocsin-capture@sha256:${'a'.repeat(64)}`;
const MERGE = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';

/** A server of its own: these policies are about whoever is not the responder, in every namespace. */
describeReal('kubernetes', 'the admission policies of deploy/k8s/responder', () => {
  let server: ApiServer;
  let responder: string;
  const pod = '/api/v1/namespaces/shop/pods/web-1';
  const asResponder = (path: string, body: unknown, type: string): Promise<KubeAnswer> => server.admin.send('PATCH', path, body, type, responder);
  const capture = (parts: object, name = 'tocsin-capture-1'): object => ({
    spec: { ephemeralContainers: [{ name, image: IMAGE, securityContext: { capabilities: { add: ['NET_RAW'] } }, ...parts }] },
  });

  beforeAll(async () => {
    server = await startApiServer();
    const { admin } = server;
    for (const name of ['tocsin', 'shop']) await admin.must('POST', '/api/v1/namespaces', { metadata: { name } });
    const { token, user } = await admin.serviceAccount('tocsin', 'tocsin-responder');
    responder = token;
    // All rights, so that what is refused is refused by the policies.
    const subjects = [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }];
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'cluster-admin' };
    await admin.must('POST', '/apis/rbac.authorization.k8s.io/v1/clusterrolebindings', { metadata: { name: 'all' }, subjects, roleRef });
    await makePod(admin, 'shop', 'web-1');
    for (const { value } of parseYamlDocuments(readFileSync(MANIFEST, 'utf8'), MANIFEST)) {
      const { kind } = value as { kind: string };
      const plural = kind === 'ValidatingAdmissionPolicy' ? 'validatingadmissionpolicies' : 'validatingadmissionpolicybindings';
      await admin.must('POST', `/apis/admissionregistration.k8s.io/v1/${plural}`, value);
    }
    // Policies are in force some seconds after they were made; a change that all of them let through but one shows when.
    while ((await asResponder(`${pod}?dryRun=All`, { spec: { activeDeadlineSeconds: 3_000 } }, MERGE)).status !== 422);
    while (
      (await server.admin.send('PATCH', `${pod}?dryRun=All`, { metadata: { labels: { 'tocsin.dev/quarantine': 'q-1' } } }, MERGE)).status !== 422
    );
    while ((await asResponder(`${pod}/ephemeralcontainers?dryRun=All`, capture({}, 'debug'), STRATEGIC)).status !== 422);
  }, 400_000);
  afterAll(() => server.close());

  describe('let the responder', () => {
    it('change labels and annotations', async () => {
      const body = { metadata: { labels: { 'tocsin.dev/quarantine': 'q-1', app: null }, annotations: { 'tocsin.dev/quarantine-record': '{}' } } };
      expect((await asResponder(`${pod}?dryRun=All`, body, MERGE)).status).toBe(200);
    });

    it('start a capture', async () => {
      expect((await asResponder(`${pod}/ephemeralcontainers?dryRun=All`, capture({}), STRATEGIC)).status).toBe(200);
    });
  });

  it.each([
    ['change an image', pod, { spec: { containers: [{ name: 'main', image: 'evil' }] } }, 'labels and annotations'],
    ['run another image', `${pod}/ephemeralcontainers`, capture({ image: 'evil' }), 'pinned capture image'],
    ['run a privileged container', `${pod}/ephemeralcontainers`, capture({ securityContext: { privileged: true } }), 'no privileges'],
    ['run a container of another name', `${pod}/ephemeralcontainers`, capture({}, 'shell'), 'containers of captures only'],
  ])('do not let the responder %s', async (_name, path, body, message) => {
    const { status, body: answer } = await asResponder(`${path}?dryRun=All`, body, STRATEGIC);
    expect({ status, message: answer.message }).toEqual({ status: 422, message: expect.stringContaining(message) });
  });

  it('let nobody else put a pod into quarantine or take it out', async () => {
    const labels = (value: string | null): object => ({ metadata: { labels: { 'tocsin.dev/quarantine': value } } });
    expect((await server.admin.send('PATCH', pod, labels('q-1'), MERGE)).status).toBe(422);
    expect((await asResponder(pod, labels('q-1'), MERGE)).status).toBe(200);
    expect((await server.admin.send('PATCH', pod, labels(null), MERGE)).body.message).toContain("Only Tocsin's responder");
    expect((await server.admin.send('PATCH', pod, { metadata: { labels: { other: 'x' } } }, MERGE)).status).toBe(200);
    const made = { metadata: { name: 'p', labels: { 'tocsin.dev/quarantine': 'q' } }, spec: { containers: [{ name: 'a', image: 'a' }] } };
    expect((await server.admin.send('POST', '/api/v1/namespaces/shop/pods', made)).status).toBe(422);
  });
});
