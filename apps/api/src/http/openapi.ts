import { z } from 'zod';
import { ROUTES, SCHEMAS } from './routes/index.js';
import type { Route } from './route.js';

const STATUS_TEXT = { 200: 'OK', 201: 'It is made.', 202: 'It is kept, and will be carried out or refused.' } as const;

const IDEMPOTENCY_KEY = {
  name: 'Idempotency-Key',
  in: 'header',
  required: false,
  description: 'Said again with the same key, a command has its effect once.',
  schema: { type: 'string', maxLength: 128 },
};

const IF_NONE_MATCH = {
  name: 'If-None-Match',
  in: 'header',
  required: false,
  description: 'An `ETag` of before: the answer is 304 when nothing has changed.',
  schema: { type: 'string' },
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
        bearer: {
          type: 'http',
          scheme: 'bearer',
          description: 'An API token, a login by OpenID Connect, or the token of `api.authentication.token`. Listening beyond loopback needs one.',
        },
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

function operation({
  method,
  path,
  operationId,
  summary,
  role,
  query,
  body,
  status = 200,
  conflicts,
  response,
  example,
}: Route<keyof typeof SCHEMAS>): object {
  const inPath = [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name);
  const byId = inPath.length > 0;
  const tagged = method === 'get' && response !== 'bytes' && response !== 'events';
  return {
    operationId,
    summary,
    description: role === 'anyone' ? 'Needs no login.' : `Needs the role ${role}, or one above it.`,
    ...(body === undefined ? {} : { requestBody: requestBody(body) }),
    parameters: [
      ...inPath.map((name) => ({ name, in: 'path', required: true, schema: { type: 'string' } })),
      ...(status === 202 ? [IDEMPOTENCY_KEY] : []),
      ...(tagged ? [IF_NONE_MATCH] : []),
      ...queryParameters(query),
    ],
    responses: {
      [status]: {
        description: STATUS_TEXT[status],
        content: contentOf(response, example),
      },
      ...(tagged ? { 304: { description: 'It is as it was when the `ETag` was given.' } } : {}),
      400: problemResponse('A parameter or a field is wrong or unknown; `errors` names it.'),
      401: {
        ...problemResponse('A token is needed, and the request has none, or one that is wrong, has expired or was revoked.'),
        headers: { 'WWW-Authenticate': { description: 'Names the scheme, Bearer.', schema: { type: 'string' } } },
      },
      403: problemResponse(
        'The role, or the token, may not do this; or nobody is asked who they are, and the request is not of this machine: its `Host` or its `Origin` is another.',
      ),
      ...(byId ? { 404: problemResponse('There is none of that id.') } : {}),
      ...(conflicts === true ? { 409: problemResponse('As things stand, the command makes no sense; `detail` says why.') } : {}),
      ...(body === undefined ? {} : { 415: problemResponse('The body is not JSON.') }),
      429: {
        ...problemResponse('Too many requests by the same principal.'),
        headers: { 'Retry-After': { description: 'Seconds to wait.', schema: { type: 'integer' } } },
      },
      503: problemResponse('The database or the log does not answer; try again after `Retry-After` seconds.'),
    },
  };
}

function contentOf(response: Route<keyof typeof SCHEMAS>['response'], example: unknown): object {
  const examples = { shop: { value: example } };
  if (response === 'bytes') return { 'application/octet-stream': {} };
  if (response === 'events') return { 'text/event-stream': { examples } };
  return { 'application/json': { schema: reference(response), examples } };
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
