import { z } from 'zod';
import type { DocumentKind, ExtensionSchemas, PolicySchemas } from './kinds/document-kind.js';
import { documentKinds } from './kinds/index.js';
import { envelope } from './policies.js';

/** A JSON Schema of draft 7, which editors know best. */
export type JsonSchema = Record<string, unknown>;

const DRAFT = 'http://json-schema.org/draft-07/schema#';

/**
 * JSON Schemas of policy documents, by the names of their files: one for each kind, and one for all of them. They are made
 * of what the documents are parsed by, as far as a schema can say it: conditions, and what documents say of one another,
 * are left to `tocsin check`.
 */
export function documentSchemas(schemas: PolicySchemas): Map<string, JsonSchema> {
  const kinds = Object.values<DocumentKind<string, unknown>>(documentKinds).map((kind) => [kind.kind, documentSchema(kind, schemas)] as const);
  const all = {
    $schema: DRAFT,
    title: 'A document of Tocsin',
    oneOf: kinds.map(([name]) => ({ $ref: `#/definitions/${name}` })),
    definitions: Object.fromEntries(kinds),
  };
  return new Map<string, JsonSchema>([
    ['tocsin.schema.json', all],
    ...kinds.map(([name, schema]) => [`${fileName(name)}.schema.json`, { $schema: DRAFT, ...schema }] as const),
  ]);
}

/** `CorrelationRule` as `correlation-rule`. */
function fileName(kind: string): string {
  return kind.replace(/[A-Z]/g, (letter, index) => `${index === 0 ? '' : '-'}${letter.toLowerCase()}`);
}

function documentSchema(kind: DocumentKind<string, unknown>, schemas: PolicySchemas): JsonSchema {
  const document = toJsonSchema(envelope.extend({ kind: z.literal(kind.kind), spec: kind.spec(schemas) }));
  for (const { path, key, by } of kind.extended ?? []) {
    const known = schemas[by];
    if (known !== undefined) addExtensions(at(document, ['spec', ...path]), key, known);
  }
  return { title: kind.kind, ...document };
}

function toJsonSchema(schema: z.ZodType): JsonSchema {
  const { $schema: _draft, ...rest } = z.toJSONSchema(schema, { io: 'input', target: 'draft-7', unrepresentable: 'any', override: describePipe });
  return rest;
}

/** Where anything is taken in, only to be told better what is wrong with it, what it is handed on to says what is right. */
function describePipe({ zodSchema, jsonSchema }: { zodSchema: z.core.$ZodType; jsonSchema: JsonSchema }): void {
  if (!(zodSchema instanceof z.ZodPipe) || zodSchema.out instanceof z.ZodTransform || Object.keys(jsonSchema).length > 0) return;
  Object.assign(jsonSchema, toJsonSchema(zodSchema.out as z.ZodType));
}

function at(schema: JsonSchema, path: readonly string[]): JsonSchema {
  let current = schema;
  for (const key of path) current = (current['properties'] as Record<string, JsonSchema>)[key] as JsonSchema;
  return current;
}

/** What may stand in the map depends on its `key`: for each extension the document's own keys and those of the extension. */
function addExtensions(map: JsonSchema, key: string, known: ExtensionSchemas): void {
  const own = map['properties'] as Record<string, JsonSchema>;
  const choice = own[key] as JsonSchema;
  const summaries = [...known.values()].map(({ type, summary }) => (summary === undefined ? type : `${type}: ${summary}`));
  choice['enum'] = [...known.keys()];
  choice['description'] = [choice['description'], ...summaries].join('\n');
  delete map['additionalProperties'];
  map['allOf'] = [...known.values()].map(({ type, config }) => {
    const { properties = {}, required = [] } = toJsonSchema(config) as { properties?: JsonSchema; required?: string[] };
    const all = { ...Object.fromEntries(Object.keys(own).map((name) => [name, true])), ...properties };
    return {
      if: { properties: { [key]: { const: type } }, required: [key] },
      then: { properties: all, required, additionalProperties: false },
    };
  });
}
