import { oncePerRun } from '../once-per-run.js';
import { KubeAdmin } from './admin.js';
import { startApiServer } from './api-server.js';

/** The API server of this test run. Tests work in namespaces of their own, and MUST NOT stop it. */
export async function sharedApiServer(): Promise<KubeAdmin> {
  const address = await oncePerRun({
    name: 'kubernetes',
    answers: (text) => adminOf(text).ready(),
    start: async (directory) => {
      const { url, ca } = await startApiServer({ removeWithServer: directory });
      return JSON.stringify({ url, ca });
    },
  });
  return adminOf(address);
}

function adminOf(text: string): KubeAdmin {
  const { url, ca } = JSON.parse(text) as { url: string; ca: string };
  return new KubeAdmin(url, ca);
}
