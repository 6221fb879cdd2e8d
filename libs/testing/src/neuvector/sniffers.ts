import { randomBytes } from 'node:crypto';
import { DONE, give, parseObject, refuse, type Answer } from './answer.js';
import { PcapRing } from './pcap-ring.js';
import type { Workloads } from './workloads.js';

const MAX_FILES = 50;
const DEFAULT_FILES = 5;
const MIB = 1024 * 1024;
/** The expressions of pcap-filter(7) that the fake can parse; a shell would find nothing to read in them. */
const PRIMITIVE = String.raw`(?:tcp|udp|icmp6?|host [0-9a-fA-F.:]+|port \d{1,5})`;
const FILTER = new RegExp(`^${PRIMITIVE}(?: (?:and|or) ${PRIMITIVE})*$`);

interface KnownSniffer {
  id: string;
  workload: string;
  enforcer: string;
  filter: string;
  files: number;
  /** Seconds; 0 has no end. */
  duration: number;
  startedAt: number;
  stoppedAt: number | undefined;
  failed: boolean;
  ring: PcapRing;
}

/** Captures, kept by enforcers in memory; controller/rest/sniffer.go and agent/sniffer.go. */
export class Sniffers {
  /** Enforcers that are away. */
  readonly offline = new Set<string>();
  readonly #known = new Map<string, KnownSniffer>();
  readonly #workloads: Workloads;
  readonly #now: () => number;

  constructor(workloads: Workloads, now: () => number) {
    this.#workloads = workloads;
    this.#now = now;
  }

  /** Packets that pass the container. */
  feed(id: string, packet: Buffer): void {
    const sniffer = this.#known.get(id);
    if (sniffer !== undefined && this.#status(sniffer) === 'running') sniffer.ring.write(packet, this.#now());
  }

  /** The program ended with an error. */
  fail(id: string): void {
    const sniffer = this.#known.get(id);
    if (sniffer !== undefined) sniffer.failed = true;
  }

  /** A restart of the enforcer: it knows none of its captures any more. */
  forget(enforcer: string): void {
    for (const { id } of [...this.#known.values()].filter((one) => one.enforcer === enforcer)) this.#known.delete(id);
  }

  start(query: URLSearchParams, body: Buffer): Answer {
    const wanted = parseObject(body, 'sniffer');
    if (wanted === undefined) return refuse(400, 6);
    const { file_number: files = DEFAULT_FILES, duration = 0, filter = '' } = wanted;
    if (!isUint32(files) || !isUint32(duration) || typeof filter !== 'string') return refuse(400, 6);
    const of = this.#subject(query);
    if ('status' in of) return of;
    const workload = of.workload === undefined ? undefined : this.#workloads.get(of.workload);
    if (workload === undefined) return refuse(404, 7);
    if (!this.#workloads.canCapture(workload)) return refuse(400, 6, 'Unable to capture the container traffic');
    if (files > MAX_FILES) return refuse(400, 12, `Maximum pcap file count is ${MAX_FILES}`);
    // tcpdump does not start with an expression that it cannot read.
    if (filter !== '' && !FILTER.test(filter)) return refuse(500, 21, 'Failed to start sniffer');
    const id = `${this.#known.size}${randomBytes(6).toString('hex')}`.slice(0, 12) + workload.enforcer;
    const common = { id, workload: workload.id, enforcer: workload.enforcer, filter, files, duration };
    this.#known.set(id, { ...common, startedAt: this.#now(), stoppedAt: undefined, failed: false, ring: new PcapRing(files) });
    return give({ result: { id } });
  }

  list(query: URLSearchParams): Answer {
    const of = this.#subject(query);
    if ('status' in of) return of;
    const found = [...this.#known.values()].filter(
      ({ enforcer, workload }) => enforcer === of.enforcer && (of.workload === undefined || workload === of.workload),
    );
    return give({ sniffers: found.map((sniffer) => this.#show(sniffer)) });
  }

  show(id: string): Answer {
    return this.#with(id, (sniffer) => give({ sniffer: this.#show(sniffer) }));
  }

  stop(id: string): Answer {
    return this.#with(id, (sniffer) => {
      if (this.#status(sniffer) === 'running') sniffer.stoppedAt = this.#now();
      return DONE;
    });
  }

  remove(id: string): Answer {
    return this.#with(id, () => {
      this.#known.delete(id);
      return DONE;
    });
  }

  pcap(id: string, query: URLSearchParams): Answer {
    return this.#with(id, ({ ring }) => {
      const limit = /^\d+$/.test(query.get('limit') ?? '') ? Number(query.get('limit')) : 0;
      // The call to the enforcer may take eight seconds per whole MiB of the limit, so that less than one is no time at all.
      if (limit !== 0 && limit < MIB) return refuse(500, 24);
      const boundary = randomBytes(30).toString('hex');
      const head = `--${boundary}\r\nContent-Disposition: form-data; name="pcap"; filename="${id}.pcap"\r\nContent-Type: application/cap\r\n\r\n`;
      const body = Buffer.concat([Buffer.from(head), ring.read(limit === 0 ? 2 * MIB * MAX_FILES : limit), Buffer.from(`\r\n--${boundary}--\r\n`)]);
      return { status: 200, body, headers: { 'content-type': `multipart/form-data; boundary=${boundary}` } };
    });
  }

  #with(id: string, then: (sniffer: KnownSniffer) => Answer): Answer {
    const sniffer = this.#known.get(id);
    if (sniffer === undefined) return refuse(404, 7);
    // A call that does not reach the enforcer is a 404 as well.
    if (this.offline.has(sniffer.enforcer)) return refuse(404, 7, 'rpc error: code = Unavailable desc = connection error');
    return then(sniffer);
  }

  #subject(query: URLSearchParams): { enforcer: string; workload: string | undefined } | Answer {
    const workload = query.get('f_workload')?.replace(/^eq,/, '');
    const enforcer = query.get('f_enforcer')?.replace(/^eq,/, '') ?? '';
    if (workload === undefined && enforcer === '') return refuse(400, 12, 'Enforcer or workload filter must be provided');
    const found = workload === undefined ? undefined : this.#workloads.get(workload);
    if (workload !== undefined && found === undefined) return refuse(404, 7, 'Container is not found');
    const of = found?.enforcer ?? enforcer;
    return this.offline.has(of) ? refuse(404, 7, 'Enforcer is disconnected') : { enforcer: of, workload };
  }

  #status({ failed, stoppedAt, duration, startedAt }: KnownSniffer): 'running' | 'stopped' | 'failed' {
    if (failed) return 'failed';
    return stoppedAt !== undefined || (duration > 0 && this.#now() - startedAt >= duration) ? 'stopped' : 'running';
  }

  #show(sniffer: KnownSniffer): Record<string, unknown> {
    const { id, enforcer, workload, files, filter, startedAt, duration, stoppedAt, ring } = sniffer;
    const stopped = this.#status(sniffer) === 'stopped';
    return {
      id,
      enforcer_id: enforcer,
      container_id: workload,
      file_number: ring.files,
      size: ring.bytes,
      status: this.#status(sniffer),
      args: `-Z root -U -C 2 -w /var/nv_debug/pcap/${id.slice(0, 12)}_ -W ${files}${filter === '' ? '' : ` ${filter}`}`,
      start_time: startedAt,
      stop_time: stopped ? (stoppedAt ?? startedAt + duration) : 0,
    };
  }
}

function isUint32(value: unknown): value is number {
  return Number.isInteger(value) && Number(value) >= 0 && Number(value) < 2 ** 32;
}
