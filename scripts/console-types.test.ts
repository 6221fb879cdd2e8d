import { describe, expect, it } from '@jest/globals';
import { openApiDocument } from '../apps/api/src/http/openapi.ts';
import { consoleTypes, typesAreFresh } from './console-types.ts';

const typesOf = (schema: object): string => consoleTypes({ components: { schemas: { A: schema } } });

describe("the console's types of the API", () => {
  it('are as the OpenAPI document has them; if not, run `npm run build && node scripts/console-types.ts`', () => {
    expect(typesAreFresh(openApiDocument())).toBe(true);
  });

  it('tell what may be absent, and what a value can be', () => {
    const schema = {
      type: 'object',
      properties: {
        id: { type: 'string', description: 'Who.' },
        'odd-name': { type: ['string', 'null'] },
        state: { enum: ['open', 'resolved'] },
        items: { type: 'array', items: { $ref: '#/components/schemas/B' } },
        either: { anyOf: [{ type: 'integer' }, { const: 'all' }] },
        labels: { type: 'object', additionalProperties: { type: 'string' } },
        whatever: {},
      },
      required: ['id'],
    };
    expect(typesOf(schema)).toContain(`export type A = {
  /** Who. */
  id: string;
  "odd-name"?: string | null;
  state?: "open" | "resolved";
  items?: readonly (B)[];
  either?: number | "all";
  labels?: Record<string, string>;
  whatever?: unknown;
};`);
  });
});
