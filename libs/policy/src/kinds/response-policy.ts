import { duration, type ConfigIssue, type YamlDoc } from '@tocsin/extension';
import { z } from 'zod';
import { responseTest } from '../scenario/schema.js';
import type { DocumentKind, PolicyDocument } from './document-kind.js';
import { checkFilter, condition, indexesAt, parseExtension, parsePart, valueAt } from './parse.js';

/** What a step may do. */
export const ACTION_TYPES = ['snapshot', 'quarantine', 'detach', 'capture', 'evict', 'cordon', 'scale', 'label', 'annotate'] as const;
export type ActionType = (typeof ACTION_TYPES)[number];

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Times that people and clusters can keep. */
const period = duration.refine((ms) => ms >= MINUTE_MS && ms <= 30 * DAY_MS, 'expected a duration from 1m to 30d');
const atLeastOne = z.number().int().min(1);

const match = z
  .strictObject(
    {
      incidents: condition('incident').optional().describe('CEL over `incident`: which incidents are answered.'),
      violations: condition('violation').optional().describe('CEL over `violation`: which violations are answered, each for itself.'),
    },
    { error: 'expected a map such as { incidents: incident.severity_id >= 4 }' },
  )
  .refine(({ incidents, violations }) => incidents === undefined || violations === undefined, 'has both "incidents" and "violations"; keep one')
  .refine(({ incidents, violations }) => incidents !== undefined || violations !== undefined, 'has neither "incidents" nor "violations"; add one')
  .meta({ oneOf: [{ required: ['incidents'] }, { required: ['violations'] }] });

const step = z.strictObject({
  id: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'expected lower case letters, digits and "-"')
    .optional()
    .describe('Its name, unique in the policy. Default: the name of the action.'),
  action: z.enum(ACTION_TYPES).describe('What is done.'),
  with: z.record(z.string(), z.unknown()).default({}).describe('Keys of the action.'),
  when: condition('incident').optional().describe('CEL over what the policy matches. Default: always.'),
  onFailure: z
    .enum(['stop', 'continue', 'revert'])
    .default('stop')
    .describe('What becomes of the steps: `stop` does no more, `continue` does the next, `revert` undoes those before.'),
});

const approvals = z.strictObject({
  required: atLeastOne.max(10).default(1).describe('How many people must approve.'),
  from: z.array(z.string().min(1)).max(50).default([]).describe('Teams or people that may. Default: whoever may approve at all.'),
  expireAfter: period.prefault('30m').describe('What nobody has approved by then is denied.'),
});

const limits = z.strictObject({
  maxActive: atLeastOne.optional().describe('Most actions of this policy that stand at a time.'),
  perNamespace: atLeastOne.optional().describe('Most actions in one namespace within `window`.'),
  perWorkloadPercent: atLeastOne.max(100).optional().describe('Largest share of the replicas of a workload that is held at a time.'),
  window: period.prefault('1h').describe('What `perNamespace` counts over.'),
});

/** The descriptions are published, see `json-schema.ts`. */
export const responsePolicySpec = z.strictObject({
  description: z.string().optional().describe('For people.'),
  enabled: z.boolean().default(true).describe('Whether it is in force.'),
  match: match.describe('Which incidents, or which violations, are answered.'),
  mode: z
    .enum(['observe', 'propose', 'auto'])
    .default('observe')
    .describe('`observe` records what would be done, `propose` waits for approval, `auto` does it.'),
  lease: period.prefault('1h').describe('How long an action stands that can be undone.'),
  approvals: approvals.prefault({}).describe('Who approves in mode `propose`.'),
  limits: limits.prefault({}).describe('What would exceed one of these waits for approval. Default: no limit.'),
  steps: z.array(step).min(1).max(20).describe('What is done, in this order.'),
  tests: z.array(responseTest).default([]).describe('Events, and what the policy is to make of them; `tocsin test` runs these.'),
});

export interface ResponseStep {
  id: string;
  action: ActionType;
  /** Parsed by the action's schema, where the service has it. */
  with: unknown;
  when: string | undefined;
  onFailure: 'stop' | 'continue' | 'revert';
}

type Parsed = z.output<typeof responsePolicySpec>;

/** Lengths of time in milliseconds. */
export interface ResponsePolicySpec extends Omit<Parsed, 'description' | 'match' | 'steps'> {
  description: string | undefined;
  match: { events: 'incidents' | 'violations'; filter: string };
  steps: ResponseStep[];
}

export type ResponsePolicy = PolicyDocument<'ResponsePolicy', ResponsePolicySpec>;

export const responsePolicy: DocumentKind<'ResponsePolicy', ResponsePolicySpec> = {
  kind: 'ResponsePolicy',
  spec: () => responsePolicySpec,
  parseSpec(doc, value, schemas, issues) {
    const before = issues.length;
    const parsed = parsePart(doc, ['spec'], value, responsePolicySpec, issues);
    checkFilter(doc, ['spec', 'match', 'incidents'], 'incident', issues);
    checkFilter(doc, ['spec', 'match', 'violations'], 'violation', issues);
    const variable = valueAt(doc, ['spec', 'match', 'violations']) === undefined ? 'incident' : 'violation';
    for (const index of indexesAt(doc, ['spec', 'steps'])) checkFilter(doc, ['spec', 'steps', index, 'when'], variable, issues);
    if (parsed === undefined) return undefined;
    const {
      description,
      match: { incidents, violations = '' },
      steps,
      ...rest
    } = parsed;
    const matched =
      incidents === undefined ? ({ events: 'violations', filter: violations } as const) : ({ events: 'incidents', filter: incidents } as const);
    const finished = steps.map((one, index) => {
      const path = ['spec', 'steps', index];
      const part = { point: 'action', type: one.action, typePath: [...path, 'action'], config: one.with, path: [...path, 'with'], otherKeys: [] };
      return { ...one, id: one.id ?? one.action, when: one.when, with: parseExtension(doc, part, schemas.actions, issues) };
    });
    checkIds(doc, finished, issues);
    return issues.length > before ? undefined : { ...rest, description, match: matched, steps: finished };
  },
};

function checkIds(doc: YamlDoc, steps: readonly ResponseStep[], issues: ConfigIssue[]): void {
  steps.forEach(({ id }, index) => {
    const first = steps.findIndex((other) => other.id === id);
    if (first < index)
      issues.push(
        doc.issue(
          ['spec', 'steps', index, 'id'],
          `is "${id}", which steps[${first}] is called as well; give one of them another "id" (a step without one is called after its action)`,
        ),
      );
  });
}
