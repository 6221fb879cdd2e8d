import { listedCase, listedCaseExample } from '../../resources/case.js';
import { emptyBody } from '../../resources/subscription.js';
import { NEXT_CURSOR, pageOf } from '../pages.js';
import { casesQuery, noQuery } from '../query.js';
import type { Route } from '../route.js';

export const CASE_SCHEMAS = { ListedCase: listedCase, CasePage: pageOf(listedCase) } as const;

export const CASE_ROUTES: readonly Route<keyof typeof CASE_SCHEMAS>[] = [
  {
    method: 'get',
    path: '/v1/cases',
    operationId: 'listCases',
    summary: 'What incidents are in ticket systems, newest first.',
    role: 'viewer',
    query: casesQuery,
    response: 'CasePage',
    example: { items: [listedCaseExample], next_cursor: NEXT_CURSOR },
  },
  {
    method: 'get',
    path: '/v1/cases/{subscription}/{subject}',
    operationId: 'getCase',
    summary: 'The case of an incident, or of a digest, by one subscription.',
    role: 'viewer',
    query: noQuery,
    response: 'ListedCase',
    example: listedCaseExample,
  },
  {
    method: 'post',
    path: '/v1/cases/{subscription}/{subject}/retry',
    operationId: 'retryCase',
    summary: 'Writes to an orphaned ticket again, after what kept it from us was mended.',
    role: 'operator',
    conflicts: true,
    query: noQuery,
    body: { schema: emptyBody, example: {} },
    response: 'ListedCase',
    example: listedCaseExample,
  },
  {
    method: 'post',
    path: '/v1/cases/{subscription}/{subject}/forget',
    operationId: 'forgetCase',
    summary: 'Gives up an orphaned ticket, so that the next change of the incident makes a new one.',
    role: 'operator',
    conflicts: true,
    query: noQuery,
    body: { schema: emptyBody, example: {} },
    response: 'ListedCase',
    example: { ...listedCaseExample, state: 'orphaned', reason: 'the issue is gone' },
  },
];
