import { oncePerRun } from '../once-per-run.js';
import { KubeAdmin } from './admin.js';
import { startApiServer, type ApiServer } from './api-server.js';

/** The API server of this test run. Tests work in namespaces of their own, and MUST NOT stop it. */
export async function sharedApiServer(): Promise<KubeAdmin> {
  const address = await oncePerRun({
    name: 'kubernetes',
    answers: (text) => adminOf(text).ready(),
    start: async (directory) => {
      const { url, ca, clients } = await startApiServer({ removeWithServer: directory });
      return JSON.stringify({ url, ca, clients });
    },
  });
  return adminOf(address);
}

function adminOf(text: string): KubeAdmin {
  const { url, ca, clients } = JSON.parse(text) as Pick<ApiServer, 'url' | 'ca' | 'clients'>;
  return new KubeAdmin(url, ca, clients);
}
