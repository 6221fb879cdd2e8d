import { z } from 'zod';
import type { DocumentKind, PolicyDocument } from './document-kind.js';
import { checkFilter, condition, parseExtension, parsePart } from './parse.js';

export const SUBSCRIBABLE = ['violations', 'incidents', 'actions'] as const;

/** Its type, and the channel's own keys. */
const channel = z.looseObject({ type: z.string().describe('Which channel.') });

const spec = z.strictObject({
  events: z.enum(SUBSCRIBABLE).describe('Which events to send.'),
  filter: condition('incident').optional().describe('CEL over `violation`, `incident` or `action`, as `events` says. Default: everything.'),
  enabled: z.boolean().default(true).describe('Whether it is served.'),
  includeMuted: z.boolean().default(false).describe('True: incidents are told also while a silence or another incident mutes them.'),
  channel: channel.describe('The way out; each type of channel has keys of its own.'),
});

export interface SubscriptionSpec {
  events: (typeof SUBSCRIBABLE)[number];
  filter: string | undefined;
  enabled: boolean;
  includeMuted: boolean;
  /** `config` is parsed by the channel's schema. */
  channel: { type: string; config: unknown };
}

export type Subscription = PolicyDocument<'Subscription', SubscriptionSpec>;

/** The CEL variable of each kind of event. */
export const EVENT_VARIABLE = { violations: 'violation', incidents: 'incident', actions: 'action' } as const;

export const subscription: DocumentKind<'Subscription', SubscriptionSpec> = {
  kind: 'Subscription',
  spec: () => spec,
  extended: { path: ['channel'], key: 'type', by: 'channels' },
  parseSpec(doc, value, schemas, issues) {
    const before = issues.length;
    const parsed = parsePart(doc, ['spec'], value, spec, issues);
    // The channel is checked even where the rest is wrong, so that all mistakes are told at once.
    const { type, ...own } = channel.safeParse((value as { channel?: unknown } | null | undefined)?.channel).data ?? { type: undefined };
    const part = { point: 'channel', path: ['spec', 'channel'], typePath: ['spec', 'channel', 'type'], config: own, otherKeys: ['type'] };
    const config = type === undefined ? undefined : parseExtension(doc, { ...part, type }, schemas.channels, issues);
    if (parsed !== undefined) checkFilter(doc, ['spec', 'filter'], EVENT_VARIABLE[parsed.events], issues);
    if (parsed === undefined || type === undefined || issues.length > before) return undefined;
    const { events, filter, enabled, includeMuted } = parsed;
    return { events, filter, enabled, includeMuted, channel: { type, config } };
  },
};
