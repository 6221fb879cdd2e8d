import type { ActionPlan } from '@tocsin/domain';
import type { ActionCall, ActionInstance, RunResult } from '../../action.js';
import { Failed, Refused } from '../../failure.js';
import type { NeuVector } from '../../neuvector/client.js';
import type { ActionDeps } from '../deps.js';
import type { CaptureConfig } from './command.js';

const POLL_MS = 2_000;
const FILE_BYTES = 2_000_000;
const FILES_MAX = 50;

/**
 * Captures by NeuVector's sniffer. Its files are a ring: of more than they hold, the beginning is lost. It has no hash at the source, keeps
 * its files in the enforcer until they are deleted, and with a duration of 0 never ends: we always give one.
 */
export function captureByNeuVector(neuvector: NeuVector, wanted: CaptureConfig, evidence: ActionDeps['evidence']): ActionInstance {
  const fetch = async (plan: ActionPlan, sniffer: string, { order, signal }: ActionCall, message: string): Promise<RunResult> => {
    const maxBytes = Number(plan.details['files']) * FILE_BYTES;
    const bytes = await neuvector.download(sniffer, maxBytes, signal);
    const id = await evidence.keep({
      action: order.id,
      incident: order.subject.incident,
      name: 'capture.pcap',
      mediaType: 'application/vnd.tcpdump.pcap',
      bytes,
      // A ring that is full has lost its beginning.
      truncated: bytes.byteLength >= maxBytes,
      source: { ...plan.scope, by: 'neuvector', sniffer, workload: plan.details['workload'] },
    });
    // Only when the file is safe.
    await neuvector.deleteSniffer(sniffer, signal);
    return { effect: {}, then: 'done', message, evidence: [id] };
  };
  return {
    async plan({ scope }, { signal }) {
      const workload = await neuvector.findWorkload(scope.namespace ?? '', scope.pod?.name ?? '', signal);
      if (workload === undefined) throw new Refused('target_gone', 'NeuVector knows no such pod.');
      if (!workload.canSniff) throw new Refused('unsupported', 'NeuVector cannot capture the pod’s packets.');
      const files = Math.min(FILES_MAX, Math.max(1, Math.ceil(wanted.maxBytes / FILE_BYTES)));
      return {
        summary: `Capture the packets of pod ${scope.namespace ?? ''}/${scope.pod?.name ?? ''} for ${wanted.seconds} s by NeuVector.`,
        changes: ['NeuVector’s enforcer runs a sniffer; nothing of the pod changes.'],
        warnings: ['Captures may hold passwords and personal data.'],
        details: { workload: workload.id, files, seconds: wanted.seconds, filter: expression(wanted.filter) },
      };
    },
    async run(plan, { signal, now }) {
      const { workload, files, seconds, filter } = plan.details;
      // One that runs there already is ours, begun before a crash, or somebody else's, whose file serves as well.
      const running = (await neuvector.sniffers(String(workload), signal)).find(({ status }) => status === 'running');
      const sniffer =
        running?.id ??
        (await neuvector.startSniffer(String(workload), { files: Number(files), seconds: Number(seconds), filter: String(filter) }, signal));
      return { effect: { sniffer, begun: now() }, then: 'working', pollAfterMs: POLL_MS, message: 'The sniffer runs.' };
    },
    async poll(plan, effect, call) {
      const id = String(effect['sniffer']);
      const { status } = await neuvector.sniffer(id, call.signal);
      if (status === 'failed') throw new Failed('NeuVector’s sniffer failed.');
      const over = call.now() - Number(effect['begun']) > 2 * Number(plan.details['seconds']) * 1_000;
      if (status === 'running' && !over) return { effect, then: 'working', pollAfterMs: POLL_MS, message: 'The sniffer runs.' };
      if (status === 'running') await neuvector.stopSniffer(id, call.signal);
      return fetch(plan, id, call, 'The capture is done.');
    },
    async revert(plan, effect, call) {
      const id = effect?.['sniffer'];
      if (typeof id !== 'string') return { message: 'The sniffer ends by itself.' };
      await neuvector.stopSniffer(id, call.signal);
      const { message, evidence: kept = [] } = await fetch(plan, id, call, 'What was captured so far is kept.');
      return { message, evidence: kept };
    },
  };
}

/** Of typed parts only. */
function expression({ protocol, host, port }: CaptureConfig['filter']): string {
  const parts = [
    ...(protocol === undefined ? [] : [protocol]),
    ...(host === undefined ? [] : [`${host.includes('/') ? 'net' : 'host'} ${host}`]),
    ...(port === undefined ? [] : [`port ${port}`]),
  ];
  return parts.join(' and ');
}
