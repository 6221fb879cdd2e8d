import { z } from 'zod';
import { NeuvectorError } from './error.js';

/** Container ids, and an enforcer's id behind twelve digits. Nothing that could leave its place in a URL. */
const ID = /^[A-Za-z0-9][A-Za-z0-9_-]{0,159}$/;
/** RFC 1123, as names of namespaces and pods are. */
const NAME = /^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$/;

export function assertId(id: string): string {
  if (!ID.test(id)) throw new NeuvectorError('refused', 'What should be an id of NeuVector is none.');
  return id;
}

export function assertName(name: string): string {
  if (!NAME.test(name)) throw new NeuvectorError('refused', 'What should be the name of a namespace or pod is none.');
  return name;
}

/** A workload of the v2 API; fields that we do not need are let be. */
export const workloadAnswer = z
  .object({
    brief: z.object({
      id: z.string().regex(ID),
      domain: z.string(),
      state: z.string(),
      service: z.string().default(''),
      host_name: z.string().default(''),
    }),
    security: z.object({ cap_sniff: z.boolean(), cap_quarantine: z.boolean(), quarantine_reason: z.string().optional() }),
    rt_attributes: z.object({ pod_name: z.string(), share_ns_with: z.string().default('') }),
    enforcer_id: z.string().default(''),
    running: z.boolean(),
  })
  .transform(({ brief, security, rt_attributes: attributes, enforcer_id: enforcer, running }): Workload => ({
    id: brief.id,
    namespace: brief.domain,
    pod: attributes.pod_name,
    service: brief.service,
    node: brief.host_name,
    enforcer,
    state: brief.state,
    running,
    isPod: attributes.share_ns_with === '',
    canQuarantine: security.cap_quarantine,
    canCapture: security.cap_sniff,
    ...(security.quarantine_reason !== undefined && { quarantineReason: security.quarantine_reason }),
  }));

export interface Workload {
  /** Dies with the container. */
  id: string;
  namespace: string;
  pod: string;
  /** Outlives the pod: `<workload>.<namespace>`. */
  service: string;
  node: string;
  enforcer: string;
  /** `discover`, `monitor`, `protect`, `quarantined`, `unmanaged` or `exit`. */
  state: string;
  running: boolean;
  /** False for a container within a pod, which cannot be quarantined on its own. */
  isPod: boolean;
  canQuarantine: boolean;
  canCapture: boolean;
  /** `user-configured`, or the response rule; present while it is quarantined. */
  quarantineReason?: string;
}

const seconds = z.number().int().min(0);

export const snifferAnswer = z
  .object({
    id: z.string().regex(ID),
    container_id: z.string(),
    file_number: z.number().int().min(0),
    size: z.number().min(0),
    status: z.enum(['running', 'stopped', 'failed']),
    args: z.string().default(''),
    start_time: seconds,
    stop_time: seconds.default(0),
  })
  .transform((sniffer): Sniffer => ({
    id: sniffer.id,
    workload: sniffer.container_id,
    files: sniffer.file_number,
    bytes: sniffer.size,
    status: sniffer.status,
    arguments: sniffer.args,
    startedAt: sniffer.start_time * 1_000,
    ...(sniffer.stop_time > 0 && { stoppedAt: sniffer.stop_time * 1_000 }),
  }));

export interface Sniffer {
  id: string;
  /** Id of the workload. */
  workload: string;
  /** That there are by now. As many as were asked for: they are a ring, so its start may be overwritten. */
  files: number;
  bytes: number;
  /** A capture that ended by itself is `stopped`. */
  status: 'running' | 'stopped' | 'failed';
  /** Of tcpdump, for people. */
  arguments: string;
  /** Unix time, milliseconds. */
  startedAt: number;
  stoppedAt?: number;
}
