import { z } from 'zod';
import { policy, policyDocument, policyDocumentExample, policyExample, rule, ruleExample } from '../../resources/policy.js';
import { noQuery, policiesQuery } from '../query.js';
import type { Route } from '../route.js';

export const POLICY_SCHEMAS = {
  Policy: policy,
  PolicyList: z.object({ items: z.array(policy).describe('By their kinds and names.') }),
  PolicyDocument: policyDocument,
  Rule: rule,
  RuleList: z.object({ items: z.array(rule).describe('By their names.') }),
} as const;

export const POLICY_ROUTES: readonly Route<keyof typeof POLICY_SCHEMAS>[] = [
  {
    method: 'get',
    path: '/v1/policies',
    operationId: 'listPolicies',
    summary: 'The policy documents that services have in force: where they stand, since when, and how often they were hit.',
    role: 'viewer',
    query: policiesQuery,
    response: 'PolicyList',
    example: { items: [policyExample] },
  },
  {
    method: 'get',
    path: '/v1/policies/{kind}/{name}',
    operationId: 'getPolicy',
    summary: 'One policy document in force, with what it says.',
    role: 'viewer',
    query: noQuery,
    response: 'PolicyDocument',
    example: policyDocumentExample,
  },
  {
    method: 'get',
    path: '/v1/rules',
    operationId: 'listRules',
    summary: 'What every correlation rule came to: matches, signals, incidents, what was given up, and when it last matched.',
    role: 'viewer',
    query: noQuery,
    response: 'RuleList',
    example: { items: [ruleExample] },
  },
];
