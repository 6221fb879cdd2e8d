import type { SeverityId } from '@tocsin/domain';
import { duration, severity, type ConfigIssue, type YamlDoc } from '@tocsin/extension';
import { z } from 'zod';
import type { DocumentKind, ExtensionSchemas, PolicyDocument, PolicySchemas } from './document-kind.js';
import { checkFilter, condition, parseExtension, parsePart, valueAt } from './parse.js';

export const SUBSCRIBABLE = ['violations', 'incidents', 'actions'] as const;

/** What is written where nothing else is asked for: the event as it is on the log. */
const DEFAULT_FORMAT = 'tocsin';

/** Its type, and the channel's own keys. */
const channel = z.looseObject({ type: z.string().describe('Which channel.') });
/** Its type, and the format's own keys. */
const format = z.looseObject({ type: z.string().describe('Which format.') });

const group = z.strictObject({
  by: z
    .array(z.string().regex(/^[a-z_]+(\.[a-z_]+)*$/, 'expected the path of a field, such as "workload.namespace"'))
    .min(1)
    .max(5)
    .describe('Paths of fields; events that have the same values there are told together.'),
  wait: duration.prefault('30s').describe('How long the first message of a group waits for more.'),
  interval: duration.prefault('5m').describe('The least time between two messages of a group.'),
  repeat: duration.optional().describe('A group with unresolved incidents is told of again after this time. Default: never.'),
});

const digest = z.strictObject({
  above: z.number().int().min(1).max(1_000_000).default(60).describe('More events than this within a minute are a storm.'),
  every: duration.prefault('1m').describe('How often a storm is told of.'),
  individually: severity.prefault('Critical').describe('Events of this severity or worse are told one by one all the same, up to `above` a minute.'),
});

/** For channels that people read: nobody reads sixty messages a minute. */
const DIGEST_FOR_PEOPLE: SubscriptionSpec['digest'] = { above: 60, every: 60_000, individually: 5 };

const spec = z.strictObject({
  events: z.enum(SUBSCRIBABLE).describe('Which events to send.'),
  filter: condition('incident').optional().describe('CEL over `violation`, `incident` or `action`, as `events` says. Default: everything.'),
  enabled: z.boolean().default(true).describe('Whether it is served.'),
  includeMuted: z.boolean().default(false).describe('True: incidents are told also while a silence or another incident mutes them.'),
  group: group.optional().describe('Tells events together, by what they have in common. Default: one by one.'),
  digest: z
    .union([z.literal(false), digest])
    .optional()
    .describe('Tells storms by their counts; `false`: never. Default: on for channels that people read, off for all others.'),
  format: format
    .default({ type: DEFAULT_FORMAT })
    .describe('How events are written, where the channel leaves it open; each type has keys of its own.'),
  channel: channel.describe('The way out; each type of channel has keys of its own.'),
});

/** `config` is parsed by the schema of the channel or format. */
interface Chosen {
  type: string;
  config: unknown;
}

export interface SubscriptionSpec {
  events: (typeof SUBSCRIBABLE)[number];
  filter: string | undefined;
  enabled: boolean;
  includeMuted: boolean;
  /** Milliseconds. */
  group: { by: string[]; wait: number; interval: number; repeat?: number | undefined } | undefined;
  /** `every` in milliseconds. */
  digest: { above: number; every: number; individually: SeverityId } | undefined;
  format: Chosen;
  channel: Chosen;
}

export type Subscription = PolicyDocument<'Subscription', SubscriptionSpec>;

/** The CEL variable of each kind of event. */
export const EVENT_VARIABLE = { violations: 'violation', incidents: 'incident', actions: 'action' } as const;

export const subscription: DocumentKind<'Subscription', SubscriptionSpec> = {
  kind: 'Subscription',
  spec: () => spec,
  extended: [
    { path: ['format'], key: 'type', by: 'formats' },
    { path: ['channel'], key: 'type', by: 'channels' },
  ],
  parseSpec(doc, value, schemas, issues) {
    const before = issues.length;
    const parsed = parsePart(doc, ['spec'], value, spec, issues);
    // Channel and format are checked even where the rest is wrong, so that all mistakes are told at once.
    const chosenChannel = choose(doc, 'channel', channel, schemas.channels, issues);
    const chosenFormat = choose(doc, 'format', format, schemas.formats, issues);
    if (parsed === undefined) return undefined;
    checkFilter(doc, ['spec', 'filter'], EVENT_VARIABLE[parsed.events], issues);
    if (issues.length > before || chosenChannel === undefined || chosenFormat === undefined) return undefined;
    const { events, filter, enabled, includeMuted, group: together } = parsed;
    const storms = digestOf(parsed, schemas.channels?.get(chosenChannel.type)?.forPeople === true);
    if (together !== undefined && parsed.digest !== undefined && parsed.digest !== false) {
      issues.push(doc.issue(['spec', 'digest'], 'is not used with "group", which tells of many at once anyway; leave one of them out', 'key'));
    }
    const complete = { events, filter, enabled, includeMuted, group: together, digest: storms, format: chosenFormat, channel: chosenChannel };
    checkFormat(doc, complete, schemas, issues);
    return issues.length > before ? undefined : complete;
  },
};

function digestOf({ group: together, digest: storms }: z.infer<typeof spec>, forPeople: boolean): SubscriptionSpec['digest'] {
  if (together !== undefined || storms === false) return undefined;
  return storms ?? (forPeople ? DIGEST_FOR_PEOPLE : undefined);
}

/** Undefined where something is wrong with it; the issues say what, or the schema of `spec` has said it. */
function choose(
  doc: YamlDoc,
  point: 'channel' | 'format',
  schema: typeof channel,
  known: ExtensionSchemas | undefined,
  issues: ConfigIssue[],
): Chosen | undefined {
  const found = valueAt(doc, ['spec', point]);
  const value = found === undefined && point === 'format' ? { type: DEFAULT_FORMAT } : found;
  const { success, data } = schema.safeParse(value);
  if (!success) return undefined;
  const { type, ...own } = data;
  const part = { point, type, path: ['spec', point], typePath: ['spec', point, 'type'], config: own, otherKeys: ['type'] };
  const before = issues.length;
  const config = parseExtension(doc, part, known, issues);
  return issues.length > before ? undefined : { type, config };
}

/** What shows only once events, format and channel are known. */
function checkFormat(doc: YamlDoc, spec: SubscriptionSpec, schemas: PolicySchemas, issues: ConfigIssue[]): void {
  const { events, format: chosen, channel: out } = spec;
  const kind = schemas.channels?.get(out.type);
  if (kind?.tells !== undefined && !kind.tells.includes(events)) {
    issues.push(doc.issue(['spec', 'events'], `is "${events}", which channel "${out.type}" does not tell; it tells ${kind.tells.join(', ')}`));
  }
  if (kind !== undefined && kind.takesFormat !== true && chosen.type !== DEFAULT_FORMAT) {
    issues.push(doc.issue(['spec', 'format'], `is not used: messages of channel "${out.type}" have a shape of their own; leave it out`));
    return;
  }
  for (const { path, message } of schemas.formats?.get(chosen.type)?.check?.(chosen.config, EVENT_VARIABLE[events]) ?? []) {
    issues.push(doc.issue(['spec', 'format', ...path], message));
  }
}
