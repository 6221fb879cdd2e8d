import { makeDeployment, makePod } from '@tocsin/testing';
import { runActionContract } from '../contract.js';
import { quarantine } from './quarantine.js';

runActionContract({
  definition: quarantine,
  config: { strategy: 'portable' },
  async prepare(admin, namespace) {
    await makeDeployment(admin, namespace, 'web', 3);
    return { type: 'pod', name: `${namespace}/web-0` };
  },
  look: async (admin, namespace) =>
    Object.keys((await admin.get(`/api/v1/namespaces/${namespace}/pods/web-0`)).metadata.labels ?? {}).filter((key) => key.startsWith('tocsin.dev/')),
  during: ['tocsin.dev/quarantine'],
  async replace(admin, namespace) {
    await admin.must('DELETE', `/api/v1/namespaces/${namespace}/pods/web-0?gracePeriodSeconds=0`);
    await makePod(admin, namespace, 'web-0', { labels: { app: 'web', 'pod-template-hash': 'abc12' } });
  },
});
