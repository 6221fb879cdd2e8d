import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { assertId, assertName, snifferAnswer, workloadAnswer, type Sniffer, type Workload } from './answers.js';
import { filterText, type NeuvectorCaptureFilter } from './capture-filter.js';
import type { NeuvectorConfig } from './config.js';
import { NeuvectorError } from './error.js';
import type { Download } from './multipart.js';
import { Transport } from './transport.js';

export interface CaptureOrder {
  /** Always said: without it NeuVector captures for ever. */
  seconds: number;
  /** Most files of 2 MB; they are a ring, so the last ones stay. */
  files: number;
  filter: NeuvectorCaptureFilter;
}

const MAX_FILES = 50;
const MAX_SECONDS = 3_600;
/** The controller gives the enforcer eight seconds per whole MiB of the limit: with less than one it always fails. */
const LIMIT_MIN_BYTES = 1024 * 1024;

/** One NeuVector controller's REST API. Everything throws `NeuvectorError`. */
export class Neuvector {
  readonly #transport: Transport;

  private constructor(transport: Transport) {
    this.#transport = transport;
  }

  /** Reads the certificate file and connects to nothing. */
  static async open(config: NeuvectorConfig): Promise<Neuvector> {
    const { caFile } = config;
    let ca: string | undefined;
    try {
      ca = caFile === undefined ? undefined : await readFile(caFile, 'utf8');
    } catch (cause) {
      throw new Error(`The certificate file ${String(caFile)} cannot be read (${(cause as NodeJS.ErrnoException).code ?? 'unknown error'}).`, {
        cause,
      });
    }
    return new Neuvector(new Transport(config, ca));
  }

  /** The pod as NeuVector knows it now; undefined when it does not, or when it has ended. */
  async findPod(namespace: string, pod: string, signal: AbortSignal): Promise<Workload | undefined> {
    const query = { view: 'pod', f_domain: `eq,${assertName(namespace)}`, f_pod_name: `eq,${assertName(pod)}` };
    const { workloads } = await this.#transport.json(z.object({ workloads: z.array(workloadAnswer) }), {
      method: 'GET',
      path: ['v2', 'workload'],
      query,
      signal,
    });
    // A controller that does not know a filter gives all, and says nothing.
    const found = workloads.filter((one) => one.namespace === namespace && one.pod === pod && one.isPod && one.state !== 'exit');
    if (found.length > 1) throw new NeuvectorError('refused', `NeuVector knows ${found.length} workloads as pod ${namespace}/${pod}.`);
    return found[0];
  }

  /** By its id; undefined when it is not there. */
  async workload(id: string, signal: AbortSignal): Promise<Workload | undefined> {
    const call = { method: 'GET', path: ['v2', 'workload', assertId(id)], signal } as const;
    return unlessGone(this.#transport.json(z.object({ workload: workloadAnswer }), call).then(({ workload }) => workload));
  }

  /**
   * Cuts the pod off. It is taken to the enforcer later, and nothing confirms it but the workload's state. Again is once. No reason can be
   * given: NeuVector always writes `user-configured`.
   */
  async quarantine(id: string, signal: AbortSignal): Promise<void> {
    await this.#configure(id, true, signal);
  }

  /** Also of one that is not quarantined; `gone` in the error when it is not there any more. */
  async release(id: string, signal: AbortSignal): Promise<void> {
    await this.#configure(id, false, signal);
  }

  /** Resolves to its id. Not once when repeated: after a lost answer look at `captures` first. */
  async startCapture(workloadId: string, { seconds, files, filter }: CaptureOrder, signal: AbortSignal): Promise<string> {
    const expression = filterText(filter);
    if (!isWithin(seconds, MAX_SECONDS)) throw new NeuvectorError('refused', `A capture takes 1 to ${MAX_SECONDS} seconds.`);
    if (!isWithin(files, MAX_FILES)) throw new NeuvectorError('refused', `A capture has 1 to ${MAX_FILES} files.`);
    const { result } = await this.#transport.json(z.object({ result: z.object({ id: z.string() }) }), {
      method: 'POST',
      path: ['v1', 'sniffer'],
      query: { f_workload: assertId(workloadId) },
      body: { sniffer: { file_number: files, duration: seconds, ...(expression !== '' && { filter: expression }) } },
      signal,
    });
    return assertId(result.id);
  }

  /** All of the workload, whoever started them, the oldest first. An enforcer that restarts forgets them. */
  async captures(workloadId: string, signal: AbortSignal): Promise<Sniffer[]> {
    const { sniffers } = await this.#transport.json(z.object({ sniffers: z.array(snifferAnswer) }), {
      method: 'GET',
      path: ['v1', 'sniffer'],
      query: { f_workload: assertId(workloadId) },
      signal,
    });
    return sniffers.filter(({ workload }) => workload === workloadId);
  }

  /** Undefined when it is not there. */
  async capture(id: string, signal: AbortSignal): Promise<Sniffer | undefined> {
    const call = { method: 'GET', path: ['v1', 'sniffer', assertId(id)], signal } as const;
    return unlessGone(this.#transport.json(z.object({ sniffer: snifferAnswer }), call).then(({ sniffer }) => sniffer));
  }

  /** Ends it, which its status shows a moment later; what was captured stays. Also of one that has ended. */
  async stopCapture(id: string, signal: AbortSignal): Promise<void> {
    await this.#transport.send({ method: 'PATCH', path: ['v1', 'sniffer', 'stop', assertId(id)], signal });
  }

  /** Of one that runs as well: then what there is. */
  async downloadCapture(id: string, maxBytes: number, signal: AbortSignal): Promise<Download> {
    // One more than is wanted, so that it shows when there is more.
    const limit = String(Math.max(maxBytes + 1, LIMIT_MIN_BYTES));
    return this.#transport.download('pcap', maxBytes, { method: 'GET', path: ['v1', 'sniffer', assertId(id), 'pcap'], query: { limit }, signal });
  }

  /** Ends it and removes its files from the node; also when it is not there. */
  async deleteCapture(id: string, signal: AbortSignal): Promise<void> {
    await unlessGone(this.#transport.send({ method: 'DELETE', path: ['v1', 'sniffer', assertId(id)], signal }));
  }

  close(): void {
    this.#transport.close();
  }

  async #configure(id: string, quarantine: boolean, signal: AbortSignal): Promise<void> {
    await this.#transport.send({ method: 'PATCH', path: ['v1', 'workload', assertId(id)], body: { config: { quarantine } }, signal });
  }
}

function isWithin(value: number, most: number): boolean {
  return Number.isInteger(value) && value >= 1 && value <= most;
}

async function unlessGone<T>(result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (error instanceof NeuvectorError && error.gone) return undefined;
    throw error;
  }
}
