import type { Disposition, Endpoint, Process, Violation } from '@tocsin/domain';
import { isIP } from 'node:net';
import { attacksOf, baseEvent, epochMs, unlessEmpty, type Choice, type EventClass } from './base.js';
import { observablesOf } from './observables.js';

const CLASS: EventClass = { class: [2004, 'Detection Finding'], category: [2, 'Findings'], profiles: ['security_control', 'container'] };

const DISPOSITIONS: Record<Disposition, { action: Choice; disposition: Choice }> = {
  Detected: { action: [3, 'Observed'], disposition: [15, 'Detected'] },
  Blocked: { action: [2, 'Denied'], disposition: [2, 'Blocked'] },
  Allowed: { action: [1, 'Allowed'], disposition: [1, 'Allowed'] },
  Reset: { action: [2, 'Denied'], disposition: [21, 'Reset'] },
};

/** A violation as OCSF Detection Finding. What OCSF has no place for is in `unmapped`. */
export function detectionFinding(violation: Violation, raw: boolean): object {
  const { action, disposition } = DISPOSITIONS[violation.disposition];
  const { id, name, message, time, received_time: logged, severity_id: severityId, attacks } = violation;
  return {
    ...baseEvent(CLASS, { activity: [1, 'Create'], severityId, time, message, uid: id, logged }),
    status_id: 1,
    status: 'New',
    action_id: action[0],
    action: action[1],
    disposition_id: disposition[0],
    disposition: disposition[1],
    is_alert: true,
    count: violation.count,
    attacks: attacksOf(attacks),
    finding_info: {
      uid: id,
      title: name,
      desc: message,
      types: [violation.kind],
      analytic: { name, type_id: 1, type: 'Rule' },
      attacks: attacksOf(attacks),
      created_time: epochMs(time),
      data_sources: [violation.source],
      tags: unlessEmpty(violation.tags.map((value) => ({ name: 'tag', value }))),
    },
    evidences: unlessEmpty(evidencesOf(violation)),
    resources: unlessEmpty(resourcesOf(violation)),
    observables: unlessEmpty(observablesOf(violation)),
    raw_data: raw ? violation.raw : undefined,
    unmapped: {
      cluster: violation.cluster,
      labels: violation.labels,
      clock_skew_ms: violation.clock_skew_ms,
      raw_truncated: violation.raw_truncated,
    },
  };
}

function evidencesOf(violation: Violation): object[] {
  const { process, file, user, src_endpoint, dst_endpoint, protocol } = violation;
  const evidence = {
    process: process === undefined ? undefined : processOf(process, user),
    file: file?.path === undefined ? undefined : { name: baseName(file.path), path: file.path, type_id: 0, type: 'Unknown' },
    user: userOf(user),
    src_endpoint: endpointOf(src_endpoint),
    dst_endpoint: endpointOf(dst_endpoint),
    connection_info: protocol === undefined ? undefined : { direction_id: 0, direction: 'Unknown', protocol_name: protocol },
  };
  // OCSF wants one of these at least; a container alone is a resource.
  if (Object.values(evidence).every((part) => part === undefined)) return [];
  return [{ ...evidence, container: containerOf(violation) }];
}

/** OCSF wants a process to have a number. A sensor that gives none names it all the same, so its path stands in as the id. */
function processOf({ name, path, cmd_line, pid, parent }: Process, user: Violation['user']): object | undefined {
  const uid = pid === undefined ? (path ?? name) : undefined;
  if (pid === undefined && uid === undefined) return undefined;
  return {
    pid,
    uid,
    name,
    path,
    cmd_line,
    user: userOf(user),
    parent_process: parent === undefined ? undefined : processOf(parent, undefined),
  };
}

function userOf(user: Violation['user']): object | undefined {
  if (user?.name === undefined && user?.uid === undefined) return undefined;
  return { name: user.name, uid: user.uid === undefined ? undefined : String(user.uid) };
}

function endpointOf(endpoint: Endpoint | undefined): object | undefined {
  if (endpoint === undefined) return undefined;
  const { ip, port, hostname, workload, namespace } = endpoint;
  const name = workload === undefined ? undefined : [namespace, workload].filter(Boolean).join('/');
  const address = ip !== undefined && isIP(ip) !== 0 ? ip : undefined;
  if (address === undefined && hostname === undefined && name === undefined) return undefined;
  return { ip: address, port, hostname, name };
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

function containerOf({ container, image, pod }: Violation): object | undefined {
  if (container?.id === undefined && container?.name === undefined) return undefined;
  return {
    uid: container.id,
    name: container.name,
    image: imageOf(image),
    // Static pods have hashes there that are no UUIDs.
    pod_uuid: pod?.uid !== undefined && UUID.test(pod.uid) ? pod.uid : undefined,
    orchestrator: 'Kubernetes',
  };
}

function imageOf(image: Violation['image']): object | undefined {
  const uid = image?.digest ?? image?.name;
  // OCSF has deprecated the tag as a field of its own.
  const name = image?.name === undefined || image.tag === undefined ? image?.name : `${image.name}:${image.tag}`;
  return uid === undefined ? undefined : { uid, name };
}

/** OCSF has no object for what Kubernetes runs: each is a resource with a type. */
function resourcesOf({ cluster, workload, pod, container, image, node }: Violation): object[] {
  const labels = cluster === '' ? undefined : [`cluster:${cluster}`];
  const { namespace } = workload;
  const known: [string, { name?: string | undefined; uid?: string | undefined; namespace?: string | undefined }][] = [
    ['Workload', { name: workload.name, namespace }],
    ['Pod', { name: pod?.name, uid: pod?.uid, namespace }],
    ['Container', { name: container?.name, uid: container?.id, namespace }],
    ['Image', { name: image?.name, uid: image?.digest }],
    ['Node', { name: node?.name }],
  ];
  return known.filter(([, { name, uid }]) => name !== undefined || uid !== undefined).map(([type, parts]) => ({ type, ...parts, labels }));
}

function baseName(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1) || path;
}
