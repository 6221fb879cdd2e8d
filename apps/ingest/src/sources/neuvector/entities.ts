/** Whom a NeuVector record is about. */
import type { Draft } from '../draft.js';
import { number, text, type Fields } from '../read.js';
import { workloadOfPod } from '../workload.js';
import type { Category } from './kinds.js';

export function entitiesOf(category: Category, record: Fields): Partial<Draft> {
  if (category === 'violation') return networkEntities(record, 'client', 'server');
  if (category === 'threat') return networkEntities(record, 'client_workload', 'server_workload');
  const file = text(record, 'file_path');
  return {
    ...subjectOf(record, 'workload', false),
    ...(category === 'audit' ? auditImage(record) : {}),
    ...(category === 'incident' ? processOf(record) : { user: { name: text(record, 'user') } }),
    ...(file === undefined ? {} : { file }),
    ...(number(record, 'ip_proto') || text(record, 'client_ip') !== undefined ? connectionOf(record) : {}),
  };
}

/** NeuVector's own response rules act on the client of a violation and the attacker of a threat; so does this. */
function networkEntities(record: Fields, client: string, server: string): Partial<Draft> {
  const attacker = text(record, 'target') === 'client' ? server : client;
  const other = attacker === client ? server : client;
  const subject = isWorkload(record, attacker) ? attacker : other;
  const connection = connectionOf(record);
  return {
    ...(isWorkload(record, subject) ? subjectOf(record, subject, true) : {}),
    ...connection,
    src_endpoint: { ...connection.src_endpoint, ...workloadAt(record, client) },
    dst_endpoint: { ...connection.dst_endpoint, hostname: text(record, 'fqdn'), ...workloadAt(record, server) },
  };
}

/** Ends of a connection that are no pod: the outside, an ingress, a host, a service address, a bare address. */
const NO_WORKLOAD = /^(external|Workload:ingress|Host:.*|nv\.ip\..*|[0-9.]+|[0-9a-fA-F]*:[0-9a-fA-F:.]*)$/;

function isWorkload(record: Fields, prefix: string): boolean {
  const id = text(record, `${prefix}_id`);
  const name = text(record, `${prefix}_name`);
  return name !== undefined && name.length <= 512 && !NO_WORKLOAD.test(name) && (id === undefined || (id.length <= 512 && !NO_WORKLOAD.test(id)));
}

function workloadAt(record: Fields, prefix: string): { workload?: string | undefined; namespace?: string | undefined } {
  if (!isWorkload(record, prefix)) return {};
  const { namespace, name } = ownerOf(record, prefix);
  return { workload: name, namespace };
}

function subjectOf(record: Fields, prefix: string, network: boolean): Partial<Draft> {
  const pod = podName(text(record, `${prefix}_name`));
  const id = text(record, `${prefix}_id`);
  const image = text(record, `${prefix}_image`);
  return {
    workload: ownerOf(record, prefix),
    ...(pod === undefined ? {} : { pod: { name: pod } }),
    ...(id === undefined ? {} : { container: { id } }),
    // Network records name the image of the pod's sandbox, which runs nothing of the user's.
    ...(image === undefined || (network && /(^|\/)pause(:|@|$)/.test(image.slice(0, 512))) ? {} : { image: splitImage(image) }),
  };
}

function ownerOf(record: Fields, prefix: string): { namespace: string | undefined; name: string | undefined } {
  const namespace = text(record, `${prefix}_domain`);
  const service = text(record, `${prefix}_service`);
  const pod = podName(text(record, `${prefix}_name`));
  const suffix = `.${namespace ?? ''}`;
  // A service is named `<workload>.<namespace>`.
  const name = service !== undefined && namespace !== undefined && service.endsWith(suffix) ? service.slice(0, -suffix.length) : service;
  return { namespace, name: name ?? (pod === undefined ? undefined : workloadOfPod(pod)) };
}

/** On Docker the name is `k8s_<container>_<pod>_<namespace>_<uid>_<attempt>`. */
function podName(name: string | undefined): string | undefined {
  if (name === undefined || !name.startsWith('k8s_')) return name;
  return name.split('_', 4)[2] ?? name;
}

function splitImage(image: string): { name?: string; tag?: string; digest?: string } {
  const [reference = '', digest] = image.split('@', 2);
  const colon = reference.lastIndexOf(':');
  // A colon before the last slash belongs to the registry's port.
  const tagged = colon > reference.lastIndexOf('/');
  return {
    name: tagged ? reference.slice(0, colon) : reference,
    ...(tagged ? { tag: reference.slice(colon + 1) } : {}),
    ...(digest === undefined ? {} : { digest }),
  };
}

/** A registry scan has no workload, only a repository. */
function auditImage(record: Fields): Partial<Draft> {
  const repository = text(record, 'repository');
  if (repository !== undefined) return { image: { name: repository, tag: text(record, 'tag'), digest: text(record, 'image_id') } };
  const image = text(record, 'image');
  return image === undefined ? {} : { image: splitImage(image) };
}

/** NeuVector leaves out what is zero: a process without a uid is root's. */
function processOf(record: Fields): Partial<Draft> {
  const process = text(record, 'proc_name', 'proc_path');
  if (process === undefined) return {};
  const uid = number(record, 'proc_effective_uid') ?? 0;
  return {
    user: { name: text(record, 'proc_effective_user') ?? (uid === 0 ? 'root' : undefined), uid },
    process: {
      name: text(record, 'proc_name'),
      path: text(record, 'proc_path'),
      cmd_line: text(record, 'proc_cmd'),
      parent: { name: text(record, 'proc_parent_name') },
    },
  };
}

const PROTOCOLS = new Map([
  [1, 'icmp'],
  [6, 'tcp'],
  [17, 'udp'],
  [58, 'icmpv6'],
  [132, 'sctp'],
]);

function connectionOf(record: Fields): Pick<Draft, 'src_endpoint' | 'dst_endpoint' | 'protocol'> {
  return {
    src_endpoint: { ip: text(record, 'client_ip'), port: number(record, 'client_port') },
    dst_endpoint: { ip: text(record, 'server_ip'), port: number(record, 'server_port') ?? number(record, 'server_conn_port') },
    protocol: PROTOCOLS.get(number(record, 'ip_proto') ?? 0),
  };
}
