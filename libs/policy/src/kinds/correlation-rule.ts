import type { Attack, SeverityId } from '@tocsin/domain';
import { duration, severity, type ConfigIssue, type YamlDoc } from '@tocsin/extension';
import { z } from 'zod';
import type { DocumentKind, PolicyDocument, PolicySchemas } from './document-kind.js';
import { checkGroupBy, GROUP_FIELDS } from './group-by.js';
import { checkFilter, condition, indexesAt, parseExtension, parsePart, valueAt } from './parse.js';

const HOUR_MS = 60 * 60_000;
const DAY_MS = 24 * HOUR_MS;
const ruleName = z.string().min(1).max(253);

/** Keys that every rule has; the others belong to its kind. */
export const correlationRuleSpec = z.looseObject({
  /** What an incident of this rule is called. */
  title: z.string().min(1).max(200),
  description: z.string().optional(),
  enabled: z.boolean().default(true),
  /** Rule kind. */
  kind: z.string(),
  severity,
  /** The severity is the highest of `severity` and of those entries whose condition (CEL over `incident`) passes. */
  escalate: z
    .array(z.strictObject({ to: severity, when: condition('incident') }))
    .max(10)
    .default([]),
  /** CEL over `violation`; or `rules`, the names of rules whose matches this one takes. */
  filter: condition('violation').optional(),
  rules: z.array(ruleName).min(1).max(20).optional(),
  /** False: its matches only feed rules that name it, it makes no incident of its own. */
  generate: z.boolean().default(true),
  /** Paths into the violation, or names of `aliases`. */
  groupBy: z.array(z.string()).min(1).max(8).default(['cluster', 'workload.namespace', 'workload.name']),
  /** For each name the path that stands for it in the violations of each of `rules`. */
  aliases: z
    .record(z.string().regex(/^[a-z][a-z0-9_]*$/, 'expected lower case letters, digits and "_"'), z.record(ruleName, z.enum(GROUP_FIELDS)))
    .default({}),
  /** Repeats within this time after the incident was last told are told together. */
  suppress: duration.optional(),
  /** It resolves itself when nothing has joined it for this long. */
  resolveAfter: duration.optional(),
  /** All of a group within this time are one incident, which reopens when it recurs. */
  reopenWithin: duration.refine((ms) => ms >= HOUR_MS && ms <= 30 * DAY_MS, 'expected a duration from 1h to 30d').default(DAY_MS),
  /** Rules whose incidents are muted while this one has an incident with equal values that is not resolved. */
  inhibits: z
    .array(z.strictObject({ rules: z.array(ruleName).min(1).max(50), equal: z.array(z.string()).min(1).max(8) }))
    .max(10)
    .default([]),
  attacks: z
    .array(
      z.strictObject({
        tactic: z
          .string()
          .regex(/^[a-z]+(_[a-z]+)*$/, 'expected a tactic such as "privilege_escalation"')
          .optional(),
        technique: z
          .string()
          .regex(/^T\d{4}(\.\d{3})?$/, 'expected a technique such as "T1059" or "T1059.004"')
          .optional(),
      }),
    )
    .default([]),
  /** Events and what the rule is to make of them, run by `tocsin test`. */
  tests: z.array(z.unknown()).default([]),
});

const COMMON_KEYS = Object.keys(correlationRuleSpec.shape);

export interface CorrelationRuleSpec {
  title: string;
  description: string | undefined;
  enabled: boolean;
  kind: string;
  severity: SeverityId;
  escalate: { to: SeverityId; when: string }[];
  /** Either this, or `rules` has names. */
  filter: string | undefined;
  rules: string[];
  generate: boolean;
  groupBy: string[];
  /** Path by rule, by alias. */
  aliases: Record<string, Record<string, string>>;
  /** Milliseconds, as the two below. */
  suppress: number | undefined;
  resolveAfter: number | undefined;
  reopenWithin: number;
  inhibits: { rules: string[]; equal: string[] }[];
  attacks: Attack[];
  tests: unknown[];
  /** The kind's own keys, and `rules` where the kind asks for it, parsed by its schema. */
  kindConfig: unknown;
}

export type CorrelationRule = PolicyDocument<'CorrelationRule', CorrelationRuleSpec>;

export const correlationRule: DocumentKind<'CorrelationRule', CorrelationRuleSpec> = {
  kind: 'CorrelationRule',
  parseSpec(doc, value, schemas, issues) {
    const before = issues.length;
    const common = parsePart(doc, ['spec'], value, correlationRuleSpec, issues);
    // What can be checked is, even where the rest is wrong, so that all mistakes are told at once.
    const kindConfig = parseOfKind(doc, value, schemas, issues);
    checkFilter(doc, ['spec', 'filter'], 'violation', issues);
    for (const index of indexesAt(doc, ['spec', 'escalate'])) checkFilter(doc, ['spec', 'escalate', index, 'when'], 'incident', issues);
    if (common !== undefined) checkGroupBy(doc, common, issues);
    if (common === undefined || issues.length > before) return undefined;
    const attacks = common.attacks.map(({ tactic, technique }) => ({ ...(tactic && { tactic }), ...(technique && { technique }) }));
    const { title, description, enabled, severity: severityId, escalate, generate, groupBy, aliases, suppress, resolveAfter, reopenWithin } = common;
    const told = { title, description, enabled, severity: severityId, escalate, attacks, tests: common.tests };
    const counted = { kind: common.kind, filter: common.filter, rules: common.rules ?? [], generate, groupBy, aliases, kindConfig };
    return { ...told, ...counted, suppress, resolveAfter, reopenWithin, inhibits: common.inhibits };
  },
};

/** Whether it says what it takes, by one of the two ways, and by that of its kind. */
function checkInput(doc: YamlDoc, kind: string | undefined, rulesOfKind: z.ZodType | undefined, issues: ConfigIssue[]): void {
  const [spec, filter, rules] = [valueAt(doc, ['spec']), valueAt(doc, ['spec', 'filter']), valueAt(doc, ['spec', 'rules'])];
  const needsRules = rulesOfKind?.safeParse(undefined).success === false;
  if (filter !== undefined && rules !== undefined) {
    const advice = 'a rule has one of them: "filter" is a condition over violations, "rules" are the rules whose matches it takes';
    issues.push(doc.issue(['spec', 'rules'], `stands beside "filter"; ${advice}`, 'key'));
  } else if (filter !== undefined && needsRules) {
    const advice = 'give the condition to a CorrelationRule of its own and name that in "rules"';
    issues.push(doc.issue(['spec', 'filter'], `has no use in the kind "${kind}", which takes the matches of "rules"; ${advice}`, 'key'));
  } else if (filter === undefined && rules === undefined && !needsRules && typeof spec === 'object' && !Array.isArray(spec)) {
    issues.push(doc.issue(['spec'], 'has neither "filter", a condition over violations, nor "rules", the names of rules whose matches it takes'));
  }
  if (Array.isArray(rules)) {
    rules.forEach((name: unknown, index) => {
      if (rules.indexOf(name) < index) issues.push(doc.issue(['spec', 'rules', index], `is "${String(name)}" a second time; name each rule once`));
    });
  }
}

/** The keys of the rule's kind, by the kind's own schema; `rules` are among them where the kind asks for them. */
function parseOfKind(doc: YamlDoc, spec: unknown, schemas: PolicySchemas, issues: ConfigIssue[]): unknown {
  const kind = valueAt(doc, ['spec', 'kind']);
  const type = typeof kind === 'string' ? kind : undefined;
  const { config: schema } = (type === undefined ? undefined : schemas.ruleKinds?.get(type)) ?? {};
  const rulesOfKind = schema instanceof z.ZodObject ? (schema.shape as Record<string, z.ZodType | undefined>)['rules'] : undefined;
  checkInput(doc, type, rulesOfKind, issues);
  if (type === undefined || spec === null || typeof spec !== 'object' || Array.isArray(spec)) return undefined;
  const config = Object.fromEntries(
    Object.entries(spec).filter(([key]) => !COMMON_KEYS.includes(key) || (key === 'rules' && rulesOfKind !== undefined)),
  );
  const part = { point: 'rule kind', type, path: ['spec'], typePath: ['spec', 'kind'], config, otherKeys: COMMON_KEYS };
  return parseExtension(doc, part, schemas.ruleKinds, issues);
}
