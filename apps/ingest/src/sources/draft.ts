import { isIP } from 'node:net';
import {
  RAW_MAX_BYTES,
  VIOLATION_SCHEMA,
  violationId,
  type Attack,
  type Disposition,
  type Endpoint,
  type Process,
  type SeverityId,
  type Violation,
  type ViolationKind,
} from '@tocsin/domain';
import type { Received } from './source.js';

/** Bounds of a violation's strings in UTF-16 units and of its lists in elements. */
export const BOUNDS = {
  name: 256,
  message: 4096,
  path: 4096,
  cmdLine: 8192,
  tag: 128,
  tags: 64,
  attacks: 32,
  labelKey: 128,
  labelValue: 1024,
  labels: 64,
  /** Keys and values of all labels together: with `raw` the record stays well below 1 MiB however it is escaped. */
  labelsTotal: 16_384,
  count: 1_000_000_000,
} as const;

type Loose<T> = { [Key in keyof T]?: (T[Key] extends string | number | undefined ? T[Key] : Loose<T[Key]>) | undefined };

/** What an adapter found, as the sender wrote it: any length, any number. `finish` bounds it. */
export interface Draft {
  /** The sensor's own id, or the canonical content where it has none. */
  identity: string;
  /** From time.ts; absent: the sensor gave none, so the time of receipt stands in, and stays out of the id. */
  time?: string | undefined;
  kind: ViolationKind;
  name: string;
  message?: string | undefined;
  severity_id: SeverityId;
  cluster?: string | undefined;
  workload?: Loose<Violation['workload']> | undefined;
  pod?: Loose<NonNullable<Violation['pod']>> | undefined;
  container?: Loose<NonNullable<Violation['container']>> | undefined;
  image?: Loose<NonNullable<Violation['image']>> | undefined;
  node?: string | undefined;
  user?: Loose<NonNullable<Violation['user']>> | undefined;
  process?: Loose<Process> | undefined;
  file?: string | undefined;
  src_endpoint?: Loose<Endpoint> | undefined;
  dst_endpoint?: Loose<Endpoint> | undefined;
  protocol?: string | undefined;
  disposition?: Disposition | undefined;
  attacks?: readonly Attack[] | undefined;
  tags?: readonly string[] | undefined;
  labels?: Iterable<readonly [string, string]> | undefined;
  count?: number | undefined;
}

/** Makes the violation: cuts every string, leaves out what is empty or no such thing, and derives the id. */
export function finish(source: string, draft: Draft, raw: string, received: Received): Violation {
  const cluster = name(draft.cluster) ?? received.cluster;
  const receivedTime = new Date(received.timeMs).toISOString();
  const violation: Violation = {
    schema: VIOLATION_SCHEMA,
    id: violationId(source, cluster, draft.identity, draft.time ?? ''),
    source,
    kind: draft.kind,
    name: bounded(draft.name, BOUNDS.name) ?? source,
    message: bounded(draft.message, BOUNDS.message) ?? bounded(draft.name, BOUNDS.name) ?? source,
    severity_id: draft.severity_id,
    time: draft.time ?? receivedTime,
    received_time: receivedTime,
    cluster,
    workload: some({ namespace: name(draft.workload?.namespace), name: name(draft.workload?.name) }) ?? {},
    disposition: draft.disposition ?? 'Detected',
    attacks: attacks(draft.attacks ?? []),
    tags: tags(draft.tags ?? []),
    count: integer(draft.count, 1, BOUNDS.count) ?? 1,
    raw: '',
  };
  put(violation, 'pod', some({ name: name(draft.pod?.name), uid: name(draft.pod?.uid) }));
  put(violation, 'container', some({ id: name(draft.container?.id), name: name(draft.container?.name) }));
  put(violation, 'image', some({ name: name(draft.image?.name), tag: name(draft.image?.tag), digest: name(draft.image?.digest) }));
  put(violation, 'node', some({ name: name(draft.node) }));
  put(violation, 'user', some({ name: name(draft.user?.name), uid: integer(draft.user?.uid, 0, 0xffff_ffff) }));
  put(violation, 'process', processOf(draft.process));
  put(violation, 'file', some({ path: bounded(draft.file, BOUNDS.path) }));
  put(violation, 'src_endpoint', endpoint(draft.src_endpoint));
  put(violation, 'dst_endpoint', endpoint(draft.dst_endpoint));
  put(violation, 'protocol', bounded(draft.protocol, 16)?.toLowerCase());
  put(violation, 'labels', labels(draft.labels ?? []));
  return withRaw(violation, raw);
}

function withRaw(violation: Violation, raw: string): Violation {
  const kept = cutBytes(clean(raw), RAW_MAX_BYTES);
  violation.raw = kept;
  if (kept.length < raw.length) violation.raw_truncated = true;
  return violation;
}

function put<Key extends keyof Violation>(violation: Violation, key: Key, value: Violation[Key] | undefined): void {
  if (value !== undefined) violation[key] = value;
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

/** Without what is undefined; undefined itself when nothing is left. */
function some<T extends object>(object: T): Defined<T> | undefined {
  let kept: Defined<T> | undefined;
  for (const key of Object.keys(object) as (keyof T)[]) {
    const value = object[key];
    if (value === undefined) continue;
    kept ??= {};
    kept[key] = value as Exclude<T[keyof T], undefined>;
  }
  return kept;
}

function processOf(found: Draft['process']): Process | undefined {
  if (found === undefined) return undefined;
  const { parent } = found;
  return some({
    name: name(found.name),
    path: bounded(found.path, BOUNDS.path),
    cmd_line: bounded(found.cmd_line, BOUNDS.cmdLine),
    pid: integer(found.pid, 0, 0x7fff_ffff),
    parent: parent && some({ name: name(parent.name), cmd_line: bounded(parent.cmd_line, BOUNDS.cmdLine), pid: integer(parent.pid, 0, 0x7fff_ffff) }),
  });
}

function endpoint(found: Draft['src_endpoint']): Endpoint | undefined {
  if (found === undefined) return undefined;
  return some({
    ip: found.ip !== undefined && isIP(found.ip) !== 0 ? found.ip : undefined,
    port: integer(found.port, 1, 65_535),
    hostname: name(found.hostname),
    workload: name(found.workload),
    namespace: name(found.namespace),
  });
}

const TACTIC = /^[a-z]{2,32}([_-][a-z]{2,32}){0,4}$/;
const TECHNIQUE = /^T\d{4}(\.\d{3})?$/;

function attacks(found: readonly Attack[]): Attack[] {
  const kept: Attack[] = [];
  for (const attack of found) {
    const tactic = attack.tactic?.slice(0, 200).toLowerCase().replaceAll('-', '_');
    const technique = attack.technique?.slice(0, 16).toUpperCase();
    const valid = some({
      tactic: tactic !== undefined && TACTIC.test(tactic) ? tactic : undefined,
      technique: technique !== undefined && TECHNIQUE.test(technique) ? technique : undefined,
    });
    if (valid !== undefined) kept.push(valid);
    if (kept.length === BOUNDS.attacks) break;
  }
  return kept;
}

function tags(found: readonly string[]): string[] {
  const kept = new Set<string>();
  for (const tag of found) {
    const valid = bounded(tag, BOUNDS.tag);
    if (valid !== undefined) kept.add(valid);
    if (kept.size === BOUNDS.tags) break;
  }
  return [...kept];
}

function labels(found: Iterable<readonly [string, string]>): Record<string, string> | undefined {
  const kept: Record<string, string> = {};
  let count = 0;
  let room: number = BOUNDS.labelsTotal;
  for (const [key, value] of found) {
    const keptKey = bounded(key, BOUNDS.labelKey);
    const keptValue = bounded(value, BOUNDS.labelValue);
    // Assigning to __proto__ would set the prototype instead of a label.
    if (keptKey === undefined || keptValue === undefined || keptKey === '__proto__') continue;
    room -= keptKey.length + keptValue.length;
    if (room < 0 || count === BOUNDS.labels) break;
    if (!Object.hasOwn(kept, keptKey)) count++;
    kept[keptKey] = keptValue;
  }
  return count === 0 ? undefined : kept;
}

function name(value: string | undefined): string | undefined {
  return bounded(value, BOUNDS.name);
}

/** Cleaned and cut; undefined for nothing and for what is no string after all. */
function bounded(value: string | undefined, max: number): string | undefined {
  if (typeof value !== 'string' || value === '') return undefined;
  if (value.length <= max) return clean(value);
  // A cut in the middle of a surrogate pair would leave half a character, which `clean` replaces.
  return clean(value.slice(0, max));
}

/** Postgres takes neither NUL nor lone surrogates, and a receiver may not either. */
function clean(value: string): string {
  const wellFormed = value.isWellFormed() ? value : value.toWellFormed();
  return wellFormed.includes('\0') ? wellFormed.replaceAll('\0', '\uFFFD') : wellFormed;
}

function cutBytes(value: string, max: number): string {
  if (value.length * 3 <= max) return value;
  const bytes = Buffer.from(value);
  if (bytes.length <= max) return value;
  let end = max;
  while (end > 0 && ((bytes[end] as number) & 0xc0) === 0x80) end--;
  return bytes.toString('utf8', 0, end);
}

function integer(value: number | undefined, min: number, max: number): number | undefined {
  return typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max ? value : undefined;
}
