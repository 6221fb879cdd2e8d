import { violationExample } from '../../resources/examples.js';
import { violation } from '../../resources/violation.js';
import { NEXT_CURSOR, pageOf } from '../pages.js';
import { noQuery, violationsQuery } from '../query.js';
import type { Route } from '../route.js';

export const VIOLATION_SCHEMAS = { Violation: violation, ViolationPage: pageOf(violation) } as const;

export const VIOLATION_ROUTES: readonly Route<keyof typeof VIOLATION_SCHEMAS>[] = [
  {
    method: 'get',
    path: '/v1/violations',
    operationId: 'listViolations',
    summary: 'Violations, newest first.',
    role: 'viewer',
    query: violationsQuery,
    response: 'ViolationPage',
    example: { items: [violationExample], next_cursor: NEXT_CURSOR },
  },
  {
    method: 'get',
    path: '/v1/violations/{id}',
    operationId: 'getViolation',
    summary: 'One violation.',
    role: 'viewer',
    query: noQuery,
    response: 'Violation',
    example: violationExample,
  },
];
