import type { Attack, SeverityId } from '@tocsin/domain';
import { describeKnown, type ConfigIssue, type YamlDoc } from '@tocsin/extension';
import { z } from 'zod';
import type { PolicyTest } from '../scenario/schema.js';
import type { DocumentKind, ExtensionSchemas, PolicyDocument, PolicySchemas } from './document-kind.js';
import { correlationRuleSpec } from './correlation-rule-spec.js';
import { checkGroupBy } from './group-by.js';
import { checkFilter, indexesAt, parseExtension, parsePart, valueAt } from './parse.js';

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
  tests: PolicyTest[];
  /** The kind's own keys, and `rules` where the kind asks for it, parsed by its schema. */
  kindConfig: unknown;
}

export type CorrelationRule = PolicyDocument<'CorrelationRule', CorrelationRuleSpec>;

export const correlationRule: DocumentKind<'CorrelationRule', CorrelationRuleSpec> = {
  kind: 'CorrelationRule',
  spec: () => correlationRuleSpec,
  extended: [{ path: [], key: 'kind', by: 'ruleKinds' }],
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
}

/** The keys of the rule's kind, by the kind's own schema; `rules` are among them where the kind asks for them. */
function parseOfKind(doc: YamlDoc, spec: unknown, schemas: PolicySchemas, issues: ConfigIssue[]): unknown {
  const kind = valueAt(doc, ['spec', 'kind']);
  const type = typeof kind === 'string' ? kind : undefined;
  const schema = type === undefined ? undefined : schemas.ruleKinds?.get(type)?.config;
  const rulesOfKind = schema instanceof z.ZodObject ? (schema.shape as Record<string, z.ZodType | undefined>)['rules'] : undefined;
  checkInput(doc, type, rulesOfKind, issues);
  if (spec === null || typeof spec !== 'object' || Array.isArray(spec)) return undefined;
  const own = Object.keys(spec).filter((key) => !COMMON_KEYS.includes(key));
  const misplaced = schemas.ruleKinds === undefined ? [] : checkKeys(doc, own, type, schemas.ruleKinds, issues);
  if (type === undefined) return undefined;
  const keys = [...own.filter((key) => !misplaced.includes(key)), ...(rulesOfKind === undefined ? [] : ['rules'])];
  const config = Object.fromEntries(Object.entries(spec).filter(([key]) => keys.includes(key)));
  const part = { point: 'rule kind', type, path: ['spec'], typePath: ['spec', 'kind'], config, otherKeys: COMMON_KEYS };
  return parseExtension(doc, part, schemas.ruleKinds, issues);
}

/** Tells of keys that belong to another kind than the rule has, or to none where the rule has none; returns these keys. */
function checkKeys(doc: YamlDoc, own: readonly string[], type: string | undefined, kinds: ExtensionSchemas, issues: ConfigIssue[]): string[] {
  const keysOf = new Map([...kinds.values()].map((kind) => [kind.type, kind.config instanceof z.ZodObject ? Object.keys(kind.config.shape) : []]));
  const ofThis = type === undefined ? undefined : keysOf.get(type);
  return own.filter((key) => {
    const takers = [...keysOf].filter(([, keys]) => keys.includes(key)).map(([name]) => name);
    if (ofThis === undefined && takers.length === 0) {
      issues.push(doc.issue(['spec', key], `is not a known key; ${describeKnown(key, [...COMMON_KEYS, ...[...keysOf.values()].flat()])}`, 'key'));
    } else if (ofThis !== undefined && !ofThis.includes(key) && takers.length > 0) {
      issues.push(doc.issue(['spec', key], `has no use in the kind "${type}"; kinds that take it: ${takers.toSorted().join(', ')}`, 'key'));
    } else return false;
    return true;
  });
}
