import type { EntityRef, Incident, IncidentChange, IncidentStatus, ResolutionReason } from '@tocsin/domain';
import { z } from 'zod';
import { attack, severityId, time, violation } from './violation.js';

export const STATUSES = ['open', 'acknowledged', 'contained', 'resolved'] as const satisfies readonly IncidentStatus[];
const CHANGES = [
  'opened',
  'updated',
  'escalated',
  'de_escalated',
  'acknowledged',
  'assigned',
  'noted',
  'resolved',
  'reopened',
  'merged',
  'muted',
  'unmuted',
  'contained',
  'released',
] as const satisfies readonly IncidentChange[];
const ENTITY_TYPES = ['workload', 'pod', 'container', 'node', 'user', 'image', 'address'] as const satisfies readonly EntityRef['type'][];

const REASONS = ['true_positive', 'benign', 'false_positive', 'duplicate', 'other', 'quiet', 'merged'] as const satisfies readonly ResolutionReason[];

const resolution = z.object({
  reason: z.enum(REASONS),
  comment: z.string().exactOptional(),
  by: z.string().describe('`tocsin` when nobody did.'),
  time,
});
const muting = z.object({
  by: z.enum(['silence', 'inhibition']),
  id: z.string().describe('Of the silence, or of the incident that inhibits this one.'),
  comment: z.string(),
});

const member = z.object({ id: z.string().describe("The violation's id."), time });

export const incident: z.ZodType<Incident> = z.object({
  schema: z.literal(1),
  id: z.uuid(),
  version: z.int().describe('Grows with every change.'),
  change: z.enum(CHANGES).describe('What changed since the version before.'),
  status: z.enum(STATUSES),
  rule: z.object({ name: z.string(), version: z.string(), title: z.string() }),
  title: z.string(),
  reason: z.string().describe('Why this incident exists, in one sentence.'),
  severity_id: severityId,
  cluster: z.string().describe('Empty when the rule groups across clusters.'),
  group: z.record(z.string(), z.string()).describe("The values of the rule's groupBy fields."),
  entities: z.array(z.object({ type: z.enum(ENTITY_TYPES), name: z.string() })),
  attacks: z.array(attack),
  count: z.int().describe('Number of violations in it.'),
  late: z.int().describe('How many of them came later than correlator.grace.'),
  first_seen: time,
  last_seen: time,
  violations: z.array(member).describe('The earliest ones; the evidence trail has all.'),
  assignee: z.string().exactOptional(),
  acknowledged_by: z.string().exactOptional(),
  resolution: resolution.exactOptional().describe('Present while it is resolved.'),
  merged_into: z.uuid().exactOptional().describe('The incident that holds its violations now.'),
  containment: z
    .object({ order: z.int(), since: time.exactOptional().describe('Absent while none of its targets is cut off.') })
    .exactOptional()
    .describe('What the responder last said of its targets.'),
  muted: z.array(muting).exactOptional().describe('Why nobody is told of it.'),
  updated_at: time,
  told: z.object({ version: z.int(), time }).exactOptional().describe('The last version that was told to subscriptions.'),
  actor: z.string().exactOptional().describe('Who made the last change; absent when the correlator did.'),
  comment: z.string().exactOptional(),
});

export const historyEntry = z.object({
  version: z.int(),
  time,
  change: z.enum(CHANGES),
  actor: z.string().nullable().describe('null when the correlator did it.'),
  comment: z.string().nullable(),
  from_status: z.enum(STATUSES).nullable().describe('null when it was opened.'),
  to_status: z.enum(STATUSES),
  severity_id: severityId,
  count: z.int(),
});

export type HistoryBody = z.infer<typeof historyEntry>;

export const evidence = member.extend({
  rule: z.string().describe('The rule that the violation matched, which may be one that the rule of the incident is chained to.'),
  rule_version: z.string().describe('Version of the rule of the incident when it joined.'),
  late: z.boolean(),
  violation: violation.exactOptional().describe('Absent while the violation is not stored yet, or no longer kept.'),
});

export type EvidenceBody = z.infer<typeof evidence>;
