import { actionExample } from '../../resources/action-examples.js';
import { incidentExample, violationExample } from '../../resources/examples.js';
import { road } from '../../resources/road.js';
import { deliveryExample } from '../../resources/subscription-examples.js';
import { violation } from '../../resources/violation.js';
import { NEXT_CURSOR, pageOf } from '../pages.js';
import { noQuery, roadQuery, violationsQuery } from '../query.js';
import type { Route } from '../route.js';

export const VIOLATION_SCHEMAS = { Violation: violation, ViolationPage: pageOf(violation), Road: road } as const;

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
  {
    method: 'get',
    path: '/v1/violations/{id}/explain',
    operationId: 'explainViolation',
    summary:
      'What became of a violation: its incidents, what muted them, actions and refusals, and every delivery; and why a rule matches it or not.',
    role: 'viewer',
    query: roadQuery,
    response: 'Road',
    example: {
      violation: violationExample,
      told: [
        `The source ${violationExample.source} reported it for ${violationExample.time}; it was received at ${violationExample.received_time} and kept.`,
      ],
      incidents: [{ incident: incidentExample, rule: incidentExample.rule.name, rule_version: incidentExample.rule.version, late: false }],
      actions: [actionExample],
      deliveries: [deliveryExample],
    },
  },
];
