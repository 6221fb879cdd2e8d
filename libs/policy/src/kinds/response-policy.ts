import { duration, type ConfigIssue, type YamlDoc } from '@tocsin/extension';
import { z } from 'zod';
import type { DocumentKind, PolicyDocument } from './document-kind.js';
import { checkFilter, condition, indexesAt, parseExtension, parsePart, valueAt } from './parse.js';

/** What a step may do. */
export const ACTION_TYPES = ['snapshot', 'quarantine', 'detach', 'capture', 'evict', 'cordon', 'scale', 'label', 'annotate', 'webhook'] as const;
export type ActionType = (typeof ACTION_TYPES)[number];

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Times that people and clusters can keep. */
const period = duration.refine((ms) => ms >= MINUTE_MS && ms <= 30 * DAY_MS, 'expected a duration from 1m to 30d');
const atLeastOne = z.number().int().min(1);

const match = z
  .strictObject(
    {
      /** CEL over `incident`: which incidents are answered. */
      incidents: condition('incident').optional(),
      /** CEL over `violation`: which violations are answered, each for itself; instead of `incidents`. */
      violations: condition('violation').optional(),
    },
    { error: 'expected a map such as { incidents: incident.severity_id >= 4 }' },
  )
  .refine(({ incidents, violations }) => incidents === undefined || violations === undefined, 'has both "incidents" and "violations"; keep one')
  .refine(({ incidents, violations }) => incidents !== undefined || violations !== undefined, 'has neither "incidents" nor "violations"; add one');

const step = z.strictObject({
  /** Unique within the policy; the action's name when absent. */
  id: z
    .string()
    .regex(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'expected lower case letters, digits and "-"')
    .optional(),
  /** What is done. */
  action: z.enum(ACTION_TYPES),
  /** The action's own keys. */
  with: z.record(z.string(), z.unknown()).default({}),
  /** CEL over what the policy matches; always when absent. */
  when: condition('incident').optional(),
  /** What becomes of the steps: `stop` does no more, `continue` does the next, `revert` undoes those before. */
  onFailure: z.enum(['stop', 'continue', 'revert']).default('stop'),
});

export const responsePolicySpec = z.strictObject({
  description: z.string().optional(),
  enabled: z.boolean().default(true),
  /** Which incidents, or which violations, are answered. */
  match,
  /** `observe` records what would be done, `propose` waits for approval, `auto` does it. */
  mode: z.enum(['observe', 'propose', 'auto']).default('observe'),
  /** How long an action stands that can be undone. */
  lease: period.default(HOUR_MS),
  /** Who approves in mode `propose`. */
  approvals: z
    .strictObject({
      /** How many people. */
      required: atLeastOne.max(10).default(1),
      /** Teams or people that may; anyone who may approve at all when empty. */
      from: z.array(z.string().min(1)).max(50).default([]),
      /** A plan that nobody has approved by then is denied. */
      expireAfter: period.default(30 * MINUTE_MS),
    })
    .prefault({}),
  /** What would exceed one of these waits for approval. No limit when absent. */
  limits: z
    .strictObject({
      /** Actions of this policy that stand at a time. */
      maxActive: atLeastOne.optional(),
      /** Actions within `window` in one namespace. */
      perNamespace: atLeastOne.optional(),
      /** Share of a workload's replicas that may be held at a time. */
      perWorkloadPercent: atLeastOne.max(100).optional(),
      /** What `perNamespace` counts over. */
      window: period.default(HOUR_MS),
    })
    .prefault({}),
  /** What is done, in this order. */
  steps: z.array(step).min(1).max(20),
  /** Events and what the policy is to make of them, run by `tocsin test`. */
  tests: z.array(z.unknown()).default([]),
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
