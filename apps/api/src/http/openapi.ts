import { z } from 'zod';
import { deadLetter, deadLetterSummary } from '../resources/dead-letter.js';
import { deadLetterExample, deadLetterSummaryExample, incidentExample, violationExample } from '../resources/examples.js';
import { evidence, incident } from '../resources/incident.js';
import { violation } from '../resources/violation.js';
import { pageOf } from './pages.js';
import { deadLettersQuery, evidenceQuery, incidentsQuery, noQuery, violationsQuery } from './query.js';

interface Route {
  path: string;
  /** Also the name in generated clients. */
  operationId: string;
  summary: string;
  query: z.ZodObject;
  /** Name of the response's schema in `SCHEMAS`. */
  response: keyof typeof SCHEMAS;
  example: unknown;
}

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
  IncidentWithEvidence: z.object({ incident, evidence: evidencePage }),
  DeadLetterSummary: deadLetterSummary,
  DeadLetterPage: pageOf(deadLetterSummary),
  DeadLetter: deadLetter,
  Problem: problem,
} as const satisfies Record<string, z.ZodType>;

const NEXT_CURSOR = 'WyIyMDI2LTA5LTE0VDE0OjAyOjExLjEyM1oiLCI3ZDFmMGU1MiJd';
const exampleEvidence = { id: violationExample.id, time: violationExample.time, violation: violationExample };

export const ROUTES: readonly Route[] = [
  {
    path: '/v1/violations',
    operationId: 'listViolations',
    summary: 'Violations, newest first.',
    query: violationsQuery,
    response: 'ViolationPage',
    example: { items: [violationExample], next_cursor: NEXT_CURSOR },
  },
  {
    path: '/v1/violations/{id}',
    operationId: 'getViolation',
    summary: 'One violation.',
    query: noQuery,
    response: 'Violation',
    example: violationExample,
  },
  {
    path: '/v1/incidents',
    operationId: 'listIncidents',
    summary: 'Incidents, those seen last first.',
    query: incidentsQuery,
    response: 'IncidentPage',
    example: { items: [incidentExample], next_cursor: NEXT_CURSOR },
  },
  {
    path: '/v1/incidents/{id}',
    operationId: 'getIncident',
    summary: 'One incident with a page of its evidence trail, newest first.',
    query: evidenceQuery,
    response: 'IncidentWithEvidence',
    example: { incident: incidentExample, evidence: { items: [exampleEvidence] } },
  },
  {
    path: '/v1/dead-letters',
    operationId: 'listDeadLetters',
    summary: 'What could not be processed, without the payloads, newest first.',
    query: deadLettersQuery,
    response: 'DeadLetterPage',
    example: { items: [deadLetterSummaryExample] },
  },
  {
    path: '/v1/dead-letters/{id}',
    operationId: 'getDeadLetter',
    summary: 'One dead letter with its payload.',
    query: noQuery,
    response: 'DeadLetter',
    example: deadLetterExample,
  },
];

const DOCUMENT = build();

/** OpenAPI 3.1 of the read API. */
export function openApiDocument(): object {
  return DOCUMENT;
}

function build(): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Tocsin API',
      version: 'v1',
      description: 'Violations, incidents with their evidence, and dead letters. Fields may be added within v1: ignore those you do not know.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: '/' }],
    // The empty alternative: where no token is configured, none is asked for.
    security: [{ bearer: [] }, {}],
    paths: Object.fromEntries(ROUTES.map((route) => [route.path, { get: operation(route) }])),
    components: {
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', description: 'The token of `api.authentication.token`. Listening beyond loopback needs one.' },
      },
      schemas: componentSchemas(),
    },
  };
}

function operation({ path, operationId, summary, query, response, example }: Route): object {
  const byId = path.endsWith('{id}');
  return {
    operationId,
    summary,
    parameters: [...(byId ? [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }] : []), ...queryParameters(query)],
    responses: {
      200: { description: 'OK', content: { 'application/json': { schema: reference(response), examples: { shop: { value: example } } } } },
      400: problemResponse('A parameter is wrong or unknown; `errors` names it.'),
      401: {
        ...problemResponse('A token is configured, and the request has none or a wrong one.'),
        headers: { 'WWW-Authenticate': { description: 'Names the scheme, Bearer.', schema: { type: 'string' } } },
      },
      403: problemResponse('No token is configured, and the request is not of this machine: its `Host` or its `Origin` is another.'),
      ...(byId ? { 404: problemResponse('There is none of that id.') } : {}),
      503: problemResponse('The database does not answer; try again after `Retry-After` seconds.'),
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
