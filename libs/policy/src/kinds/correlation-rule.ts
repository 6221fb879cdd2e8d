import type { Attack, SeverityId } from '@tocsin/domain';
import { describeKnown, duration, severity, type ConfigIssue, type YamlDoc } from '@tocsin/extension';
import { z } from 'zod';
import type { DocumentKind, PolicyDocument } from './document-kind.js';
import { checkFilter, indexesAt, parseExtension, parsePart } from './parse.js';

/** Paths that `groupBy` may name: entities, whose number a sender cannot grow at will, and addresses. */
export const GROUP_FIELDS = [
  'cluster',
  'source',
  'name',
  'workload.namespace',
  'workload.name',
  'pod.name',
  'pod.uid',
  'container.id',
  'image.name',
  'node.name',
  'user.name',
  'process.name',
  'src_endpoint.ip',
  'dst_endpoint.ip',
] as const;

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
    .array(z.strictObject({ to: severity, when: z.string().min(1) }))
    .max(10)
    .default([]),
  /** CEL over `violation`; or `rules`, the names of rules whose matches this one takes. */
  filter: z.string().min(1).optional(),
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
    const { kind, filter, rules, own } = rawParts(value);
    const takesRules = kind !== undefined && hasKey(schemas.ruleKinds?.get(kind)?.config, 'rules');
    const config = takesRules && rules !== undefined ? { ...own, rules } : own;
    const part = { point: 'rule kind', path: ['spec'], typePath: ['spec', 'kind'], config, otherKeys: COMMON_KEYS };
    const kindConfig = kind === undefined ? undefined : parseExtension(doc, { ...part, type: kind }, schemas.ruleKinds, issues);
    checkFilter(doc, ['spec', 'filter'], 'violation', issues);
    for (const index of indexesAt(doc, ['spec', 'escalate'])) checkFilter(doc, ['spec', 'escalate', index, 'when'], 'incident', issues);
    checkInput(doc, filter !== undefined, rules !== undefined, issues);
    if (common !== undefined) checkGroupBy(doc, common.groupBy, common.aliases, common.rules ?? [], issues);
    if (common === undefined || issues.length > before) return undefined;
    const attacks = common.attacks.map(({ tactic, technique }) => ({ ...(tactic && { tactic }), ...(technique && { technique }) }));
    const { title, description, enabled, severity: severityId, escalate, generate, groupBy, aliases, suppress, resolveAfter, reopenWithin } = common;
    const told = { title, description, enabled, severity: severityId, escalate, attacks, tests: common.tests };
    const counted = { kind: common.kind, filter: common.filter, rules: common.rules ?? [], generate, groupBy, aliases, kindConfig };
    return { ...told, ...counted, suppress, resolveAfter, reopenWithin, inhibits: common.inhibits };
  },
};

function checkInput(doc: YamlDoc, hasFilter: boolean, hasRules: boolean, issues: ConfigIssue[]): void {
  if (hasFilter && hasRules)
    issues.push(
      doc.issue(['spec', 'rules'], 'stands beside "filter"; a rule has either a condition over violations or the rules that it is chained to', 'key'),
    );
  if (!hasFilter && !hasRules)
    issues.push(doc.issue(['spec'], 'has neither "filter" (a condition over violations) nor "rules" (names of rules to chain)'));
}

function checkGroupBy(
  doc: YamlDoc,
  groupBy: readonly string[],
  aliases: CorrelationRuleSpec['aliases'],
  rules: readonly string[],
  issues: ConfigIssue[],
): void {
  const known = [...GROUP_FIELDS, ...Object.keys(aliases)];
  groupBy.forEach((name, index) => {
    if (!known.includes(name))
      issues.push(doc.issue(['spec', 'groupBy', index], `is "${name}", which violations are not grouped by; ${describeKnown(name, known)}`));
  });
  for (const [alias, paths] of Object.entries(aliases)) {
    for (const rule of rules) {
      if (!Object.hasOwn(paths, rule))
        issues.push(doc.issue(['spec', 'aliases', alias], `has no path for the rule "${rule}", which is one of "rules"`));
    }
    for (const rule of Object.keys(paths)) {
      if (!rules.includes(rule)) issues.push(doc.issue(['spec', 'aliases', alias, rule], `is none of "rules"; ${describeKnown(rule, rules)}`, 'key'));
    }
  }
}

function hasKey(schema: z.ZodType | undefined, key: string): boolean {
  return schema instanceof z.ZodObject && Object.hasOwn(schema.shape as object, key);
}

function rawParts(value: unknown): { kind?: string; filter?: string; rules?: unknown; own: Record<string, unknown> } {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return { own: {} };
  const { kind, filter, rules } = value as { kind?: unknown; filter?: unknown; rules?: unknown };
  return {
    ...(typeof kind === 'string' && { kind }),
    ...(typeof filter === 'string' && filter !== '' && { filter }),
    ...(rules !== undefined && { rules }),
    own: Object.fromEntries(Object.entries(value).filter(([key]) => !COMMON_KEYS.includes(key))),
  };
}
