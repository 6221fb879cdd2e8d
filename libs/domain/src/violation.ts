/**
 * Glossary of the types that travel between the services.
 *
 * - **source**: a kind of sensor (`falco`, `neuvector`, …) and its adapter.
 * - **violation**: one normalised security event; immutable; its id is derived from its content.
 * - **entity**: what a violation is about: workload, pod, container, node, user, image, address.
 * - **rule**: correlation rule; turns violations into incidents.
 * - **incident**: a correlated group of violations with one lifecycle.
 * - **subscription**: what goes to which channel.
 * - **delivery**: one event to one subscription.
 * - **dead letter**: bytes that cannot be processed, kept with the reason.
 *
 * Field names follow OCSF 1.8 where it has one, flattened so that a rule reads like a sentence:
 * `violation.workload.namespace == "pay" && violation.process.name == "nc"`.
 */
import type { SeverityId } from './severity.js';

/** Version of the violation's JSON shape; additive changes keep it. */
export const VIOLATION_SCHEMA = 1;

export interface Endpoint {
  ip?: string;
  port?: number;
  hostname?: string;
  /** The workload behind the address, when the sensor knows it. */
  workload?: string;
  namespace?: string;
}

export interface Process {
  name?: string;
  path?: string;
  cmd_line?: string;
  pid?: number;
  parent?: { name?: string; cmd_line?: string; pid?: number };
}

export interface Attack {
  /** MITRE ATT&CK tactic, lower case with underscores as in Falco's tags, for example `privilege_escalation`. */
  tactic?: string;
  /** MITRE ATT&CK technique id, for example `T1059` or `T1059.004`. */
  technique?: string;
}

/** What the sensor did about the event (OCSF disposition, reduced to what container sensors report). */
export type Disposition = 'Detected' | 'Blocked' | 'Allowed' | 'Reset';

/** What kind of event this is; rules and formats choose by it. */
export type ViolationKind = 'process' | 'file' | 'network' | 'threat' | 'audit' | 'vulnerability' | 'compliance' | 'admission' | 'generic';

export interface Violation {
  schema: typeof VIOLATION_SCHEMA;
  /** uuidv5 over source, cluster, the sensor's own id or its canonical content, and the time. */
  id: string;
  /** Type of the source adapter that decoded it. */
  source: string;
  kind: ViolationKind;
  /** The sensor's rule or event name, for example `Terminal shell in container`. */
  name: string;
  message: string;
  severity_id: SeverityId;
  /** When it happened by the sensor's clock, RFC 3339 UTC with milliseconds, clamped as `clock_skew_ms` says. */
  time: string;
  /** When ingest accepted it, RFC 3339 UTC with milliseconds. */
  received_time: string;
  /** Set when the sensor's clock was so far off that `time` was replaced: sensor time minus received time. */
  clock_skew_ms?: number;
  cluster: string;
  /** The owner as far as the sensor names it: a deployment, or the pod's name without its generated suffix. */
  workload: { namespace?: string; name?: string };
  pod?: { name?: string; uid?: string };
  container?: { id?: string; name?: string };
  image?: { name?: string; tag?: string; digest?: string };
  node?: { name?: string };
  user?: { name?: string; uid?: number };
  process?: Process;
  file?: { path?: string };
  src_endpoint?: Endpoint;
  dst_endpoint?: Endpoint;
  /** Transport protocol in lower case: `tcp`, `udp`, `icmp`. */
  protocol?: string;
  disposition: Disposition;
  attacks: Attack[];
  tags: string[];
  /** Anything else that the adapter names; string values only, so that rules can match them. */
  labels?: Record<string, string>;
  /** How often the sensor itself counted this event; 1 unless it aggregates. */
  count: number;
  /** The sensor's own event as it arrived, as text so that no digit is lost; cut at `RAW_MAX_BYTES`. */
  raw: string;
  raw_truncated?: boolean;
}

/** A bound on `raw`: one violation must fit a Kafka record (1 MiB) with room for everything else. */
export const RAW_MAX_BYTES = 32 * 1024;

/**
 * The log key: all violations of one workload are in order on one partition.
 * Without a workload, the node stands in, so that host events of one node keep their order too.
 */
export function violationKey(violation: Pick<Violation, 'cluster' | 'workload' | 'node'>): string {
  const { namespace, name } = violation.workload;
  if (namespace === undefined && name === undefined) return `${violation.cluster}//node/${violation.node?.name ?? ''}`;
  return `${violation.cluster}/${namespace ?? ''}/${name ?? ''}`;
}
