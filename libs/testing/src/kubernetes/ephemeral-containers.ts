import type { KubeAdmin, KubeBody } from './admin.js';
import type { ContainerLog } from './kubelet.js';
import { watch } from './watch.js';

export interface EphemeralContainer {
  namespace: string;
  pod: string;
  name: string;
  image: string;
  command: readonly string[];
}

/** What becomes of a container that the kubelet takes up. */
export type ContainerRun =
  /** It runs and writes; with an exit code it ends as well. */
  | { log: Buffer | ContainerLog; exitCode?: number; message?: string }
  /** It never starts: `ImagePullBackOff`, `ErrImagePull`, `CreateContainerError`. */
  | { waiting: string; message?: string };

interface ContainerStatus {
  name: string;
  state: Record<string, unknown>;
}

/** The state of an ephemeral container; those of others in the pod stay. */
export async function reportContainer(admin: KubeAdmin, namespace: string, pod: string, container: string, state: object): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/pods/${pod}`;
  const status = { name: container, image: 'x', imageID: 'x', ready: false, restartCount: 0, state };
  for (;;) {
    const found = await admin.get(path);
    const others = ((found.status['ephemeralContainerStatuses'] ?? []) as ContainerStatus[]).filter(({ name }) => name !== container);
    const patch = { metadata: { resourceVersion: found.metadata.resourceVersion }, status: { ephemeralContainerStatuses: [...others, status] } };
    const { status: code, body } = await admin.send('PATCH', `${path}/status`, patch, 'application/merge-patch+json');
    if (code === 200) return;
    // Somebody changed the pod meanwhile.
    if (code !== 409) throw new Error(`The state of ${namespace}/${pod}/${container} was answered ${code}: ${body.message}`);
  }
}

/** Takes up the ephemeral containers of the node's pods, in the order in which they are seen. */
export function runEphemeralContainers(
  admin: KubeAdmin,
  node: string,
  logs: Map<string, ContainerLog>,
  decide: (container: EphemeralContainer) => ContainerRun | undefined,
): { close(): Promise<void> } {
  const taken = new Set<string>();
  let work: Promise<void> = Promise.resolve();
  const watching = watch(admin, `/api/v1/pods?fieldSelector=spec.nodeName=${node}`, ({ type, object }) => {
    if (type !== 'ADDED' && type !== 'MODIFIED') return;
    for (const container of ephemeralContainers(object)) {
      const id = `${object.metadata.uid}/${container.name}`;
      if (taken.has(id)) continue;
      taken.add(id);
      work = work.then(() => run(admin, logs, container, decide(container)));
      // Told by close.
      work.catch(() => undefined);
    }
  });
  return {
    close() {
      watching.close();
      return work;
    },
  };
}

function ephemeralContainers(pod: KubeBody): EphemeralContainer[] {
  const found = (pod.spec['ephemeralContainers'] ?? []) as { name: string; image: string; command?: string[] }[];
  const { name: podName, namespace = '' } = pod.metadata;
  return found.map(({ name, image, command = [] }) => ({ namespace, pod: podName, name, image, command }));
}

async function run(admin: KubeAdmin, logs: Map<string, ContainerLog>, container: EphemeralContainer, what: ContainerRun | undefined): Promise<void> {
  if (what === undefined) return;
  const { namespace, pod, name } = container;
  const report = (state: object): Promise<void> => reportContainer(admin, namespace, pod, name, state);
  const message = what.message !== undefined && { message: what.message };
  if ('waiting' in what) {
    await report({ waiting: { reason: what.waiting, ...message } });
    return;
  }
  const startedAt = now();
  logs.set(`${namespace}/${pod}/${name}`, Buffer.isBuffer(what.log) ? { bytes: what.log } : what.log);
  await report({ running: { startedAt } });
  if (what.exitCode === undefined) return;
  const reason = what.exitCode === 0 ? 'Completed' : 'Error';
  await report({ terminated: { exitCode: what.exitCode, reason, startedAt, finishedAt: now(), ...message } });
}

/** In whole seconds, as the API keeps times. */
function now(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z');
}
