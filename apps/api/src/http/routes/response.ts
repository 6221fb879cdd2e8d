import type { ActionCommandType } from '@tocsin/domain';
import { ACTION_COMMANDS, action, actionBodies, artefact, auditRecord, auditVerdict, control, reasonBody } from '../../resources/action.js';
import { actionExample, artefactExample, auditExample, controlExample } from '../../resources/action-examples.js';
import { commandExample } from '../../resources/examples.js';
import { pageOf } from '../pages.js';
import { actionsQuery, artefactsQuery, auditQuery, noQuery } from '../query.js';
import type { Route } from '../route.js';
import { z } from 'zod';

/** Of actions, their evidence and their record. */
export const RESPONSE_SCHEMAS = {
  Action: action,
  ActionPage: pageOf(action),
  Artefact: artefact,
  ArtefactList: z.object({ items: z.array(artefact) }),
  AuditRecord: auditRecord,
  AuditList: z.object({ items: z.array(auditRecord).describe('Oldest first; `after` of the next request is the last `seq`.') }),
  AuditVerdict: auditVerdict,
  ResponseControl: control,
} as const;

const COMMANDS: Record<ActionCommandType, { summary: string; example: object }> = {
  approve: { summary: 'Agrees to exactly the plan that was seen.', example: { plan_hash: actionExample.plan_hash, comment: 'go ahead' } },
  reject: { summary: 'Says no to an action that awaits approval.', example: { comment: 'it is a drill' } },
  revert: { summary: 'Undoes an action now; one that has not begun does not begin.', example: { comment: 'false alarm' } },
  extend: { summary: 'Sets another end of the lease.', example: { until: '2026-09-14T18:00:00Z' } },
};

const HASH = auditExample.hash;

export const RESPONSE_ROUTES: readonly Route<keyof typeof RESPONSE_SCHEMAS | 'Command'>[] = [
  {
    method: 'get',
    path: '/v1/actions',
    operationId: 'listActions',
    summary: 'Actions, those planned last first.',
    role: 'viewer',
    query: actionsQuery,
    response: 'ActionPage',
    example: { items: [actionExample] },
  },
  {
    method: 'get',
    path: '/v1/actions/{id}',
    operationId: 'getAction',
    summary: 'One action with its exact plan.',
    role: 'viewer',
    query: noQuery,
    response: 'Action',
    example: actionExample,
  },
  ...ACTION_COMMANDS.map((type) => ({
    method: 'post' as const,
    path: `/v1/actions/{id}/${type}`,
    operationId: `${type}Action`,
    summary: COMMANDS[type].summary,
    role: 'approver' as const,
    query: noQuery,
    body: { schema: actionBodies[type], example: COMMANDS[type].example },
    status: 202 as const,
    conflicts: true as const,
    response: 'Command' as const,
    example: { id: commandExample.id, action: actionExample.id, state: 'pending' },
  })),
  {
    method: 'get',
    path: '/v1/response',
    operationId: 'getResponseControl',
    summary: 'Whether actions may begin.',
    role: 'viewer',
    query: noQuery,
    response: 'ResponseControl',
    example: controlExample,
  },
  ...(['stop', 'resume'] as const).map((what) => ({
    method: 'post' as const,
    path: `/v1/response/${what}`,
    operationId: `${what}Response`,
    summary: what === 'stop' ? 'The kill switch: from now on no action begins.' : 'Actions may begin again.',
    // Whoever sees harm may stop it; letting actions begin again is a decision about them.
    role: what === 'stop' ? ('operator' as const) : ('approver' as const),
    recorded: 'by itself' as const,
    query: noQuery,
    body: { schema: reasonBody, example: { reason: controlExample.reason } },
    response: 'ResponseControl' as const,
    example: { ...controlExample, stopped: what === 'stop' },
  })),
  {
    method: 'get',
    path: '/v1/evidence',
    operationId: 'listEvidence',
    summary: 'What was collected about an incident or by an action.',
    role: 'viewer',
    query: artefactsQuery,
    response: 'ArtefactList',
    example: { items: [artefactExample] },
  },
  {
    method: 'get',
    path: '/v1/evidence/{id}',
    operationId: 'getEvidence',
    summary: 'The manifest of one artefact.',
    role: 'viewer',
    query: noQuery,
    response: 'Artefact',
    example: artefactExample,
  },
  {
    method: 'get',
    path: '/v1/evidence/{id}/content',
    operationId: 'downloadEvidence',
    summary: 'Its bytes. Who took them is put on record first.',
    role: 'operator',
    query: noQuery,
    response: 'bytes',
    example: undefined,
  },
  ...(['hold', 'release'] as const).map((what) => ({
    method: 'post' as const,
    path: `/v1/evidence/{id}/${what}`,
    operationId: `${what}Evidence`,
    summary: what === 'hold' ? 'Keeps it beyond its time, until it is released.' : 'Ends a legal hold.',
    role: what === 'hold' ? ('operator' as const) : ('admin' as const),
    recorded: 'by itself' as const,
    query: noQuery,
    body: { schema: reasonBody, example: { reason: 'case 4711' } },
    response: 'Artefact' as const,
    example: artefactExample,
  })),
  {
    method: 'get',
    path: '/v1/audit',
    operationId: 'listAudit',
    summary: 'Who did what, when and why: a chain that is only ever added to.',
    role: 'operator',
    query: auditQuery,
    response: 'AuditList',
    example: { items: [auditExample] },
  },
  {
    method: 'get',
    path: '/v1/audit/verify',
    operationId: 'verifyAudit',
    summary: 'Computes the whole chain again.',
    role: 'operator',
    query: noQuery,
    response: 'AuditVerdict',
    example: { ok: true, records: 42, last_hash: HASH },
  },
];
