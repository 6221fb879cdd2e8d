import { makePod, type KubeAdmin } from '@tocsin/testing';
import { runActionContract } from '../contract.js';
import { label } from './label.js';

const labelsOf = async (admin: KubeAdmin, namespace: string): Promise<unknown> =>
  (await admin.get(`/api/v1/namespaces/${namespace}/pods/web-1`)).metadata.labels;

runActionContract({
  definition: label,
  config: { set: { 'example.com/under-review': 'yes', tier: 'held' } },
  async prepare(admin, namespace) {
    await makePod(admin, namespace, 'web-1', { labels: { app: 'web', tier: 'front' } });
    return { type: 'pod', name: `${namespace}/web-1` };
  },
  look: labelsOf,
  during: { app: 'web', tier: 'held', 'example.com/under-review': 'yes' },
  async replace(admin, namespace) {
    await admin.must('DELETE', `/api/v1/namespaces/${namespace}/pods/web-1?gracePeriodSeconds=0`);
    await makePod(admin, namespace, 'web-1', { labels: { app: 'web', tier: 'front' } });
  },
});
