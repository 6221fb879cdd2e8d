import type { IncidentCommandType } from '@tocsin/domain';
import { z } from 'zod';
import { deadLetter, deadLetterSummary } from '../resources/dead-letter.js';
import { COMMAND_TYPES, command, commandBodies } from '../resources/command.js';
import {
  commandExample,
  deadLetterExample,
  deadLetterSummaryExample,
  evidenceExample,
  historyExample,
  incidentExample,
  silenceExample,
  violationExample,
} from '../resources/examples.js';
import { evidence, historyEntry, incident } from '../resources/incident.js';
import { silence, silenceBody } from '../resources/silence.js';
import { violation } from '../resources/violation.js';
import { pageOf } from './pages.js';
import { RESPONSE_ROUTES, RESPONSE_SCHEMAS } from './response-routes.js';
import type { Route } from './route.js';
import { deadLettersQuery, evidenceQuery, historyQuery, incidentsQuery, noQuery, silencesQuery, violationsQuery } from './query.js';

const evidencePage = pageOf(evidence);

const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string().exactOptional(),
  errors: z
    .array(z.object({ parameter: z.string(), detail: z.string() }))
    .exactOptional()
    .describe('Each parameter that is wrong.'),
});

/** What answers look like, by the name that the document gives it. The requests' schemas are those that check them. */
export const SCHEMAS = {
  Violation: violation,
  ViolationPage: pageOf(violation),
  Incident: incident,
  IncidentPage: pageOf(incident),
  Evidence: evidence,
  EvidencePage: evidencePage,
  HistoryEntry: historyEntry,
  HistoryPage: pageOf(historyEntry),
  Command: command,
  Silence: silence,
  SilencePage: pageOf(silence),
  IncidentWithEvidence: z.object({ incident, evidence: evidencePage }),
  DeadLetterSummary: deadLetterSummary,
  DeadLetterPage: pageOf(deadLetterSummary),
  DeadLetter: deadLetter,
  ...RESPONSE_SCHEMAS,
  Problem: problem,
} as const satisfies Record<string, z.ZodType>;

const NEXT_CURSOR = 'WyIyMDI2LTA5LTE0VDE0OjAyOjExLjEyM1oiLCI3ZDFmMGU1MiJd';

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

export const ROUTES: readonly Route<keyof typeof SCHEMAS>[] = [
  {
    method: 'get',
    path: '/v1/violations',
    operationId: 'listViolations',
    summary: 'Violations, newest first.',
    query: violationsQuery,
    response: 'ViolationPage',
    example: { items: [violationExample], next_cursor: NEXT_CURSOR },
  },
  {
    method: 'get',
    path: '/v1/violations/{id}',
    operationId: 'getViolation',
    summary: 'One violation.',
    query: noQuery,
    response: 'Violation',
    example: violationExample,
  },
  {
    method: 'get',
    path: '/v1/incidents',
    operationId: 'listIncidents',
    summary: 'Incidents, those seen last first.',
    query: incidentsQuery,
    response: 'IncidentPage',
    example: { items: [incidentExample], next_cursor: NEXT_CURSOR },
  },
  {
    method: 'get',
    path: '/v1/incidents/{id}',
    operationId: 'getIncident',
    summary: 'One incident with a page of its evidence trail, newest first.',
    query: evidenceQuery,
    response: 'IncidentWithEvidence',
    example: { incident: incidentExample, evidence: { items: [evidenceExample] } },
  },
  {
    method: 'get',
    path: '/v1/incidents/{id}/history',
    operationId: 'getIncidentHistory',
    summary: 'What became of an incident, newest first. It is only ever added to.',
    query: historyQuery,
    response: 'HistoryPage',
    example: { items: [historyExample] },
  },
  ...COMMAND_TYPES.map((type): Route<keyof typeof SCHEMAS> => ({
    method: 'post',
    path: `/v1/incidents/{id}/${type}`,
    operationId: `${type}Incident`,
    summary: COMMANDS[type].summary,
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
    query: noQuery,
    response: 'Command',
    example: { ...commandExample, state: 'applied' },
  },
  {
    method: 'get',
    path: '/v1/silences',
    operationId: 'listSilences',
    summary: 'Silences made by the API, those that end last first. Those of policy documents are in the documents.',
    query: silencesQuery,
    response: 'SilencePage',
    example: { items: [silenceExample] },
  },
  {
    method: 'post',
    path: '/v1/silences',
    operationId: 'makeSilence',
    summary: 'Mutes incidents for a time: they form, and nobody is told.',
    query: noQuery,
    body: {
      schema: silenceBody,
      example: {
        filter: silenceExample.filter,
        starts_at: silenceExample.starts_at,
        ends_at: silenceExample.ends_at,
        comment: silenceExample.comment,
      },
    },
    status: 201,
    response: 'Silence',
    example: silenceExample,
  },
  {
    method: 'get',
    path: '/v1/silences/{id}',
    operationId: 'getSilence',
    summary: 'One silence.',
    query: noQuery,
    response: 'Silence',
    example: silenceExample,
  },
  {
    method: 'delete',
    path: '/v1/silences/{id}',
    operationId: 'endSilence',
    summary: 'Ends a silence now. It stays on record.',
    query: noQuery,
    response: 'Silence',
    example: silenceExample,
  },
  {
    method: 'get',
    path: '/v1/dead-letters',
    operationId: 'listDeadLetters',
    summary: 'What could not be processed, without the payloads, newest first.',
    query: deadLettersQuery,
    response: 'DeadLetterPage',
    example: { items: [deadLetterSummaryExample] },
  },
  {
    method: 'get',
    path: '/v1/dead-letters/{id}',
    operationId: 'getDeadLetter',
    summary: 'One dead letter with its payload.',
    query: noQuery,
    response: 'DeadLetter',
    example: deadLetterExample,
  },
  ...RESPONSE_ROUTES,
];

const STATUS_TEXT = { 200: 'OK', 201: 'It is made.', 202: 'It is kept, and will be carried out or refused.' } as const;

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'Said again with the same key, a command has its effect once.',
  schema: { type: 'string', maxLength: 128 },
};

const DOCUMENT = build();

/** OpenAPI 3.1 of the API. */
export function openApiDocument(): object {
  return DOCUMENT;
}

function build(): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tocsin API',
      version: 'v1',
      description:
        'Violations, incidents with their evidence and what operators say about them, actions with their approvals and evidence, silences, and dead letters. Fields may be added within v1: ignore those you do not know.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    // The empty alternative: where no token is configured, none is asked for.
    security: [{ bearer: [] }, {}],
    paths: paths(),
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'The token of `api.authentication.token`. Listening beyond loopback needs one.' },
      },
      schemas: componentSchemas(),
    },
  };
}

function paths(): Record<string, Record<string, object>> {
  const found: Record<string, Record<string, object>> = {};
  for (const route of ROUTES) found[route.path] = { ...found[route.path], [route.method]: operation(route) };
  return found;
}

function requestBody({ schema, example }: NonNullable<Route['body']>): object {
  const { $schema: _, ...shape } = z.toJSONSchema(schema, { io: 'input', override: withoutTimePattern });
  return { required: true, content: { 'application/json': { schema: shape, examples: { shop: { value: example } } } } };
}

function operation({ path, operationId, summary, query, body, status = 200, conflicts, response, example }: Route<keyof typeof SCHEMAS>): object {
  const byId = path.includes('{id}');
  return {
    operationId,
    summary,
    ...(body === undefined ? {} : { requestBody: requestBody(body) }),
    parameters: [
      ...(byId ? [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }] : []),
      ...(status === 202 ? [IDEMPOTENCY_KEY] : []),
      ...queryParameters(query),
    ],
    responses: {
      [status]: {
        description: STATUS_TEXT[status],
        content:
          response === 'bytes'
            ? { 'application/octet-stream': {} }
            : { 'application/json': { schema: reference(response), examples: { shop: { value: example } } } },
      },
      400: problemResponse('A parameter or a field is wrong or unknown; `errors` names it.'),
      401: {
        ...problemResponse('A token is configured, and the request has none or a wrong one.'),
        headers: { 'WWW-Authenticate': { description: 'Names the scheme, Bearer.', schema: { type: 'string' } } },
      },
      403: problemResponse('No token is configured, and the request is not of this machine: its `Host` or its `Origin` is another.'),
      ...(byId ? { 404: problemResponse('There is none of that id.') } : {}),
      ...(conflicts === true ? { 409: problemResponse('As things stand, the command makes no sense; `detail` says why.') } : {}),
      ...(body === undefined ? {} : { 415: problemResponse('The body is not JSON.') }),
      503: problemResponse('The database or the log does not answer; try again after `Retry-After` seconds.'),
    },
  };
}

function queryParameters(query: z.ZodObject): object[] {
  const { properties = {} } = z.toJSONSchema(query, { io: 'input', override: withoutTimePattern });
  return Object.entries(properties).map(([name, property]) => {
    if (typeof property === 'boolean') return { name, in: 'query', schema: property };
    const { description, examples, ...schema } = property;
    return { name, in: 'query', required: false, description, schema, ...(examples === undefined ? {} : { example: examples[0] }) };
  });
}

function problemResponse(description: string): object {
  return { description, content: { 'application/problem+json': { schema: reference('Problem') } } };
}

function reference(name: keyof typeof SCHEMAS): object {
  return { $ref: `#/components/schemas/${name}` };
}

/** The format says it; the pattern that comes with it has 300 characters. */
function withoutTimePattern({ jsonSchema }: { jsonSchema: z.core.JSONSchema.BaseSchema }): void {
  if (jsonSchema.format === 'date-time') delete jsonSchema.pattern;
}

/** `input`, so that the schemas allow further fields: v1 may gain some. */
function componentSchemas(): object {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(SCHEMAS)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { io: 'input', override: withoutTimePattern, uri: (id) => `#/components/schemas/${id}` });
  return Object.fromEntries(Object.entries(schemas).map(([name, { $schema: _schema, $id: _id, ...schema }]) => [name, schema]));
}
