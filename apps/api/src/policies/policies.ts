import { countPolicyActions, getPolicy, listPolicies, sumRuleHits, type Queryable, type Store } from '@tocsin/store';
import { notFound } from '../http/answer.js';
import { noQuery, policiesQuery, readQuery } from '../http/query.js';
import { showPolicy, showRule, type PolicyBody, type PolicyDocumentBody, type PolicyHits, type RuleBody } from '../resources/policy.js';

const NEVER: PolicyHits = { count: 0, last: null };

export async function readPolicies({ db }: Store, query: unknown): Promise<{ items: PolicyBody[] }> {
  const { kind } = readQuery(policiesQuery, query);
  const hitsOf = await hits(db);
  return { items: (await listPolicies(db, kind)).map((policy) => showPolicy(policy, hitsOf(policy.kind, policy.name))) };
}

export async function readPolicy({ db }: Store, kind: string, name: string, query: unknown): Promise<PolicyDocumentBody> {
  readQuery(noQuery, query);
  const policy = await getPolicy(db, kind, name);
  if (policy === undefined) throw notFound('policy');
  const hitsOf = await hits(db);
  return { ...showPolicy(policy, hitsOf(kind, name)), document: JSON.parse(policy.document) as Record<string, unknown> };
}

/** Those in force, and those of before that came to anything. */
export async function readRules({ db }: Store, query: unknown): Promise<{ items: RuleBody[] }> {
  readQuery(noQuery, query);
  const counted = new Map((await sumRuleHits(db)).map((hitsOf) => [hitsOf.rule, hitsOf]));
  const modes = new Map((await listPolicies(db, 'CorrelationRule')).map(({ name, mode }) => [name, mode]));
  const names = [...new Set([...modes.keys(), ...counted.keys()])].toSorted((a, b) => (a < b ? -1 : 1));
  return { items: names.map((name) => showRule(name, modes.get(name) ?? 'gone', counted.get(name))) };
}

/** Undefined for kinds of which nothing is counted. */
async function hits(db: Queryable): Promise<(kind: string, name: string) => PolicyHits | undefined> {
  const ofRules = new Map((await sumRuleHits(db)).map(({ rule, matches, lastMatchAt }) => [rule, { count: matches, last: lastMatchAt }]));
  const ofResponses = await countPolicyActions(db);
  return (kind, name) => {
    if (kind === 'CorrelationRule') return ofRules.get(name) ?? NEVER;
    if (kind === 'ResponsePolicy') return ofResponses.get(name) ?? NEVER;
    return undefined;
  };
}
