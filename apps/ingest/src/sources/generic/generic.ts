import { canonicalJson, type Attack, type SeverityId, type Violation } from '@tocsin/domain';
import type { SyslogMessage } from '@tocsin/syslog';
import { z } from 'zod';
import { finish, type Draft } from '../draft.js';
import { describeType, isObject, parseObject, splitItems } from '../json.js';
import { fromPartial, toDisposition, toKind, toSeverity } from '../partial.js';
import { scalarText, texts, toNumber } from '../read.js';
import { BadInput, decodeEach, type Decoder, type Entry, type Received, type Source } from '../source.js';
import { fromAny } from '../time.js';
import { workloadOfPod } from '../workload.js';
import { mapping, readPath, readSpec, type Mappable, type Mapping, type Spec } from './mapping.js';
import { syslogMapping } from './syslog-mapping.js';

/** JSON that already has the violation's field names needs no mapping. */
const TOCSIN = 'tocsin';
const SYSLOG = 'syslog';

const config = z.strictObject({
  /** Mapping of requests that name none; documents may have it. Default: `tocsin`, JSON with the violation's own field names. */
  default: z.string().min(1).max(253).default(TOCSIN),
  /** By the name that requests give as `?mapping=`, beside those of SourceMapping documents. `tocsin` and `syslog` are built in. */
  mappings: z.record(z.string().regex(/^[a-z][a-z0-9_-]{0,63}$/, 'expected lower case letters, digits, "-" and "_"'), mapping).default({}),
});
type GenericConfig = z.infer<typeof config>;

/** Any JSON, by a mapping that the user writes. */
export const generic: Source<GenericConfig> = {
  type: 'generic',
  summary: 'Any JSON, by a mapping from its fields to those of a violation.',
  config,
  contentTypes: ['application/json', 'application/x-ndjson', 'application/ndjson', 'application/jsonl'],
  mappings: mappingNames,
  fromSyslog,
  create: (settings): Decoder => {
    const mappings = new Map<string, Mapping | undefined>([...Object.entries(settings.mappings), [TOCSIN, undefined], [SYSLOG, syslogMapping]]);
    return {
      decode: (body, received) => {
        const name = received.mapping ?? settings.default;
        if (!mappings.has(name))
          throw new BadInput(`is "${name.slice(0, 64)}", expected one of: ${[...mappings.keys()].join(', ')}`, { field: 'mapping' });
        const chosen = mappings.get(name);
        if (chosen?.items !== undefined) return decodeLists(body, received, chosen);
        return decodeEach(splitItems(body, received), (bytes) => {
          const { text, value } = parseObject(bytes, received.limits);
          return chosen === undefined ? decodePartial(value, text, received) : decodeMapped(value, text, received, chosen);
        });
      },
    };
  },
};

function mappingNames(settings: GenericConfig): string[] {
  return [...Object.keys(settings.mappings), TOCSIN, SYSLOG];
}

/** A syslog message as JSON, so that a mapping can name its parts. JSON in the message is under `json`. */
function fromSyslog(message: SyslogMessage): Buffer {
  const { structuredData, ...rest } = message;
  const data = Object.fromEntries([...structuredData].map(([id, params]) => [id, Object.fromEntries(params)]));
  const record = JSON.stringify({ ...rest, structuredData: data });
  const inner = message.message.trim();
  // Spliced as text so that numbers keep their digits; what is no JSON after all is found out by parsing the whole.
  return Buffer.from(inner.startsWith('{') && isJson(inner) ? `${record.slice(0, -1)},"json":${inner}}` : record);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** The events are elements of a list inside the items. */
function decodeLists(body: Buffer, received: Received, chosen: Mapping): Entry[] {
  const path = chosen.items ?? [];
  const events: unknown[] = [];
  for (const bytes of splitItems(body, received)) {
    const list = readPath(parseObject(bytes, received.limits).value, path);
    if (!Array.isArray(list)) throw new BadInput(`is ${describeType(list)}, expected a list of events`, { field: path.join('.') });
    if (events.length + list.length > received.limits.maxItems)
      throw new BadInput(`holds more than ${received.limits.maxItems} items; send smaller batches`, { reason: 'too_large' });
    events.push(...(list as unknown[]));
  }
  if (events.length === 0) throw new BadInput('is an empty list, expected at least one event', { field: path.join('.') });
  const texts = events.map((event) => JSON.stringify(event));
  return decodeEach(
    texts.map((text) => Buffer.from(text)),
    (_bytes, index) => {
      const event = events[index];
      if (!isObject(event)) throw new BadInput(`is ${describeType(event)}, expected a JSON object`);
      return decodeMapped(event, texts[index] ?? '', received, chosen);
    },
  );
}

function decodePartial(value: Record<string, unknown>, raw: string, received: Received): Violation {
  const { id, name, kind, severity_id, ...partial } = fromPartial(value);
  if (name === undefined) throw new BadInput('is missing, expected the name of what happened', { field: 'name' });
  return finish(
    'generic',
    { ...partial, identity: id ?? canonicalJson(value), name, kind: kind ?? 'generic', severity_id: severity_id ?? 3 },
    raw,
    received,
  );
}

function decodeMapped(event: Record<string, unknown>, raw: string, received: Received, chosen: Mapping): Violation {
  const fields: { name: Spec } & { [Key in Mappable]?: Spec | undefined } = chosen.fields;
  const get = (name: Mappable | 'name'): string | undefined => scalarText(readSpec(event, fields[name]));
  const count = (name: Mappable): number | undefined => toNumber(readSpec(event, fields[name]));
  const name = get('name');
  if (name === undefined) throw new BadInput('is missing where the mapping looks for it', { field: 'name' });
  const pod = get('pod.name');
  const draft: Draft = {
    identity: get('id') ?? canonicalJson(event),
    time: fromAny(readSpec(event, fields.time)),
    kind: toKind(get('kind')) ?? 'generic',
    name,
    message: get('message'),
    severity_id: severityOf(event, chosen),
    cluster: get('cluster'),
    workload: { namespace: get('workload.namespace'), name: get('workload.name') ?? (pod === undefined ? undefined : workloadOfPod(pod)) },
    pod: { name: pod, uid: get('pod.uid') },
    container: { id: get('container.id'), name: get('container.name') },
    image: { name: get('image.name'), tag: get('image.tag'), digest: get('image.digest') },
    node: get('node.name'),
    user: { name: get('user.name'), uid: count('user.uid') },
    process: {
      name: get('process.name'),
      path: get('process.path'),
      cmd_line: get('process.cmd_line'),
      pid: count('process.pid'),
      parent: { name: get('process.parent.name') },
    },
    file: get('file.path'),
    src_endpoint: { ip: get('src_endpoint.ip'), port: count('src_endpoint.port'), hostname: get('src_endpoint.hostname') },
    dst_endpoint: { ip: get('dst_endpoint.ip'), port: count('dst_endpoint.port'), hostname: get('dst_endpoint.hostname') },
    protocol: get('protocol'),
    disposition: toDisposition(get('disposition')),
    attacks: attacksOf(event, chosen),
    tags: listOf(event, chosen.tags),
    labels: Object.entries(chosen.labels).flatMap(([label, spec]) => {
      const value = scalarText(readSpec(event, spec));
      return value === undefined ? [] : [[label, value] as const];
    }),
    count: count('count'),
  };
  return finish('generic', draft, raw, received);
}

function severityOf(event: unknown, { severity }: Mapping): SeverityId {
  const found = readSpec(event, severity.from);
  const written = scalarText(found)?.toLowerCase();
  if (written === undefined) return severity.default;
  const mapped = Object.entries(severity.map).find(([value]) => value.toLowerCase() === written)?.[1];
  return mapped ?? toSeverity(found) ?? severity.default;
}

function listOf(event: unknown, specs: Spec): string[] {
  return specs.flatMap((spec) => texts(readSpec(event, [spec])));
}

function attacksOf(event: unknown, chosen: Mapping): Attack[] {
  return listOf(event, chosen.attacks).map((name) =>
    /^T\d{4}/i.test(name)
      ? { technique: name }
      : {
          tactic: name
            .slice(0, 128)
            .replace(/^mitre_/, '')
            .trim()
            .replaceAll(' ', '_'),
        },
  );
}
