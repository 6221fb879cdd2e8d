import { makeDeployment, makePod } from '@tocsin/testing';
import { runActionContract } from '../contract.js';
import { detach } from './detach.js';

runActionContract({
  definition: detach,
  async prepare(admin, namespace) {
    await makeDeployment(admin, namespace, 'web', 2);
    return { type: 'pod', name: `${namespace}/web-0` };
  },
  look: async (admin, namespace) => (await admin.get(`/api/v1/namespaces/${namespace}/pods/web-0`)).metadata.labels ?? {},
  during: {},
  async replace(admin, namespace) {
    await admin.must('DELETE', `/api/v1/namespaces/${namespace}/pods/web-0?gracePeriodSeconds=0`);
    await makePod(admin, namespace, 'web-0', { labels: { app: 'web', 'pod-template-hash': 'abc12' } });
  },
});
