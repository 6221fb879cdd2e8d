import { misfits } from '@tocsin/policy';
import type { Path } from './expression.js';

/** Where a violation holds what Sigma calls by a field's name. */
export interface Field {
  path: Path;
  /** `number`: compared as such. `name`: of what Sigma has the path of, a violation has the file's name alone. */
  type: 'text' | 'number' | 'name';
  /** What may be counted by instead, where `groupBy` does not take the path. */
  groupBy?: string;
  /** Why it may be left out beside others. */
  implied?: string;
}

/** What a log source of Sigma is among violations. */
export interface Source {
  /** `violation.kind`, where it has one. */
  kind?: string;
  /** `violation.source`, where it has one. */
  source?: string;
  fields: Readonly<Record<string, Field>>;
}

const text = (path: string, groupBy?: string): Field => ({ path: path.split('.'), type: 'text', ...(groupBy !== undefined && { groupBy }) });
const number = (path: string): Field => ({ path: path.split('.'), type: 'number' });
/** An output field of Falco that has no place of its own. */
const label = (name: string): Field => ({ path: ['labels', name], type: 'text' });

/** Falco's plugin has no field for it, and the names of resources are hardly ever the same in two groups. */
const API_GROUP: Field = { path: [], type: 'text', implied: 'is left out, as Falco does not tell it; the resource says nearly as much' };

/** Where it happened; any event may say so. */
const PLACE: Record<string, Field> = {
  Computer: text('node.name'),
  ComputerName: text('node.name'),
  Hostname: text('node.name'),
  'host.name': text('node.name'),
  hostname: text('node.name'),
  'k8s.ns.name': text('workload.namespace'),
  'k8s.pod.name': text('pod.name'),
  'container.id': text('container.id'),
  'container.name': text('container.name'),
  'container.image.repository': text('image.name'),
};

/** Of Sysmon for Linux. */
const PROCESS: Record<string, Field> = {
  Image: text('process.path', 'process.name'),
  CommandLine: text('process.cmd_line'),
  ProcessId: number('process.pid'),
  ParentImage: { path: ['process', 'parent', 'name'], type: 'name' },
  ParentCommandLine: text('process.parent.cmd_line'),
  ParentProcessId: number('process.parent.pid'),
  CurrentDirectory: label('proc.cwd'),
  User: text('user.name'),
};

const NETWORK: Record<string, Field> = {
  DestinationIp: text('dst_endpoint.ip'),
  DestinationPort: number('dst_endpoint.port'),
  DestinationHostname: text('dst_endpoint.hostname'),
  SourceIp: text('src_endpoint.ip'),
  SourcePort: number('src_endpoint.port'),
  SourceHostname: text('src_endpoint.hostname'),
  Protocol: text('protocol'),
};

/** Of the Kubernetes audit log, as Falco's plugin k8saudit reports it. What it has as lists is not among labels. */
const AUDIT: Record<string, Field> = {
  verb: label('ka.verb'),
  apiGroup: API_GROUP,
  'objectRef.apiGroup': API_GROUP,
  'objectRef.resource': label('ka.target.resource'),
  'objectRef.subresource': label('ka.target.subresource'),
  'objectRef.name': label('ka.target.name'),
  'objectRef.namespace': text('workload.namespace'),
  'user.username': text('user.name'),
  userAgent: label('ka.useragent'),
  requestURI: label('ka.uri'),
  'responseStatus.code': label('ka.response.code'),
};

/** Of Falco itself; its other output fields are labels. */
const FALCO: Record<string, Field> = {
  rule: text('name'),
  output: text('message'),
  'proc.name': text('process.name'),
  'proc.exepath': text('process.path', 'process.name'),
  'proc.cmdline': text('process.cmd_line'),
  'proc.pid': number('process.pid'),
  'proc.pname': text('process.parent.name'),
  'proc.pcmdline': text('process.parent.cmd_line'),
  'proc.ppid': number('process.parent.pid'),
  'user.name': text('user.name'),
  'fd.name': text('file.path'),
  'fd.cip': text('src_endpoint.ip'),
  'fd.cport': number('src_endpoint.port'),
  'fd.sip': text('dst_endpoint.ip'),
  'fd.sport': number('dst_endpoint.port'),
  'fd.l4proto': text('protocol'),
  'evt.type': label('evt.type'),
  'proc.cwd': label('proc.cwd'),
  'proc.tty': label('proc.tty'),
};

const FILES = { kind: 'file', fields: { ...PLACE, ...PROCESS, TargetFilename: text('file.path') } };

/** By `category`, else by `product` and `service`. */
const SOURCES: Readonly<Record<string, Source>> = {
  process_creation: { kind: 'process', fields: { ...PLACE, ...PROCESS } },
  network_connection: { kind: 'network', fields: { ...PLACE, ...PROCESS, ...NETWORK } },
  file_event: FILES,
  file_access: FILES,
  file_change: FILES,
  file_delete: FILES,
  file_rename: FILES,
  'kubernetes audit': { kind: 'audit', fields: { ...PLACE, ...AUDIT } },
  falco: { source: 'falco', fields: { ...PLACE, ...FALCO } },
};

/** For people: what is known. */
export const KNOWN_SOURCES = 'process_creation, network_connection and file_event of linux, the audit log of kubernetes, and falco';

/** Undefined: nothing among violations is like it. */
export function sourceOf({ category, product, service }: { category?: string; product?: string; service?: string }): Source | undefined {
  if (product !== undefined && !['linux', 'kubernetes', 'falco'].includes(product)) return undefined;
  const named = category !== undefined && Object.hasOwn(SOURCES, category) ? SOURCES[category] : undefined;
  return named ?? SOURCES[[product, service].filter((part) => part !== undefined).join(' ')];
}

/** Fields of a violation may be named as they are here. */
const OWN = /^(process|file|src_endpoint|dst_endpoint|workload|pod|container|image|node|user)\.[a-z_.]+$/;
const OWN_NUMBERS = /\.(port|pid|uid)$/;

export function fieldOf(source: Source | undefined, name: string): Field | undefined {
  const fields = source?.fields ?? PLACE;
  if (Object.hasOwn(fields, name)) return fields[name];
  const path = name.split('.');
  if (!OWN.test(name) || !isKnownPath(path)) return undefined;
  return { path, type: OWN_NUMBERS.test(name) ? 'number' : 'text' };
}

function isKnownPath(path: Path): boolean {
  const nested = path.reduceRight<unknown>((below, step) => ({ [step]: below }), null) as Record<string, unknown>;
  return misfits(nested, 'violation').length === 0;
}
