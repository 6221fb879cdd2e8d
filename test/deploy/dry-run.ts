import type { KubeAdmin } from '@tocsin/testing';
import type { Rendered } from './helm.js';

/** What the API server says of an object that it would be asked to create; undefined: nothing, it takes it. Nothing is created. */
export async function dryRun(admin: KubeAdmin, object: Rendered, namespace: string): Promise<string | undefined> {
  const resource = await resourceOf(admin, object);
  if (resource === undefined) return `${object.apiVersion} ${object.kind}: is unknown to the server`;
  const [group] = object.apiVersion.includes('/') ? [`/apis/${object.apiVersion}`] : [`/api/${object.apiVersion}`];
  const within = resource.namespaced ? `/namespaces/${object.metadata.namespace ?? namespace}` : '';
  const path = `${group}${within}/${resource.name}/${object.metadata.name}?dryRun=All&fieldManager=test&fieldValidation=Strict`;
  const { status, body } = await admin.send('PATCH', path, object, 'application/apply-patch+yaml');
  return status < 300 ? undefined : `${object.kind} ${object.metadata.name}: ${body.message ?? status}`;
}

async function resourceOf(admin: KubeAdmin, { apiVersion, kind }: Rendered): Promise<{ name: string; namespaced: boolean } | undefined> {
  const { status, body } = await admin.send('GET', apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`);
  if (status !== 200) return undefined;
  const { resources } = body as unknown as { resources: { name: string; kind: string; namespaced: boolean }[] };
  return resources.find((resource) => resource.kind === kind && !resource.name.includes('/'));
}

/** A kind of somebody else's, whose objects the chart may create; its fields are not checked. */
export async function makeForeignKind(admin: KubeAdmin, group: string, version: string, kind: string): Promise<void> {
  const singular = kind.toLowerCase();
  const plural = `${singular}s`;
  await admin.send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: 'Namespaced',
      names: { kind, plural, singular },
      versions: [
        {
          name: version,
          served: true,
          storage: true,
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  });
  for (;;) {
    const { status, body } = await admin.send('GET', `/apis/${group}/${version}`);
    if (status === 200 && JSON.stringify(body).includes(`"${kind}"`)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
