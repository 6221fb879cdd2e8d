import type { IncidentCommandType } from '@tocsin/domain';
import { z } from 'zod';
import { COMMAND_TYPES, command, commandBodies } from '../../resources/command.js';
import { commandExample, evidenceExample, historyExample, incidentExample } from '../../resources/examples.js';
import { caseExample, incidentCase } from '../../resources/case.js';
import { evidence, historyEntry, incident } from '../../resources/incident.js';
import { NEXT_CURSOR, pageOf } from '../pages.js';
import { evidenceQuery, historyQuery, incidentsQuery, noQuery } from '../query.js';
import type { Route } from '../route.js';

const evidencePage = pageOf(evidence);

export const INCIDENT_SCHEMAS = {
  Incident: incident,
  IncidentPage: pageOf(incident),
  Case: incidentCase,
  Evidence: evidence,
  EvidencePage: evidencePage,
  HistoryEntry: historyEntry,
  HistoryPage: pageOf(historyEntry),
  IncidentWithEvidence: z.object({ incident, evidence: evidencePage, cases: z.array(incidentCase).describe('What it is in ticket systems.') }),
  Command: command,
} as const;

const COMMANDS: Record<IncidentCommandType, { summary: string; example: object }> = {
  acknowledge: { summary: 'Takes an incident up.', example: { comment: 'on it' } },
  assign: { summary: 'Says who looks after an incident; empty: nobody.', example: { assignee: 'ann' } },
  note: { summary: 'Adds a note to the history.', example: { comment: 'looks like the backup job' } },
  resolve: { summary: 'Ends an incident. It reopens when it recurs.', example: { reason: 'benign', comment: 'a drill' } },
  reopen: { summary: 'Opens a resolved incident again.', example: { comment: 'not over' } },
  merge: {
    summary: 'Moves the violations of an incident, and those that would join it, to another.',
    example: { into: '4d3c2b1a-6f7e-5d21-9a57-0c6f1e2d3b4a' },
  },
};

export const INCIDENT_ROUTES: readonly Route<keyof typeof INCIDENT_SCHEMAS>[] = [
  {
    method: 'get',
    path: '/v1/incidents',
    operationId: 'listIncidents',
    summary: 'Incidents, those seen last first.',
    role: 'viewer',
    query: incidentsQuery,
    response: 'IncidentPage',
    example: { items: [incidentExample], next_cursor: NEXT_CURSOR },
  },
  {
    method: 'get',
    path: '/v1/incidents/{id}',
    operationId: 'getIncident',
    summary: 'One incident with a page of its evidence trail, newest first.',
    role: 'viewer',
    query: evidenceQuery,
    response: 'IncidentWithEvidence',
    example: { incident: incidentExample, evidence: { items: [evidenceExample] }, cases: [caseExample] },
  },
  {
    method: 'get',
    path: '/v1/incidents/{id}/history',
    operationId: 'getIncidentHistory',
    summary: 'What became of an incident, newest first. It is only ever added to.',
    role: 'viewer',
    query: historyQuery,
    response: 'HistoryPage',
    example: { items: [historyExample] },
  },
  ...COMMAND_TYPES.map((type): Route<keyof typeof INCIDENT_SCHEMAS> => ({
    method: 'post',
    path: `/v1/incidents/{id}/${type}`,
    operationId: `${type}Incident`,
    summary: COMMANDS[type].summary,
    role: 'operator',
    query: noQuery,
    body: { schema: commandBodies[type], example: COMMANDS[type].example },
    status: 202,
    conflicts: true,
    response: 'Command',
    example: commandExample,
  })),
  {
    method: 'get',
    path: '/v1/commands/{id}',
    operationId: 'getCommand',
    summary: 'What came of a command; there is none of that id until it has been carried out or refused.',
    role: 'viewer',
    query: noQuery,
    response: 'Command',
    example: { ...commandExample, state: 'applied' },
  },
];
