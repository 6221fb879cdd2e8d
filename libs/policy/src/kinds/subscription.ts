import { z } from 'zod';
import type { DocumentKind, PolicyDocument } from './document-kind.js';
import { checkFilter, condition, parseExtension, parsePart } from './parse.js';

export const SUBSCRIBABLE = ['violations', 'incidents', 'actions'] as const;

/** Its type, and the channel's own keys. */
const channel = z.looseObject({ type: z.string().describe('Which channel.') });

/** What is written where nothing else is asked for: the event as it is on the log. */
const DEFAULT_FORMAT = 'tocsin';

/** Its type, and the format's own keys. */
const format = z.looseObject({ type: z.string().describe('Which format.') });

const spec = z.strictObject({
  events: z.enum(SUBSCRIBABLE).describe('Which events to send.'),
  filter: condition('incident').optional().describe('CEL over `violation`, `incident` or `action`, as `events` says. Default: everything.'),
  enabled: z.boolean().default(true).describe('Whether it is served.'),
  includeMuted: z.boolean().default(false).describe('True: incidents are told also while a silence or another incident mutes them.'),
  format: format.default({ type: DEFAULT_FORMAT }).describe('How events are written; each type of format has keys of its own.'),
  channel: channel.describe('The way out; each type of channel has keys of its own.'),
});

export interface SubscriptionSpec {
  events: (typeof SUBSCRIBABLE)[number];
  filter: string | undefined;
  enabled: boolean;
  includeMuted: boolean;
  /** `config` is parsed by the format's schema. */
  format: { type: string; config: unknown };
  /** `config` is parsed by the channel's schema. */
  channel: { type: string; config: unknown };
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
    // Format and channel are checked even where the rest is wrong, so that all mistakes are told at once.
    const chosenChannel = parseChosen(doc, 'channel', channel, schemas.channels, issues);
    const chosenFormat = valueAt(doc, ['spec', 'format']) === undefined ? parsed?.format : undefined;
    const { type: formatType, config: formatConfig } = parseChosen(doc, 'format', format, schemas.formats, issues) ?? ownKeys(chosenFormat);
    if (parsed !== undefined) checkFilter(doc, ['spec', 'filter'], EVENT_VARIABLE[parsed.events], issues);
    if (parsed === undefined || chosenChannel === undefined || formatType === undefined || issues.length > before) return undefined;
    return undefined;
  },
};
