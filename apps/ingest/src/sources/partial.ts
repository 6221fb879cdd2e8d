/** Reads a violation as people and programs write one by hand: any of its fields, each only where it has its type. */
import type { Attack, Disposition, SeverityId, ViolationKind } from '@tocsin/domain';
import type { Draft } from './draft.js';
import { isObject } from './json.js';
import { fromLevelOrCaption } from './levels.js';
import { field, number, scalarText, text, texts, type Fields } from './read.js';
import { fromAny } from './time.js';
import { workloadOfPod } from './workload.js';

const KINDS: ReadonlySet<string> = new Set<ViolationKind>([
  'process',
  'file',
  'network',
  'threat',
  'audit',
  'vulnerability',
  'compliance',
  'admission',
  'generic',
]);
const DISPOSITIONS: readonly Disposition[] = ['Detected', 'Blocked', 'Allowed', 'Reset'];

export type PartialDraft = Omit<Draft, 'identity' | 'name' | 'severity_id' | 'kind'> & {
  id: string | undefined;
  name: string | undefined;
  severity_id: SeverityId | undefined;
  kind: ViolationKind | undefined;
};

export function fromPartial(data: Fields): PartialDraft {
  const pod = part(data, 'pod');
  const workload = part(data, 'workload');
  const process = part(data, 'process');
  const parent = part(process, 'parent');
  const labels = part(data, 'labels');
  return {
    id: text(data, 'id'),
    time: fromAny(field(data, 'time')),
    name: text(data, 'name'),
    message: text(data, 'message'),
    kind: toKind(text(data, 'kind')),
    severity_id: severityOf(data),
    cluster: text(data, 'cluster'),
    workload: { namespace: text(workload, 'namespace'), name: text(workload, 'name') ?? workloadOf(text(pod, 'name')) },
    pod: { name: text(pod, 'name'), uid: text(pod, 'uid') },
    container: { id: text(part(data, 'container'), 'id'), name: text(part(data, 'container'), 'name') },
    image: { name: text(part(data, 'image'), 'name'), tag: text(part(data, 'image'), 'tag'), digest: text(part(data, 'image'), 'digest') },
    node: text(part(data, 'node'), 'name'),
    user: { name: text(part(data, 'user'), 'name'), uid: number(part(data, 'user'), 'uid') },
    process: {
      name: text(process, 'name'),
      path: text(process, 'path'),
      cmd_line: text(process, 'cmd_line'),
      pid: number(process, 'pid'),
      parent: { name: text(parent, 'name'), cmd_line: text(parent, 'cmd_line'), pid: number(parent, 'pid') },
    },
    file: text(part(data, 'file'), 'path'),
    src_endpoint: endpointOf(part(data, 'src_endpoint')),
    dst_endpoint: endpointOf(part(data, 'dst_endpoint')),
    protocol: text(data, 'protocol'),
    disposition: toDisposition(text(data, 'disposition')),
    attacks: attacksOf(field(data, 'attacks')),
    tags: texts(field(data, 'tags')),
    labels: Object.keys(labels).flatMap((key) => {
      const value = scalarText(labels[key]);
      return value === undefined ? [] : [[key, value] as const];
    }),
    count: number(data, 'count'),
  };
}

export function toKind(value: string | undefined): ViolationKind | undefined {
  return value !== undefined && KINDS.has(value) ? (value as ViolationKind) : undefined;
}

export function toDisposition(value: string | undefined): Disposition | undefined {
  return DISPOSITIONS.find((known) => known.toLowerCase() === value?.toLowerCase());
}

export function toSeverity(value: unknown): SeverityId | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 1 && value <= 6 ? (value as SeverityId) : undefined;
  return typeof value === 'string' ? fromLevelOrCaption(value) : undefined;
}

function severityOf(data: Fields): SeverityId | undefined {
  return toSeverity(field(data, 'severity_id')) ?? toSeverity(field(data, 'severity'));
}

function part(data: Fields, key: string): Fields {
  const value = field(data, key);
  return isObject(value) ? value : {};
}

function workloadOf(pod: string | undefined): string | undefined {
  return pod === undefined ? undefined : workloadOfPod(pod);
}

function endpointOf(value: Fields): NonNullable<Draft['src_endpoint']> {
  return {
    ip: text(value, 'ip'),
    port: number(value, 'port'),
    hostname: text(value, 'hostname'),
    workload: text(value, 'workload'),
    namespace: text(value, 'namespace'),
  };
}

function attacksOf(value: unknown): Attack[] {
  if (!Array.isArray(value)) return [];
  return (value as unknown[]).filter(isObject).map((attack) => {
    const tactic = text(attack, 'tactic');
    const technique = text(attack, 'technique');
    return { ...(tactic === undefined ? {} : { tactic }), ...(technique === undefined ? {} : { technique }) };
  });
}
