import type { ActionPlan } from '@tocsin/domain';
import type { ActionCall, ActionInstance, RunResult } from '../../action.js';
import { Failed, Refused } from '../../failure.js';
import type { Sniffer } from '../../neuvector/answers.js';
import { filterText, neuvectorCaptureFilter } from '../../neuvector/capture-filter.js';
import type { Neuvector } from '../../neuvector/neuvector.js';
import type { ActionDeps } from '../deps.js';
import type { CaptureConfig } from './command.js';

const POLL_MS = 2_000;
const FILE_BYTES = 2 * 1024 * 1024;

/**
 * Captures by NeuVector's sniffer. Its files are a ring: of more than they hold, the beginning is lost. It has no hash at the source, and
 * keeps its files in the enforcer until they are deleted.
 */
export function captureByNeuvector(neuvector: Neuvector, wanted: CaptureConfig, evidence: ActionDeps['evidence']): ActionInstance {
  /** One that was begun before a crash or whose answer was lost: it was not there when it was planned, and asks for the same. */
  const ours = async ({ details }: ActionPlan, { signal }: ActionCall): Promise<Sniffer | undefined> => {
    const before = details['before'] as string[];
    const expression = String(details['expression']);
    const all = await neuvector.captures(String(details['workload']), signal);
    return all.find((one) => !before.includes(one.id) && one.arguments.includes(expression));
  };
  const fetch = async (plan: ActionPlan, sniffer: Sniffer, { order, signal }: ActionCall, message: string): Promise<RunResult> => {
    const files = Number(plan.details['files']);
    const download = await neuvector.downloadCapture(sniffer.id, files * FILE_BYTES, signal);
    const bytes = Buffer.concat(await Array.fromAsync(download.content));
    const id = await evidence.keep({
      action: order.id,
      incident: order.subject.incident,
      name: 'capture.pcap',
      mediaType: 'application/vnd.tcpdump.pcap',
      bytes,
      // A ring that has all of its files may have lost its beginning.
      truncated: download.truncated || sniffer.files >= files,
      source: { ...plan.scope, by: 'neuvector', sniffer: sniffer.id, workload: plan.details['workload'] },
    });
    // Only when the file is safe.
    await neuvector.deleteCapture(sniffer.id, signal);
    return { effect: {}, then: 'done', message, evidence: [id] };
  };
  return {
    async plan({ scope }, { signal }) {
      const workload = await neuvector.findPod(scope.namespace ?? '', scope.pod?.name ?? '', signal);
      if (workload === undefined) throw new Refused('target_gone', 'NeuVector knows no such pod.');
      if (!workload.canCapture) throw new Refused('unsupported', 'NeuVector cannot capture the pod’s packets.');
      const filter = neuvectorCaptureFilter.safeParse(wanted.filter);
      if (!filter.success) throw new Refused('unsupported', 'NeuVector captures by one address, not by a network.');
      const files = Math.max(1, Math.ceil(wanted.maxBytes / FILE_BYTES));
      const before = (await neuvector.captures(workload.id, signal)).map(({ id }) => id).toSorted();
      return {
        summary: `Capture the packets of pod ${scope.namespace ?? ''}/${scope.pod?.name ?? ''} for ${wanted.seconds} s by NeuVector.`,
        changes: ['NeuVector’s enforcer runs a sniffer; nothing of the pod changes.'],
        warnings: ['Captures may hold passwords and personal data.'],
        details: { workload: workload.id, files, seconds: wanted.seconds, filter: filter.data, expression: filterText(filter.data), before },
      };
    },
    async run(plan, call) {
      const { workload, files, seconds, filter } = plan.details;
      const order = { files: Number(files), seconds: Number(seconds), filter: filter as CaptureConfig['filter'] };
      const sniffer = (await ours(plan, call))?.id ?? (await neuvector.startCapture(String(workload), order as never, call.signal));
      return { effect: { sniffer, begun: call.now() }, then: 'working', pollAfterMs: POLL_MS, message: 'The sniffer runs.' };
    },
    async poll(plan, effect, call) {
      const sniffer = await neuvector.capture(String(effect['sniffer'] as string), call.signal);
      if (sniffer === undefined) throw new Failed('NeuVector has no such capture any more; an enforcer that restarts forgets them.');
      if (sniffer.status === 'failed') throw new Failed('NeuVector’s sniffer failed.');
      const over = call.now() - Number(effect['begun']) > 2 * Number(plan.details['seconds']) * 1_000;
      if (sniffer.status === 'running' && !over) return { effect, then: 'working', pollAfterMs: POLL_MS, message: 'The sniffer runs.' };
      if (sniffer.status === 'running') await neuvector.stopCapture(sniffer.id, call.signal);
      return fetch(plan, sniffer, call, 'The capture is done.');
    },
    async revert(plan, effect, call) {
      const known = effect?.['sniffer'];
      const sniffer = typeof known === 'string' ? await neuvector.capture(known, call.signal) : await ours(plan, call);
      if (sniffer === undefined) return { message: 'There is no capture of ours.' };
      await neuvector.stopCapture(sniffer.id, call.signal);
      const { message, evidence: kept = [] } = await fetch(plan, sniffer, call, 'What was captured so far is kept.');
      return { message, evidence: kept };
    },
  };
}
