import { REFUSALS, type Action, type ActionCommandBody, type ActionCommandType, type ActionState, type Artefact } from '@tocsin/domain';
import { z } from 'zod';
import { optionalComment } from './command.js';
import { severityId, time } from './violation.js';

export const ACTION_STATES = [
  'planned',
  'awaiting_approval',
  'approved',
  'running',
  'active',
  'reverting',
  'reverted',
  'succeeded',
  'failed',
  'rejected',
  'expired',
  'refused',
] as const satisfies readonly ActionState[];

const TARGETS = ['workload', 'pod', 'container', 'node', 'user', 'image', 'address', 'incident', 'violation'] as const;

const plan = z.object({
  summary: z.string().describe('What will be done to what.'),
  scope: z.object({
    cluster: z.string(),
    namespace: z.string().exactOptional(),
    node: z.string().exactOptional(),
    pod: z.object({ name: z.string(), uid: z.string() }).exactOptional(),
    workload: z.object({ kind: z.string(), name: z.string(), uid: z.string(), replicas: z.int() }).exactOptional(),
  }),
  changes: z.array(z.string()),
  warnings: z.array(z.string()).describe('What to know before it is approved, such as traffic that still passes.'),
  details: z.record(z.string(), z.unknown()).describe("The action's own form."),
});

export const action: z.ZodType<Action> = z.object({
  schema: z.literal(1),
  id: z.uuid(),
  version: z.int().describe('Grows with every change.'),
  state: z.enum(ACTION_STATES),
  policy: z.string(),
  step: z.string(),
  type: z.string().describe('What is done: `quarantine`, `capture`, …'),
  target: z.object({ type: z.enum(TARGETS), name: z.string() }),
  cluster: z.string(),
  incident: z.string().exactOptional(),
  violation: z.string().exactOptional(),
  severity_id: severityId,
  mode: z.enum(['observe', 'propose', 'auto']),
  reason: z.string().describe('How it came into this state.'),
  time,
  created_at: time,
  plan: plan.exactOptional(),
  plan_hash: z.string().exactOptional().describe('What an approval is bound to.'),
  approvals: z
    .object({
      required: z.int(),
      from: z.array(z.string()).describe('Who may; empty: whoever may approve at all.'),
      given: z.array(z.object({ actor: z.string(), time, comment: z.string().exactOptional() })),
      expires_at: time.describe('What is not approved and begun by then is denied.'),
      why: z.string(),
    })
    .exactOptional(),
  refused_by: z.enum(REFUSALS).exactOptional(),
  started_at: time.exactOptional(),
  expires_at: time.exactOptional().describe('When it is undone by itself.'),
  verification: z
    .object({ ok: z.boolean(), message: z.string(), time, contained: z.enum(['full', 'partial', 'none']).exactOptional() })
    .exactOptional(),
  evidence: z.array(z.string()).exactOptional(),
  actor: z.string().exactOptional(),
  comment: z.string().exactOptional(),
});

export const artefact: z.ZodType<Artefact> = z.object({
  schema: z.literal(1),
  id: z.uuid(),
  action: z.string(),
  incident: z.string().exactOptional(),
  name: z.string(),
  media_type: z.string(),
  bytes: z.int(),
  sha256: z.string(),
  source_sha256: z.string().exactOptional().describe('As the source computed it, before it was moved.'),
  intact: z.boolean(),
  truncated: z.boolean().describe('The source had more than it may collect.'),
  source: z.record(z.string(), z.unknown()),
  collected_at: time,
  retain_until: time,
  legal_hold: z.object({ actor: z.string(), reason: z.string(), time }).exactOptional(),
  deleted_at: time.exactOptional(),
});

export const auditRecord = z.object({
  seq: z.int(),
  time,
  actor: z.string(),
  event: z.string(),
  subject: z.string(),
  detail: z.record(z.string(), z.unknown()),
  previous_hash: z.string(),
  hash: z.string().describe('SHA-256 over all of the above; each record holds that of the one before.'),
});

export const control = z.object({
  stopped: z.boolean().describe('While true, no action is begun. What stands is undone on time all the same.'),
  actor: z.string(),
  reason: z.string(),
  time,
});

export const auditVerdict = z.object({
  ok: z.boolean(),
  records: z.int().exactOptional(),
  last_hash: z.string().exactOptional().describe('Keep it elsewhere: a chain that was cut at its end looks whole.'),
  seq: z.int().exactOptional().describe('Of the first record that is wrong.'),
  why: z.string().exactOptional(),
});

export const reasonBody = z.strictObject({
  reason: z
    .string({ error: 'expected a text' })
    .min(1, { error: 'expected a text that is not empty' })
    .max(2_000)
    .describe('Why; it stays on record.'),
});

export const actionBodies = {
  approve: z.strictObject({
    plan_hash: z
      .string()
      .regex(/^[0-9a-f]{64}$/, { error: 'expected the `plan_hash` of the plan that you have seen' })
      .describe('Of the plan that was looked at; another plan needs another approval.'),
    comment: optionalComment,
  }),
  reject: z.strictObject({ comment: optionalComment }),
  revert: z.strictObject({ comment: optionalComment }),
  extend: z.strictObject({ until: z.iso.datetime({ offset: true, error: 'expected an RFC 3339 time' }), comment: optionalComment }),
} as const satisfies { [K in ActionCommandType]: z.ZodType<Omit<Extract<ActionCommandBody, { type: K }>, 'type'>> };

export const ACTION_COMMANDS = Object.keys(actionBodies) as ActionCommandType[];
