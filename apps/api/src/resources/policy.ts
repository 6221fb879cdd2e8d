import type { PolicyInForce, RuleHits } from '@tocsin/store';
import { z } from 'zod';
import { time } from './violation.js';

/** Kinds of documents that services tell of. */
export const POLICY_KINDS = ['CorrelationRule', 'ResponsePolicy', 'Silence', 'Subscription'] as const;

export const policy = z.object({
  kind: z.enum(POLICY_KINDS),
  name: z.string(),
  mode: z.enum(['enabled', 'disabled']),
  file: z.string().describe('As the service that has it in force sees it.'),
  line: z.int(),
  hash: z.string().describe('SHA-256 of the document as it is told, so without addresses; that of two replicas is the same.'),
  loaded_at: time.describe('When it came in force with this hash.'),
  hits: z
    .int()
    .exactOptional()
    .describe(
      'Of rules: violations that passed the filter, since they are counted; of response policies: actions that are kept. Others are not counted.',
    ),
  last_hit: time.exactOptional(),
});

export const policyDocument = policy.extend({
  document: z
    .record(z.string(), z.unknown())
    .describe('What it says, with its defaults. Secrets are references; of addresses the host alone is told, of headers their names.'),
});

export const rule = z.object({
  name: z.string(),
  mode: z.enum(['enabled', 'disabled', 'gone']).describe('`gone`: there is no such document any more; what it came to is kept.'),
  matches: z.int().describe('Violations that passed its filter; 0 of a rule that is chained to others and has none.'),
  signals: z.int().describe('Matches, and members of other rules, that were counted on another partition than where they came.'),
  incidents: z.int().describe('Incidents that it opened.'),
  evicted: z.int().describe('Groups or matches given up for want of room.'),
  last_match: time.exactOptional(),
  counted_since: time.exactOptional().describe('Absent when it never came to anything.'),
});

export type PolicyBody = z.infer<typeof policy>;
export type PolicyDocumentBody = z.infer<typeof policyDocument>;
export type RuleBody = z.infer<typeof rule>;

export interface PolicyHits {
  count: number;
  last: string | null;
}

export function showPolicy({ kind, name, mode, file, line, hash, loadedAt }: PolicyInForce, hits: PolicyHits | undefined): PolicyBody {
  return {
    ...{ kind: kind as PolicyBody['kind'], name, mode, file, line, hash, loaded_at: loadedAt },
    ...(hits !== undefined && { hits: hits.count }),
    ...(hits !== undefined && hits.last !== null && { last_hit: hits.last }),
  };
}

export function showRule(name: string, mode: RuleBody['mode'], hits: (RuleHits & { since: string }) | undefined): RuleBody {
  const { matches = 0, signals = 0, incidents = 0, evicted = 0, lastMatchAt = null, since } = hits ?? {};
  return {
    ...{ name, mode, matches, signals, incidents, evicted },
    ...(lastMatchAt !== null && { last_match: lastMatchAt }),
    ...(since !== undefined && { counted_since: since }),
  };
}

export const policyExample: PolicyBody = {
  kind: 'CorrelationRule',
  name: 'shell-in-container',
  mode: 'enabled',
  file: '/etc/tocsin/policies/shell.yaml',
  line: 1,
  hash: '3b0f1a52c7d94e68a1f05b9c2d7e4f8091a3b5c7d9e1f20436587a9bacbdcedf',
  loaded_at: '2026-09-14T08:00:00.000Z',
  hits: 41,
  last_hit: '2026-09-14T14:02:11.123Z',
};

export const policyDocumentExample: PolicyDocumentBody = {
  ...policyExample,
  document: {
    apiVersion: 'tocsin.dev/v1',
    kind: 'CorrelationRule',
    metadata: { name: 'shell-in-container', labels: {}, annotations: {} },
    spec: { enabled: true, kind: 'single', filter: 'violation.name == "Terminal shell in container"' },
  },
};

export const ruleExample: RuleBody = {
  name: 'shell-in-container',
  mode: 'enabled',
  matches: 41,
  signals: 0,
  incidents: 3,
  evicted: 0,
  last_match: '2026-09-14T14:02:11.123Z',
  counted_since: '2026-09-01T08:00:00.000Z',
};
