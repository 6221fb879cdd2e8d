import type { EntityRef, Incident, IncidentChange, IncidentStatus } from '@tocsin/domain';
import { z } from 'zod';
import { attack, severityId, time, violation } from './violation.js';

export const STATUSES = ['open', 'acknowledged', 'contained', 'resolved'] as const satisfies readonly IncidentStatus[];
const CHANGES = ['opened', 'updated', 'escalated'] as const satisfies readonly IncidentChange[];
const ENTITY_TYPES = ['workload', 'pod', 'container', 'node', 'user', 'image', 'address'] as const satisfies readonly EntityRef['type'][];

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
  first_seen: time,
  last_seen: time,
  violations: z.array(member).describe('The earliest ones; the evidence trail has all.'),
});

export const evidence = member.extend({
  violation: violation.exactOptional().describe('Absent while the violation is not stored yet, or no longer kept.'),
});
