import { randomBytes } from 'node:crypto';
import { DONE, give, parseObject, refuse, type Answer } from './answer.js';

/** A container as a test describes it. */
export interface WorkloadParts {
  namespace: string;
  pod: string;
  service?: string;
  /** Id of the pod that it is a container of. */
  shareNsWith?: string;
  /** Its node's own network: it can neither be quarantined nor captured. */
  hostNetwork?: boolean;
  state?: 'discover' | 'monitor' | 'protect' | 'unmanaged' | 'exit';
}

export interface KnownWorkload extends Required<Omit<WorkloadParts, 'shareNsWith'>> {
  id: string;
  shareNsWith: string | undefined;
  enforcer: string;
  /** What was asked for, which the enforcer may not have done. */
  quarantine: boolean;
  quarantined: boolean;
}

const FILTERS = new Map([
  ['f_domain', 'namespace'],
  ['f_pod_name', 'pod'],
] as const);

/** What the controller knows of containers; controller/rest/workload.go and controller/cache/object.go. */
export class Workloads {
  /** Whether enforcers do what they are told; what they have not done they do when it is true again. */
  enforcing = true;
  readonly #known = new Map<string, KnownWorkload>();

  add(parts: WorkloadParts, enforcer: string): KnownWorkload {
    const { namespace, pod, service = `${pod}.${namespace}`, shareNsWith, hostNetwork = false, state = 'monitor' } = parts;
    const id = randomBytes(32).toString('hex');
    const workload = { id, namespace, pod, service, shareNsWith, hostNetwork, state, enforcer, quarantine: false, quarantined: false };
    this.#known.set(id, workload);
    return workload;
  }

  remove(id: string): void {
    this.#known.delete(id);
  }

  get(id: string): KnownWorkload | undefined {
    const workload = this.#known.get(id);
    if (workload !== undefined && this.enforcing) workload.quarantined = workload.quarantine;
    return workload;
  }

  canCapture({ hostNetwork, state }: KnownWorkload): boolean {
    return !hostNetwork && state !== 'exit' && state !== 'unmanaged';
  }

  list(query: URLSearchParams): Answer {
    const filters = [...query].flatMap(([key, value]) => {
      // Fields that it does not know are not filtered by, and nothing is said.
      const field = FILTERS.get(key as 'f_domain');
      return field === undefined ? [] : [{ field, ...condition(value) }];
    });
    const found = [...this.#known.keys()]
      .map((id) => this.get(id) as KnownWorkload)
      .filter((workload) => query.get('view') !== 'pod' || workload.shareNsWith === undefined)
      .filter((workload) => filters.every(({ field, op, value }) => (op === 'neq' ? workload[field] !== value : workload[field] === value)));
    return give({ workloads: found.map((workload) => this.#show(workload)) });
  }

  show(id: string): Answer {
    const workload = this.get(id);
    return workload === undefined
      ? refuse(404, 7)
      : give({ workload: { ...this.#show(workload), misc: { groups: [], app_ports: {}, children: [] } } });
  }

  configure(id: string, body: Buffer, mayAct: boolean): Answer {
    const workload = this.get(id);
    if (workload === undefined) return refuse(404, 7);
    if (!mayAct) return refuse(403, 25);
    const config = parseObject(body, 'config');
    const quarantine = config?.['quarantine'];
    // `quarantine_reason` is not a field of the request, so it is passed over, as every unknown one.
    if (config === undefined || (quarantine !== undefined && typeof quarantine !== 'boolean')) return refuse(400, 6);
    if (quarantine === true && workload.shareNsWith !== undefined) return refuse(404, 7, 'Only the pod container can be quarantined');
    if (quarantine === true && !canQuarantine(workload)) return refuse(400, 6, 'Unable to quarantine the container');
    if (quarantine !== undefined) workload.quarantine = quarantine;
    return DONE;
  }

  #show(workload: KnownWorkload): Record<string, unknown> {
    const { id, namespace, pod, service, shareNsWith, state, enforcer, quarantined } = workload;
    return {
      brief: {
        id,
        name: `k8s_POD_${pod}`,
        display_name: pod,
        host_name: 'worker-1',
        domain: namespace,
        state: quarantined ? 'quarantined' : state,
        service,
      },
      security: {
        cap_sniff: this.canCapture(workload),
        cap_quarantine: canQuarantine(workload),
        cap_change_mode: true,
        ...(quarantined && { quarantine_reason: 'user-configured' }),
      },
      rt_attributes: { pod_name: pod, ...(shareNsWith !== undefined && { share_ns_with: shareNsWith }) },
      children: [],
      enforcer_id: enforcer,
      running: state !== 'exit',
    };
  }
}

function canQuarantine({ hostNetwork, state }: KnownWorkload): boolean {
  return !hostNetwork && state !== 'unmanaged';
}

/** `op,value` or `value`; an operator that it does not know means equal (restParseQuery). */
function condition(text: string): { op: string; value: string } {
  const [first = '', second] = text.split(',');
  return second === undefined ? { op: 'eq', value: first } : { op: first, value: second };
}
