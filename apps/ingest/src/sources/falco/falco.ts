import { canonicalJson, type Attack, type ViolationKind } from '@tocsin/domain';
import { z } from 'zod';
import { finish, type Draft } from '../draft.js';
import { isObject, parseObject, splitItems } from '../json.js';
import { fromLevel, KNOWN_LEVELS } from '../levels.js';
import { field, number, scalarText, text, texts, type Fields } from '../read.js';
import { BadInput, decodeEach, type Received, type Source } from '../source.js';
import { fromAny } from '../time.js';
import { workloadOfPod, workloadOfResource } from '../workload.js';

const config = z.strictObject({
  /** An output field that holds the cluster's name, for Falcos of several clusters that add one. Default: none. */
  clusterField: z.string().min(1).max(128).optional(),
});
type FalcoConfig = z.infer<typeof config>;

/** Falco's alerts as its `http_output` sends them: one object, a list, or NDJSON. */
export const falco: Source<FalcoConfig> = {
  type: 'falco',
  summary: 'Falco alerts from http_output, falcosidekick, or a Kafka topic.',
  config,
  contentTypes: ['application/json', 'application/x-ndjson', 'application/ndjson', 'application/jsonl', 'text/plain'],
  create: (settings) => ({
    decode: (body, received) => decodeEach(splitItems(body, received), (bytes) => decodeAlert(bytes, received, settings)),
  }),
};

function decodeAlert(bytes: Buffer, received: Received, settings: FalcoConfig): ReturnType<typeof finish> {
  const { text: raw, value: alert } = parseObject(bytes, received.limits);
  const outputFields = field(alert, 'output_fields');
  const fields: Fields = isObject(outputFields) ? outputFields : {};
  const cluster = settings.clusterField === undefined ? undefined : text(fields, settings.clusterField);
  const priority = field(alert, 'priority');
  const severity = typeof priority === 'string' ? fromLevel(priority) : undefined;
  if (severity === undefined) {
    throw new BadInput(`is ${shown(priority)}, expected one of: ${KNOWN_LEVELS}`, { field: 'priority' });
  }
  const rule = field(alert, 'rule');
  if (typeof rule !== 'string' || rule === '') throw new BadInput(`is ${shown(rule)}, expected the name of Falco's rule`, { field: 'rule' });
  const uuid = text(alert, 'uuid');
  const tags = texts(field(alert, 'tags'));
  const kubernetes = text(alert, 'source') === 'k8s_audit';
  const draft: Draft = {
    // Falco before 0.41 sends no uuid. Numbers beyond 2^53 are rounded here, but `time` tells nanoseconds apart.
    identity: uuid ?? canonicalJson(alert),
    time: readTime(alert, fields),
    kind: kindOf(kubernetes, fields, tags),
    name: rule,
    message: text(alert, 'output'),
    severity_id: severity,
    cluster,
    ...(kubernetes ? auditedEntities(fields) : systemCallEntities(alert, fields)),
    attacks: attacksOf(tags),
    tags,
    labels: labelsOf(alert, fields),
  };
  return finish('falco', draft, raw, received);
}

function readTime(alert: Fields, fields: Fields): string | undefined {
  const given = field(alert, 'time');
  if (given === undefined || given === null || given === '') return fromAny(field(fields, 'evt.time'));
  const time = fromAny(given);
  if (time === undefined) throw new BadInput(`is ${shown(given)}, expected an RFC 3339 time`, { field: 'time' });
  return time;
}

function shown(value: unknown): string {
  if (value === undefined) return 'missing';
  return typeof value === 'string' ? JSON.stringify(value.slice(0, 60)) : `not text`;
}

const CONNECTION = /^(\S{2,64}):(\d{1,5})->(\S{2,64}):(\d{1,5})$/;
const SPAWNING = new Set(['execve', 'execveat', 'clone', 'clone3', 'fork', 'vfork']);

function kindOf(kubernetes: boolean, fields: Fields, tags: readonly string[]): ViolationKind {
  if (kubernetes) return 'audit';
  const fd = text(fields, 'fd.name') ?? '';
  const spawning = SPAWNING.has(text(fields, 'evt.type') ?? '');
  if (!spawning && (fd.includes('->') || text(fields, 'fd.sip', 'fd.rip') !== undefined)) return 'network';
  if (!spawning && (fd.startsWith('/') || tags.includes('filesystem'))) return 'file';
  if (text(fields, 'proc.name', 'proc.cmdline') !== undefined) return 'process';
  return 'generic';
}

function systemCallEntities(alert: Fields, fields: Fields): Partial<Draft> {
  const pod = text(fields, 'k8s.pod.name', 'k8smeta.pod.name');
  const container = text(fields, 'container.id');
  // Falco calls what runs outside of containers the container `host`.
  const contained = container !== undefined && container !== 'host';
  const fd = text(fields, 'fd.name');
  return {
    workload: {
      namespace: text(fields, 'k8s.ns.name', 'k8smeta.ns.name'),
      name: text(fields, 'k8s.deployment.name', 'k8smeta.deployment.name') ?? (pod === undefined ? undefined : workloadOfPod(pod)),
    },
    pod: { name: pod, uid: text(fields, 'k8s.pod.uid', 'k8smeta.pod.uid') },
    ...(contained ? { container: { id: container, name: text(fields, 'container.name') } } : {}),
    image: imageOf(fields),
    node: text(alert, 'hostname') ?? text(fields, 'evt.hostname', 'k8s.node.name'),
    user: { name: text(fields, 'user.name'), uid: number(fields, 'user.uid') },
    process: {
      name: text(fields, 'proc.name'),
      path: text(fields, 'proc.exepath', 'proc.exe'),
      cmd_line: text(fields, 'proc.cmdline'),
      pid: number(fields, 'proc.pid'),
      parent: { name: text(fields, 'proc.pname'), cmd_line: text(fields, 'proc.pcmdline'), pid: number(fields, 'proc.ppid') },
    },
    file: fd?.startsWith('/') === true ? fd : text(fields, 'evt.arg.path', 'evt.arg.pathname', 'fs.path.name'),
    ...endpointsOf(fields, fd),
    protocol: text(fields, 'fd.l4proto'),
  };
}

function imageOf(fields: Fields): Draft['image'] {
  return {
    name: text(fields, 'container.image.repository', 'container.image'),
    tag: text(fields, 'container.image.tag'),
    digest: text(fields, 'container.image.digest'),
  };
}

/** Client and server where Falco names them, else the connection's name `client:port->server:port`. */
function endpointsOf(fields: Fields, fd: string | undefined): Partial<Draft> {
  const connection = fd === undefined || fd.length > 160 ? null : CONNECTION.exec(fd);
  const [, clientIp, clientPort, serverIp, serverPort] = connection ?? [];
  const source = text(fields, 'fd.cip') ?? clientIp ?? text(fields, 'fd.lip');
  const destination = text(fields, 'fd.sip') ?? serverIp ?? text(fields, 'fd.rip');
  const sourcePort = number(fields, 'fd.cport') ?? toPort(clientPort) ?? number(fields, 'fd.lport');
  const destinationPort = number(fields, 'fd.sport') ?? toPort(serverPort) ?? number(fields, 'fd.rport');
  return {
    ...(source === undefined ? {} : { src_endpoint: { ip: unbracketed(source), port: sourcePort } }),
    ...(destination === undefined ? {} : { dst_endpoint: { ip: unbracketed(destination), port: destinationPort } }),
  };
}

function toPort(value: string | undefined): number | undefined {
  return value === undefined ? undefined : Number(value);
}

function unbracketed(ip: string): string {
  return ip.startsWith('[') && ip.endsWith(']') ? ip.slice(1, -1) : ip;
}

/** The plugin sees the API server, so the host it runs on says nothing about where something happened. */
function auditedEntities(fields: Fields): Partial<Draft> {
  const resource = text(fields, 'ka.target.resource') ?? '';
  const target = text(fields, 'ka.target.name', 'ka.resp.name');
  const images = field(fields, 'ka.req.pod.containers.image');
  return {
    workload: {
      namespace: text(fields, 'ka.target.namespace'),
      name: target === undefined ? undefined : workloadOfResource(resource, target),
    },
    ...(resource === 'pods' && target !== undefined ? { pod: { name: target } } : {}),
    ...(images === undefined ? {} : { image: { name: texts(images)[0] } }),
    user: { name: text(fields, 'ka.user.name', 'ka.auth.username') },
  };
}

const TECHNIQUE = /^T\d{4}(\.\d{3})?$/i;

/** `mitre_<tactic>` and technique ids; where there is one tactic only, the techniques are known to belong to it. */
function attacksOf(tags: readonly string[]): Attack[] {
  const tactics = tags.filter((tag) => tag.startsWith('mitre_')).map((tag) => tag.slice('mitre_'.length));
  const techniques = tags.filter((tag) => tag.length < 16 && TECHNIQUE.test(tag));
  const [tactic] = tactics;
  if (tactics.length === 1 && tactic !== undefined && techniques.length > 0) return techniques.map((technique) => ({ tactic, technique }));
  return [...tactics.map((name) => ({ tactic: name })), ...techniques.map((technique) => ({ technique }))];
}

/** Fields of Falco that have a place in the violation; all others become labels of the same name. */
const PLACED = new Set([
  'k8s.ns.name',
  'k8s.pod.name',
  'k8s.pod.uid',
  'container.id',
  'container.name',
  'container.image.repository',
  'container.image.tag',
  'container.image.digest',
  'user.name',
  'user.uid',
  'proc.name',
  'proc.exepath',
  'proc.cmdline',
  'proc.pid',
  'proc.pname',
  'proc.pcmdline',
  'proc.ppid',
  'fd.l4proto',
  'ka.user.name',
  'ka.target.namespace',
]);

function* labelsOf(alert: Fields, fields: Fields): Generator<readonly [string, string]> {
  const source = text(alert, 'source');
  if (source !== undefined) yield ['falco.source', source];
  for (const key of Object.keys(fields)) {
    if (PLACED.has(key)) continue;
    const value = scalarText(fields[key]);
    if (value !== undefined) yield [key, value];
  }
}
