import { z } from 'zod';
import type { DocumentKind, Metadata, Origin } from './document-kind.js';
import { checkFilter, parseExtension, parsePart } from './parse.js';

export const SUBSCRIBABLE = ['violations', 'incidents', 'actions'] as const;

const spec = z.strictObject({
  /** Which events to send. */
  events: z.enum(SUBSCRIBABLE),
  /** CEL over `violation`, `incident` or `action`; everything when absent. */
  filter: z.string().min(1).optional(),
  enabled: z.boolean().default(true),
  /** The way out: its type, and the channel's own keys. */
  channel: z.looseObject({ type: z.string() }),
});

export interface Subscription {
  kind: 'Subscription';
  metadata: Metadata;
  origin: Origin;
  spec: {
    events: (typeof SUBSCRIBABLE)[number];
    filter: string | undefined;
    enabled: boolean;
    /** `config` is parsed by the channel's schema. */
    channel: { type: string; config: unknown };
  };
}

/** The CEL variable of each kind of event. */
export const EVENT_VARIABLE = { violations: 'violation', incidents: 'incident', actions: 'action' } as const;

export const subscription: DocumentKind<Subscription> = {
  kind: 'Subscription',
  parse(doc, metadata, origin, schemas, issues) {
    const before = issues.length;
    const parsed = parsePart(doc, ['spec'], (doc.value as { spec?: unknown }).spec, spec, issues);
    if (parsed === undefined) return undefined;
    if (parsed.filter !== undefined) checkFilter(doc, ['spec', 'filter'], parsed.filter, EVENT_VARIABLE[parsed.events], issues);
    const { type, ...own } = parsed.channel;
    const config = parseExtension(doc, ['spec', 'channel'], 'channel', type, ['spec', 'channel', 'type'], own, schemas.channels, issues);
    if (issues.length > before) return undefined;
    const { events, filter, enabled } = parsed;
    return { kind: 'Subscription', metadata, origin, spec: { events, filter, enabled, channel: { type, config } } };
  },
};
