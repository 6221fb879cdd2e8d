import type { ConfigIssue, YamlDoc } from '@tocsin/extension';
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

const spec = z.strictObject({
  events: z.enum(SUBSCRIBABLE).describe('Which events to send.'),
  filter: condition('incident').optional().describe('CEL over `violation`, `incident` or `action`, as `events` says. Default: everything.'),
  enabled: z.boolean().default(true).describe('Whether it is served.'),
  includeMuted: z.boolean().default(false).describe('True: incidents are told also while a silence or another incident mutes them.'),
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
    const { events, filter, enabled, includeMuted } = parsed;
    const complete = { events, filter, enabled, includeMuted, format: chosenFormat, channel: chosenChannel };
    checkFormat(doc, complete, schemas, issues);
    return issues.length > before ? undefined : complete;
  },
};

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
  if (kind !== undefined && kind.takesFormat !== true && chosen.type !== DEFAULT_FORMAT) {
    issues.push(doc.issue(['spec', 'format'], `is not used: messages of channel "${out.type}" have a shape of their own; leave it out`));
    return;
  }
  for (const { path, message } of schemas.formats?.get(chosen.type)?.check?.(chosen.config, EVENT_VARIABLE[events]) ?? []) {
    issues.push(doc.issue(['spec', 'format', ...path], message));
  }
}
