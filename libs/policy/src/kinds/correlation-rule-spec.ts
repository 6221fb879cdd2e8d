import { duration, severity } from '@tocsin/extension';
import { z } from 'zod';
import { ruleTest } from '../scenario/schema.js';
import { GROUP_FIELDS } from './group-by.js';
import { condition } from './parse.js';

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
const ruleName = z.string().min(1).max(253);

const escalation = z.strictObject({
  to: severity.describe('The severity then.'),
  when: condition('incident').describe('CEL over `incident`.'),
});

const inhibition = z.strictObject({
  rules: z.array(ruleName).min(1).max(50).describe('The rules whose incidents are muted.'),
  equal: z.array(z.string()).min(1).max(8).describe('Names of `groupBy`, of both rules, whose values must be equal.'),
});

const attack = z.strictObject({
  tactic: z
    .string()
    .regex(/^[a-z]+(_[a-z]+)*$/, 'expected a tactic such as "privilege_escalation"')
    .optional()
    .describe('For example privilege_escalation.'),
  technique: z
    .string()
    .regex(/^T\d{4}(\.\d{3})?$/, 'expected a technique such as "T1059" or "T1059.004"')
    .optional()
    .describe('For example T1059 or T1059.004.'),
});

/** Keys that every rule has; the others belong to its kind. The descriptions are published, see `json-schema.ts`. */
export const correlationRuleSpec = z
  .looseObject({
    title: z.string().min(1).max(200).describe('What an incident of this rule is called.'),
    description: z.string().optional().describe('For people: what it means, and what to do.'),
    enabled: z.boolean().default(true).describe('Whether it is in force.'),
    kind: z
      .string({ error: 'expected a rule kind such as "single" or "event_count"' })
      .describe('How matches become incidents; the kind has keys of its own.'),
    severity: severity.describe('Severity of its incidents.'),
    escalate: z
      .array(escalation)
      .max(10)
      .default([])
      .describe('An incident has the highest of `severity` and of those entries whose condition holds now.'),
    filter: condition('violation').optional().describe('CEL over `violation`: which violations match. Either this or `rules`.'),
    rules: z.array(ruleName).min(1).max(20).optional().describe('Names of CorrelationRules whose matches this one takes. Either this or `filter`.'),
    generate: z.boolean().default(true).describe('False: its matches only feed rules that name it; it makes no incidents of its own.'),
    groupBy: z
      .array(z.string())
      .min(1)
      .max(8)
      .default(['cluster', 'workload.namespace', 'workload.name'])
      .describe('What one incident is about: fields of the violation, or names of `aliases`.'),
    aliases: z
      .record(z.string().regex(/^[a-z][a-z0-9_]*$/, 'expected lower case letters, digits and "_"'), z.record(ruleName, z.enum(GROUP_FIELDS)))
      .default({})
      .describe('With `rules`: a name for a value that stands in another field in the violations of each rule.'),
    suppress: duration.optional().describe('Repeats within this time after the incident was told are told together when it ends.'),
    resolveAfter: duration.optional().describe('An incident that nothing has joined for this long resolves itself.'),
    reopenWithin: duration
      .refine((ms) => ms >= HOUR_MS && ms <= 30 * DAY_MS, 'expected a duration from 1h to 30d')
      .prefault('24h')
      .describe('All of a group within such a period is one incident, which reopens when it recurs; 1h to 30d.'),
    inhibits: z.array(inhibition).max(10).default([]).describe('While an incident of this rule is not resolved, it mutes those of other rules.'),
    attacks: z.array(attack).default([]).describe('MITRE ATT&CK tactics and techniques.'),
    tests: z.array(ruleTest).default([]).describe('Events, and what the rule is to make of them; `tocsin test` runs these.'),
  })
  .meta({ oneOf: [{ required: ['filter'] }, { required: ['rules'] }] });
