import { makeDeployment } from '@tocsin/testing';
import { runActionContract } from '../contract.js';
import { annotate } from './annotate.js';

runActionContract({
  definition: annotate,
  config: { set: { 'example.com/review': 'Ann looks at it\nuntil noon' } },
  async prepare(admin, namespace) {
    await makeDeployment(admin, namespace, 'web', 2);
    return { type: 'workload', name: `${namespace}/web` };
  },
  look: async (admin, namespace) => (await admin.get(`/apis/apps/v1/namespaces/${namespace}/deployments/web`)).metadata.annotations ?? {},
  during: { 'example.com/review': 'Ann looks at it\nuntil noon' },
});
