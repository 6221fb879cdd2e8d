import { RESOLUTION_REASONS } from '@tocsin/domain';
import { duration, secretRef } from '@tocsin/extension';
import { z } from 'zod';
import { ATTACH_MAX_BYTES } from '../../cases/attachments.js';
import { fieldsConfig } from '../../cases/fields.js';
import { httpConnection, receiverUrl } from '../http-options.js';

const text = z.string().min(1);
const COLUMN = /^[a-z][a-z0-9_]*$/;

/** Numbers of states as the table has them; https://support.servicenow.com/kb?id=kb_article_view&sysparm_article=KB0564465 for `incident`. */
const states = z.strictObject({
  /** Somebody is on it. */
  inProgress: text.optional(),
  /** Set when the incident is resolved. */
  resolved: text,
  /** Set when it reopens. */
  reopened: text,
  /** Ends that cannot be reopened: what recurs has a new ticket. */
  closed: z.array(text),
});

const STATES = { inProgress: '2', resolved: '6', reopened: '2', closed: ['7', '8'] };

/** How one proves who one is; one of them. */
const auth = z
  .strictObject({
    basic: z.strictObject({ username: text, password: secretRef }).optional(),
    /** Client credentials at `/oauth_token.do` of the instance. */
    oauth2: z.strictObject({ clientId: text, clientSecret: secretRef, scope: text.optional() }).optional(),
    apiKey: z.strictObject({ key: secretRef, header: text.default('x-sn-apikey') }).optional(),
  })
  .refine((given) => Object.values(given).filter((value) => value !== undefined).length === 1, 'expected one of "basic", "oauth2" and "apiKey"');

const level = z.enum(['1', '2', '3']);
const levels = z.strictObject({ fatal: level, critical: level, high: level, medium: level, low: level, informational: level });

export const servicenowConfig = z
  .strictObject({
    /** Base of the instance: `https://example.service-now.com`. */
    instance: receiverUrl,
    auth,
    /** `incident`, `sn_si_incident` or a table of that kind: one ticket per incident. `em_event`: events, which Event Management deduplicates. */
    table: z
      .string()
      .regex(/^[a-z][a-z0-9_]*$/, 'expected the name of a table')
      .default('incident'),
    /**
     * Tickets are written through this staging table and its transform map, which must coalesce on `correlation_id`; see deploy/servicenow.
     * Its columns are those of the table, with `prefix` before their names.
     */
    importSet: z
      .strictObject({
        table: z.string().regex(COLUMN, 'expected the name of a table'),
        prefix: z
          .string()
          .regex(/^[a-z0-9_]*$/, "expected the beginning of a column's name")
          .default('u_'),
      })
      .optional(),
    /** Where digests go. Event Management is made for storms; without it they are left out. */
    digests: z.enum(['em_event', 'none']).default('em_event'),
    states: states.optional(),
    /** The resolution code that is set; `closeCodes` has others by the reason of the resolution. */
    closeCode: text.optional(),
    closeCodes: z.partialRecord(z.enum([...RESOLUTION_REASONS, 'quiet', 'merged']), text).default({}),
    urgency: levels.default({ fatal: '1', critical: '1', high: '2', medium: '2', low: '3', informational: '3' }),
    impact: levels.default({ fatal: '1', critical: '2', high: '2', medium: '3', low: '3', informational: '3' }),
    /** Any other columns, such as `assignment_group`, `caller_id` or `cmdb_ci`: sys_ids, or with `displayValues` names. Texts are templates. */
    fields: fieldsConfig(z.string())
      .refine((fields) => Object.keys(fields).every((name) => COLUMN.test(name)), 'has a key that is not the name of a column')
      .default({}),
    /** Whether values of `fields` are what people see, such as the name of a group. */
    displayValues: z.boolean().default(false),
    /** Signs what the instance sends, see deploy/servicenow. With it, or with `poll`, Tocsin follows the ticket. */
    webhookSecret: secretRef.optional(),
    /** How often the instance is asked for what people changed. */
    poll: duration.optional(),
    /** Whether work notes tell what actions collected: names, sizes and hashes. */
    evidence: z.boolean().default(true),
    /** Artefacts of at most so many bytes are attached; 0: none. Whoever sees the ticket sees them, and captures hold passwords. */
    attachMaxBytes: z.number().int().min(0).max(ATTACH_MAX_BYTES).default(0),
    /**
     * How long a request whose answer was lost may still make a ticket, or a ticket may not show in a search yet. Transactions of the Table
     * API are cut after 60 seconds, https://support.servicenow.com/kb?id=kb_article_view&sysparm_article=KB0534905; the rest is for replicas
     * that lag.
     */
    searchLag: duration.prefault('90s'),
    /** What a journal entry begins with that becomes a note of the incident. */
    notePrefix: z
      .string()
      .regex(/^[^^]{1,40}$/, 'expected 1 to 40 characters other than ^')
      .default('[tocsin]'),
    ...httpConnection,
  })
  .refine(({ table, closeCode }) => table === 'em_event' || closeCode !== undefined, {
    path: ['closeCode'],
    message: 'is missing; a ticket cannot be resolved without a resolution code, and each instance has its own',
  })
  .refine(({ table, states: given }) => ['em_event', 'incident'].includes(table) || given !== undefined, {
    path: ['states'],
    message: 'is missing; the numbers of states differ from those of the table "incident"',
  })
  .refine(({ importSet, displayValues }) => importSet === undefined || !displayValues, {
    path: ['displayValues'],
    message: 'has no effect on an import set: its transform map says what values mean',
  })
  .refine(({ importSet, table }) => importSet === undefined || table !== 'em_event', {
    path: ['importSet'],
    message: 'is for tickets; events are sent to em_event itself',
  })
  .transform(({ states: given = STATES, ...rest }) => ({ ...rest, states: given }));

export type ServicenowConfig = z.infer<typeof servicenowConfig>;
