import type { Attack, SeverityId } from '@tocsin/domain';
import { severity } from '@tocsin/extension';
import { z } from 'zod';
import type { DocumentKind, PolicyDocument } from './document-kind.js';
import { checkFilter, parseExtension, parsePart } from './parse.js';

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

/** Keys that every rule has; the others belong to its kind. */
const spec = z.looseObject({
  /** What an incident of this rule is called. */
  title: z.string().min(1).max(200),
  description: z.string().optional(),
  enabled: z.boolean().default(true),
  /** Rule kind. */
  kind: z.string(),
  severity,
  /** CEL over `violation`. */
  filter: z.string().min(1),
  groupBy: z.array(z.enum(GROUP_FIELDS)).min(1).max(8).default(['cluster', 'workload.namespace', 'workload.name']),
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

const COMMON_KEYS = Object.keys(spec.shape);

export interface CorrelationRuleSpec {
  title: string;
  description: string | undefined;
  enabled: boolean;
  kind: string;
  severity: SeverityId;
  filter: string;
  groupBy: string[];
  attacks: Attack[];
  tests: unknown[];
  /** The kind's own keys, parsed by its schema. */
  kindConfig: unknown;
}

export type CorrelationRule = PolicyDocument<'CorrelationRule', CorrelationRuleSpec>;

export const correlationRule: DocumentKind<'CorrelationRule', CorrelationRuleSpec> = {
  kind: 'CorrelationRule',
  parseSpec(doc, value, schemas, issues) {
    const before = issues.length;
    const common = parsePart(doc, ['spec'], value, spec, issues);
    // What can be checked is, even where the rest is wrong, so that all mistakes are told at once.
    const { kind, filter, own } = rawParts(value);
    const part = { point: 'rule kind', path: ['spec'], typePath: ['spec', 'kind'], config: own, otherKeys: COMMON_KEYS };
    const kindConfig = kind === undefined ? undefined : parseExtension(doc, { ...part, type: kind }, schemas.ruleKinds, issues);
    if (filter !== undefined) checkFilter(doc, ['spec', 'filter'], filter, 'violation', issues);
    if (common === undefined || issues.length > before) return undefined;
    const attacks = common.attacks.map(({ tactic, technique }) => ({ ...(tactic && { tactic }), ...(technique && { technique }) }));
    const { title, description, enabled, severity: severityId, groupBy, tests } = common;
    return { title, description, enabled, kind: common.kind, severity: severityId, filter: common.filter, groupBy, attacks, tests, kindConfig };
  },
};

function rawParts(value: unknown): { kind?: string; filter?: string; own: Record<string, unknown> } {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return { own: {} };
  const { kind, filter } = value as { kind?: unknown; filter?: unknown };
  return {
    ...(typeof kind === 'string' && { kind }),
    ...(typeof filter === 'string' && filter !== '' && { filter }),
    own: Object.fromEntries(Object.entries(value).filter(([key]) => !COMMON_KEYS.includes(key))),
  };
}
