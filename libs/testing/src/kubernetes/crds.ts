import { setTimeout as delay } from 'node:timers/promises';
import type { KubeAdmin } from './admin.js';

const SERVED_POLL_MS = 50;

interface Crd {
  metadata: { name: string };
  spec: { group: string; names: { plural: string }; versions: { name: string }[] };
}

/** Installs definitions, or makes them as they are given; resolves when their resources are served. Throws what the server says. */
export async function installCrds(admin: KubeAdmin, crds: readonly object[]): Promise<void> {
  for (const crd of crds as Crd[]) {
    const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${crd.metadata.name}`;
    await admin.must('PATCH', `${path}?fieldManager=test&force=true&fieldValidation=Strict`, crd, 'application/apply-patch+yaml');
  }
  for (const { spec } of crds as Crd[]) {
    const path = `/apis/${spec.group}/${spec.versions[0]?.name}/${spec.names.plural}`;
    while ((await admin.send('GET', path)).status !== 200) await delay(SERVED_POLL_MS);
  }
}
