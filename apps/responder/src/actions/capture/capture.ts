import type { ActionPlan } from '@tocsin/domain';
import type { ActionCall, ActionDefinition, ActionInstance, RunResult } from '../../action.js';
import { Failed, Refused, Transient } from '../../failure.js';
import type { Cluster } from '../../kubernetes/cluster.js';
import { readSame } from '../../kubernetes/metadata.js';
import { podPath } from '../../kubernetes/paths.js';
import type { ContainerStatus, Pod } from '../../kubernetes/pod.js';
import type { ActionDeps, CaptureSettings } from '../deps.js';
import { READ_WORKLOADS } from '../permissions.js';
import { byNeuvector } from '../by-neuvector.js';
import { captureByNeuvector } from './by-neuvector.js';
import { captureCommand, captureConfig, type CaptureConfig } from './command.js';
import { readOutput } from './output.js';

/** An image that cannot be pulled, or a container that cannot be made, is not waited for longer. */
const START_WITHIN_MS = 120_000;
const POLL_MS = 2_000;
/** For the trailer, line ends and what the kubelet adds. */
const OUTPUT_SLACK = 64 * 1024;

export const capture: ActionDefinition<CaptureConfig, ActionDeps> = {
  type: 'capture',
  summary: 'Captures a pod’s packets by an ephemeral container, also while it is quarantined, and keeps the file as evidence.',
  config: captureConfig,
  needs: {
    targets: ['pod'],
    permissions: [
      ...READ_WORKLOADS,
      { group: '', resource: 'pods/ephemeralcontainers', verbs: ['patch'] },
      { group: '', resource: 'pods/log', verbs: ['get'] },
    ],
  },
  impact: 'adds',
  most: { perPod: 1, perNode: 3 },
  create: (config, deps) =>
    config.by === 'neuvector'
      ? byNeuvector(deps.neuvector, (neuvector) => captureByNeuvector(neuvector, config, deps.evidence))
      : createCapture(config, deps),
};

function createCapture(wanted: CaptureConfig, { clusters, evidence, capture: settings }: ActionDeps): ActionInstance {
  const read = ({ scope }: ActionPlan, { order, signal }: ActionCall): Promise<Pod> =>
    readSame<Pod>(clusters.get(order.cluster), podPath(scope.namespace ?? '', scope.pod?.name ?? ''), scope.pod?.uid ?? '', signal);
  const start = async (plan: ActionPlan, call: ActionCall, dryRun: boolean): Promise<void> => {
    const { namespace = '', pod = { name: '' } } = plan.scope;
    const container = { name: nameOfContainer(call.order.id), ...(plan.details['container'] as object) };
    const path = [...podPath(namespace, pod.name), 'ephemeralcontainers'];
    const query = dryRun ? { dryRun: 'All' } : {};
    // The same name and content again changes nothing, so that this may be repeated. Another pod by that name is refused by its uid.
    const body = { metadata: { uid: plan.scope.pod?.uid }, spec: { ephemeralContainers: [container] } };
    await clusters.get(call.order.cluster).patch({ path, query, signal: call.signal }, 'strategic', body);
  };
  const finish = async (plan: ActionPlan, call: ActionCall, message: string, patient: boolean): Promise<RunResult> => {
    const id = await collect(clusters.get(call.order.cluster), plan, call, evidence, patient);
    return { effect: {}, then: 'done', message, evidence: [id] };
  };
  return {
    async plan({ scope }, _call) {
      if (settings === undefined) throw new Refused('unsupported', 'Captures need an image; see `responder.capture.image`.');
      const config = bounded(wanted, settings);
      const { namespace = '', pod } = scope;
      return {
        summary: `Capture the packets of pod ${namespace}/${pod?.name ?? ''} for ${config.seconds} s.`,
        changes: [`An ephemeral container with ${settings.image.slice(0, 80)} is added; it stays in the pod’s description for the pod’s life.`],
        warnings: ['Captures may hold passwords and personal data.'],
        details: { container: containerOf(config, settings.image), seconds: config.seconds, maxBytes: config.maxBytes },
      };
    },
    dryRun: (plan, call) => start(plan, call, true),
    async run(plan, call) {
      const pod = await read(plan, call);
      const name = nameOfContainer(call.order.id);
      if (!pod.spec.ephemeralContainers?.some((one) => one.name === name)) await start(plan, call, false);
      return { effect: { begun: call.now() }, then: 'working', pollAfterMs: POLL_MS, message: 'The capture has been started.' };
    },
    async poll(plan, effect, call) {
      const { running, terminated, waiting } = stateOf(await read(plan, call), call);
      const waited = call.now() - Number(effect['begun']);
      const seconds = Number(plan.details['seconds']);
      const tooLong = waited > START_WITHIN_MS + 2 * seconds * 1_000;
      if (terminated !== undefined) {
        const message =
          terminated.exitCode === 0 ? 'The capture is done.' : `The capture ended with ${terminated.reason ?? `exit code ${terminated.exitCode}`}.`;
        return finish(plan, call, message, !tooLong);
      }
      if (running === undefined && waited > START_WITHIN_MS)
        throw new Failed(`The capture did not start: ${waiting?.reason ?? 'no kubelet took it up'}.`);
      // The program ends itself; one that does not is told by its bytes so far.
      if (tooLong) return finish(plan, call, 'The capture did not end in time; what there is of it is kept.', false);
      return {
        effect,
        then: 'working',
        pollAfterMs: POLL_MS,
        message: running === undefined ? 'The capture is being started.' : 'The capture runs.',
      };
    },
    async revert(plan, _effect, call) {
      const pod = await read(plan, call);
      const started = pod.status?.ephemeralContainerStatuses?.some(({ name }) => name === nameOfContainer(call.order.id)) === true;
      if (!started) return { message: 'The capture had not started; its container stays in the pod’s description.' };
      const id = await collect(clusters.get(call.order.cluster), plan, call, evidence, false);
      return { message: 'What was captured so far is kept. The program ends by itself when its time is over.', evidence: [id] };
    },
  };
}

/** A uuid has 36 characters, a name of a container 63. */
function nameOfContainer(actionId: string): string {
  return `tocsin-capture-${actionId}`;
}

function bounded(config: CaptureConfig, { maxBytes, maxSeconds }: CaptureSettings): CaptureConfig {
  return { ...config, seconds: Math.min(config.seconds, maxSeconds), maxBytes: Math.min(config.maxBytes, maxBytes) };
}

/** May open raw sockets and nothing else; https://kubernetes.io/docs/concepts/workloads/pods/ephemeral-containers/ */
function containerOf(config: CaptureConfig, image: string): Record<string, unknown> {
  return {
    image,
    imagePullPolicy: 'IfNotPresent',
    command: captureCommand(config),
    terminationMessagePolicy: 'File',
    securityContext: {
      runAsUser: 0,
      runAsNonRoot: false,
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: true,
      capabilities: { drop: ['ALL'], add: ['NET_RAW'] },
      seccompProfile: { type: 'RuntimeDefault' },
    },
  };
}

function stateOf({ status }: Pod, { order }: ActionCall): NonNullable<ContainerStatus['state']> {
  return status?.ephemeralContainerStatuses?.find(({ name }) => name === nameOfContainer(order.id))?.state ?? {};
}

/**
 * Pulls the file through the API server, since a quarantined pod can send it nowhere. `patient`: an output that ends before its last line
 * may have been cut on the way, which nobody tells, so it is asked for again.
 */
async function collect(
  cluster: Cluster,
  plan: ActionPlan,
  { order, signal }: ActionCall,
  evidence: ActionDeps['evidence'],
  patient: boolean,
): Promise<string> {
  const { namespace = '', pod = { name: '', uid: '' } } = plan.scope;
  const limit = Math.ceil((Number(plan.details['maxBytes']) * 4) / 3) + Math.ceil(Number(plan.details['maxBytes']) / 40) + OUTPUT_SLACK;
  const path = [...podPath(namespace, pod.name), 'log'];
  const query = { container: nameOfContainer(order.id), limitBytes: String(limit) };
  const log = await cluster.bytes({ path, query, signal }, limit + OUTPUT_SLACK);
  const { pcap, trailer, complete } = readOutput(log);
  if (trailer === undefined && patient) throw new Transient('The output of the capture has no end yet.');
  return evidence.keep({
    action: order.id,
    incident: order.subject.incident,
    name: 'capture.pcap',
    mediaType: 'application/vnd.tcpdump.pcap',
    bytes: pcap,
    ...(trailer !== undefined && { sourceSha256: trailer.sha256 }),
    truncated: !complete || trailer?.reason === 'bytes',
    source: { ...plan.scope, container: plan.details['container'], trailer: trailer ?? null },
  });
}
