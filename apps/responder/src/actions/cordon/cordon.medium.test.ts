import { randomUUID } from 'node:crypto';
import { makeNode } from '@tocsin/testing';
import { runActionContract } from '../contract.js';
import { cordon } from './cordon.js';

/** Nodes have no namespace; each goes by that of its test. */
const nodeOf = (namespace: string): string => `node-of-${namespace}`;

runActionContract({
  definition: cordon,
  async prepare(admin, namespace) {
    await makeNode(admin, nodeOf(namespace));
    return { type: 'node', name: nodeOf(namespace) };
  },
  look: async (admin, namespace) => (await admin.get(`/api/v1/nodes/${nodeOf(namespace)}`)).spec.unschedulable ?? false,
  during: true,
  async replace(admin, namespace) {
    await admin.must('DELETE', `/api/v1/nodes/${nodeOf(namespace)}`);
    await admin.must('POST', '/api/v1/nodes', { metadata: { name: nodeOf(namespace), labels: { made: randomUUID() } } });
  },
});
