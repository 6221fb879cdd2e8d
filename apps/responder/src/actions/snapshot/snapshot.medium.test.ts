import { describe, expect, it } from '@jest/globals';
import { describeReal, makeDeployment } from '@tocsin/testing';
import { openBench, runActionContract, type ActionCase } from '../contract.js';
import { snapshot } from './snapshot.js';

const action: ActionCase = {
  definition: snapshot,
  async prepare(admin, namespace) {
    await makeDeployment(admin, namespace, 'web', 2);
    return { type: 'pod', name: `${namespace}/web-0` };
  },
  look: async (admin, namespace) => (await admin.get(`/api/v1/namespaces/${namespace}/pods/web-0`)).metadata.labels,
  during: { app: 'web', 'pod-template-hash': 'abc12' },
  readsOnly: true,
};
runActionContract(action);

describeReal('kubernetes', 'a snapshot', () => {
  it('holds the pod, its owners up to the Deployment, and says what cannot be had', async () => {
    const { instance, plan, call, kept } = await openBench(action);
    const result = await instance.run(await plan(), call());
    expect(result).toMatchObject({ then: 'done', evidence: [expect.any(String)] });
    const [collected] = kept.values();
    const found = JSON.parse(collected?.bytes.toString() ?? '') as {
      pod: { kind: string };
      owners: { kind: string }[];
      logs: unknown;
      networkPolicies: object;
    };
    expect(found.pod.kind).toBe('Pod');
    expect(found.owners.map(({ kind }) => kind)).toEqual(['ReplicaSet', 'Deployment']);
    expect(found.networkPolicies).toHaveProperty('items', []);
    // The pod runs on no node, so that nobody has its log.
    expect(found.logs).toEqual({ main: '' });
  }, 60_000);
});

describe('a snapshot', () => {
  it('takes no option that it does not know', () => {
    expect(snapshot.config.safeParse({ logs: true }).success).toBe(false);
  });
});
