/** How a user says which field of foreign JSON is which field of a violation. */
import { severity } from '@tocsin/extension';
import { z } from 'zod';
import { isObject } from '../json.js';
import { field } from '../read.js';

export type Path = readonly (string | number)[];
export type Spec = readonly ({ path: Path } | { constant: string })[];

const STEP = /(?:^|\.)([A-Za-z_@$][\w@$-]*)|\[(\d{1,5})\]|\["([^"\]]{1,256})"\]|\['([^'\]]{1,256})'\]/y;

/** `a.b[0]["k8s.ns.name"]`: names, positions, and names in brackets where they hold a dot. */
export function parsePath(source: string): Path | undefined {
  const path: (string | number)[] = [];
  STEP.lastIndex = 0;
  while (STEP.lastIndex < source.length) {
    const at = STEP.lastIndex;
    const step = STEP.exec(source);
    // A leading dot would let "a..b" and ".a" pass as if they meant something.
    if (step === null || (at === 0 && source.startsWith('.'))) return undefined;
    const [, name, position, doubleQuoted, singleQuoted] = step;
    path.push(position === undefined ? (name ?? doubleQuoted ?? singleQuoted ?? '') : Number(position));
  }
  return path.length === 0 ? undefined : path;
}

export function readPath(value: unknown, path: Path): unknown {
  let current = value;
  for (const step of path) {
    if (Array.isArray(current) && typeof step === 'number') current = (current as unknown[])[step];
    else if (isObject(current)) current = field(current, String(step));
    else return undefined;
  }
  return current;
}

/** The first alternative that is there. */
export function readSpec(value: unknown, spec: Spec | undefined): unknown {
  for (const alternative of spec ?? []) {
    if ('constant' in alternative) return alternative.constant;
    const found = readPath(value, alternative.path);
    if (found !== undefined && found !== null && found !== '') return found;
  }
  return undefined;
}

type Written = string | { const: string };

/** The root of JSONPath, which many write; taken for a name it would find nothing, and nobody would know. */
const ROOT = /^\$(?:\.(?=.)|(?=\[))/;

function toPath(source: string, context: z.RefinementCtx): Path {
  const parsed = parsePath(source);
  const inside = source.replace(ROOT, '');
  if (inside !== source && parsePath(inside) !== undefined) {
    context.addIssue({ code: 'custom', message: `is "${source}", but paths begin at the event itself; write ${quoted(inside)}` });
    return z.NEVER;
  }
  if (parsed !== undefined) return parsed;
  context.addIssue({
    code: 'custom',
    message: `is "${source}", expected a path such as "alert.rule", "items[0].name" or 'fields["k8s.ns.name"]'; for fixed text write { const: "…" }`,
  });
  return z.NEVER;
}

function quoted(path: string): string {
  return path.includes('"') ? `'${path}'` : `"${path}"`;
}

function toAlternative(written: Written, context: z.RefinementCtx): Spec[number] {
  return typeof written === 'string' ? { path: toPath(written, context) } : { constant: written.const };
}

// Paths are checked after the unions: an issue inside a union would be told as "matches no alternative".
const written = z.union([z.string().max(512), z.strictObject({ const: z.string().max(1024) })]);
const path = z.string().max(512).transform(toPath);
const alternative = written.transform(toAlternative);
const spec = z
  .union([written, z.array(written).min(1).max(16)])
  .transform((found: Written | Written[], context): Spec => (Array.isArray(found) ? found : [found]).map((one) => toAlternative(one, context)));

/** The violation's fields that a mapping may fill, by their names in rules. */
export const MAPPABLE = [
  'id',
  'time',
  'cluster',
  'message',
  'kind',
  'workload.namespace',
  'workload.name',
  'pod.name',
  'pod.uid',
  'container.id',
  'container.name',
  'image.name',
  'image.tag',
  'image.digest',
  'node.name',
  'user.name',
  'user.uid',
  'process.name',
  'process.path',
  'process.cmd_line',
  'process.pid',
  'process.parent.name',
  'file.path',
  'src_endpoint.ip',
  'src_endpoint.port',
  'src_endpoint.hostname',
  'dst_endpoint.ip',
  'dst_endpoint.port',
  'dst_endpoint.hostname',
  'protocol',
  'disposition',
  'count',
] as const;
export type Mappable = (typeof MAPPABLE)[number];

const optionalFields = Object.fromEntries(MAPPABLE.map((name) => [name, spec.optional()])) as Record<Mappable, z.ZodOptional<typeof spec>>;

export const mapping = z.strictObject({
  /** Path of the list that holds the events within each item of the body. Default: each item is an event. */
  items: path.optional(),
  /** Each a path, `{ const: text }`, or a list of these of which the first present one counts. */
  fields: z.strictObject({ name: spec, ...optionalFields }),
  severity: z
    .strictObject({
      /** Where the severity stands. Values that are levels or severities by name need no map. Default: nowhere. */
      from: spec.optional(),
      /** Values of the sender, in any case, and what they mean. */
      map: z.record(z.string().max(64), severity).default({}),
      /** For events without a known one. Default: medium. */
      default: severity.default(3),
    })
    .prefault({}),
  /** Paths to ATT&CK tactics (`mitre_` prefix allowed) and technique ids, text or lists. */
  attacks: z.array(alternative).max(16).default([]),
  /** Paths to text or lists of text. */
  tags: z.array(alternative).max(16).default([]),
  /** Label name → where its value stands. */
  labels: z.record(z.string().min(1).max(128), spec).default({}),
});
export type Mapping = z.infer<typeof mapping>;
