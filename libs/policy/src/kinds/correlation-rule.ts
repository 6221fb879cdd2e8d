import type { Attack, SeverityId } from '@tocsin/domain';
import { severity } from '@tocsin/extension';
import { z } from 'zod';
import type { DocumentKind, Metadata, Origin } from './document-kind.js';
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
        tactic: z.string().regex(/^[a-z]+(_[a-z]+)*$/, 'expected a tactic such as "privilege_escalation"').optional(),
        technique: z.string().regex(/^T\d{4}(\.\d{3})?$/, 'expected a technique such as "T1059" or "T1059.004"').optional(),
      }),
    )
    .default([]),
});

const COMMON_KEYS = new Set(Object.keys(spec.shape));

export interface CorrelationRule {
  kind: 'CorrelationRule';
  metadata: Metadata;
  origin: Origin;
  spec: {
    title: string;
    enabled: boolean;
    kind: string;
    severity: SeverityId;
    filter: string;
    groupBy: string[];
    attacks: Attack[];
    /** The kind's own keys, parsed by its schema. */
    kindConfig: unknown;
  };
}

export const correlationRule: DocumentKind<CorrelationRule> = {
  kind: 'CorrelationRule',
  parse(doc, metadata, origin, schemas, issues) {
    const before = issues.length;
    const value = (doc.value as { spec?: unknown }).spec;
    const common = parsePart(doc, ['spec'], value, spec, issues);
    if (common === undefined) return undefined;
    checkFilter(doc, ['spec', 'filter'], common.filter, 'violation', issues);
    const own = Object.fromEntries(Object.entries(value as object).filter(([key]) => !COMMON_KEYS.has(key)));
    const kindConfig = parseExtension(doc, ['spec'], 'rule kind', common.kind, ['spec', 'kind'], own, schemas.ruleKinds, issues);
    if (issues.length > before) return undefined;
    const { title, enabled, kind, severity: severityId, filter, groupBy } = common;
    const attacks = common.attacks.map(({ tactic, technique }) => ({ ...(tactic && { tactic }), ...(technique && { technique }) }));
    return { kind: 'CorrelationRule', metadata, origin, spec: { title, enabled, kind, severity: severityId, filter, groupBy, attacks, kindConfig } };
  },
};
