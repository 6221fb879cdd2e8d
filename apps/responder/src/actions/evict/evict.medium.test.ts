import { makePod } from '@tocsin/testing';
import { runActionContract } from '../contract.js';
import { evict } from './evict.js';

runActionContract({
  definition: evict,
  async prepare(admin, namespace) {
    await makePod(admin, namespace, 'web-1');
    return { type: 'pod', name: `${namespace}/web-1` };
  },
  look: async (admin, namespace) => (await admin.send('GET', `/api/v1/namespaces/${namespace}/pods/web-1`)).status,
  during: 404,
  async replace(admin, namespace) {
    await admin.must('DELETE', `/api/v1/namespaces/${namespace}/pods/web-1?gracePeriodSeconds=0`);
    await makePod(admin, namespace, 'web-1');
  },
});
