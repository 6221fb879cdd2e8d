import { describe, expect, it } from '@jest/globals';
import { Validator } from '@seriousme/openapi-schema-validator';
import { openApiDocument } from './openapi.js';
import { ROUTES, SCHEMAS } from './routes/index.js';

describe('the OpenAPI document', () => {
  it('is valid OpenAPI 3.1', async () => {
    const validator = new Validator();
    const result = await validator.validate({ ...openApiDocument() });
    expect(result).toEqual({ valid: true });
    expect(validator.version).toBe('3.1');
  });

  it.each(ROUTES.map(({ method, path, response, example, body }) => [method, path, response, example, body] as const))(
    'has examples of %s %s that its schemas take',
    (_method, _path, response, example, body) => {
      if (response !== 'bytes' && response !== 'events') expect(SCHEMAS[response].parse(example)).toEqual(example);
      if (body !== undefined) expect(body.schema.parse(body.example)).toEqual(body.example);
    },
  );

  it('says of every route that it may need a token, and how refusals look', () => {
    expect(openApiDocument()).toMatchObject({
      security: [{ bearer: [] }, {}],
      components: { securitySchemes: { bearer: { type: 'http', scheme: 'bearer' } } },
    });
    const { paths } = openApiDocument() as { paths: Record<string, Record<string, object>> };
    for (const { path, method } of ROUTES) {
      expect(paths[path]?.[method]).toMatchObject({
        responses: {
          401: { headers: { 'WWW-Authenticate': {} }, content: { 'application/problem+json': {} } },
          403: { content: { 'application/problem+json': {} } },
        },
      });
    }
  });

  it('names each filter with its choices', () => {
    expect(openApiDocument()).toMatchObject({
      paths: {
        '/v1/violations': {
          get: {
            parameters: expect.arrayContaining([
              expect.objectContaining({
                name: 'severity',
                schema: { type: 'string', enum: ['informational', 'low', 'medium', 'high', 'critical', 'fatal'] },
              }),
              expect.objectContaining({ name: 'limit', schema: { type: 'integer', minimum: 1, maximum: 500, default: 50 } }),
              expect.objectContaining({ name: 'since', schema: { type: 'string', format: 'date-time' } }),
            ]),
          },
        },
      },
    });
  });
});
