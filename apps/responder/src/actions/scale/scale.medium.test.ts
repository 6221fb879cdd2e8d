import { makeDeployment } from '@tocsin/testing';
import { runActionContract } from '../contract.js';
import { scale } from './scale.js';

runActionContract({
  definition: scale,
  async prepare(admin, namespace) {
    await makeDeployment(admin, namespace, 'web', 3);
    return { type: 'workload', name: `${namespace}/web` };
  },
  look: async (admin, namespace) => (await admin.get(`/apis/apps/v1/namespaces/${namespace}/deployments/web`)).spec.replicas,
  during: 0,
  async replace(admin, namespace) {
    await admin.must('DELETE', `/apis/apps/v1/namespaces/${namespace}/deployments/web`);
    const template = { metadata: { labels: { app: 'web' } }, spec: { containers: [{ name: 'main', image: 'example.com/web:1' }] } };
    const spec = { replicas: 3, selector: { matchLabels: { app: 'web' } }, template };
    await admin.must('POST', `/apis/apps/v1/namespaces/${namespace}/deployments`, { metadata: { name: 'web' }, spec });
  },
});
