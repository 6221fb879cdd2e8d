// The console's types of the API: `node scripts/console-types.ts` writes apps/console/src/api/types.ts from the OpenAPI document, so that a
// change of the API that the console does not follow fails its build. Needs a build.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type * as OpenApi from '../apps/api/src/http/openapi.ts';

export const TYPES_FILE = join(import.meta.dirname, '..', 'apps', 'console', 'src', 'api', 'types.ts');

interface Schema {
  $ref?: string;
  type?: string | string[];
  const?: unknown;
  enum?: unknown[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  allOf?: Schema[];
  items?: Schema;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  description?: string;
}

/** The whole file, for a document whose schemas stand in its components. */
export function consoleTypes(document: object): string {
  const { components } = document as { components: { schemas: Record<string, Schema> } };
  const types = Object.entries(components.schemas)
    .toSorted(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, schema]) => `export type ${name} = ${typeOf(schema, '')};\n`);
  return `// Written by scripts/console-types.ts from the OpenAPI document; edits are lost.\n/* oxlint-disable max-lines */\n\n${types.join('\n')}`;
}

function typeOf(schema: Schema, indent: string): string {
  if (schema.$ref !== undefined) return schema.$ref.split('/').at(-1) as string;
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  if (schema.enum !== undefined) return schema.enum.map((value) => JSON.stringify(value)).join(' | ');
  const either = schema.anyOf ?? schema.oneOf;
  if (either !== undefined) return [...new Set(either.map((one) => typeOf(one, indent)))].join(' | ');
  if (schema.allOf !== undefined) return schema.allOf.map((one) => typeOf(one, indent)).join(' & ');
  if (Array.isArray(schema.type)) return schema.type.map((type) => typeOf({ ...schema, type }, indent)).join(' | ');
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type;
    case 'number':
    case 'integer':
      return 'number';
    case 'array':
      return `readonly (${typeOf(schema.items ?? {}, indent)})[]`;
    case 'object':
      return objectType(schema, indent);
    default:
      return 'unknown';
  }
}

function objectType({ properties = {}, required = [], additionalProperties }: Schema, indent: string): string {
  const inner = `${indent}  `;
  const fields = Object.entries(properties).map(([name, schema]) => {
    const comment = schema.description === undefined ? '' : `${inner}/** ${schema.description.replaceAll('*/', '* /')} */\n`;
    const key = /^[a-z_]\w*$/i.test(name) ? name : JSON.stringify(name);
    return `${comment}${inner}${key}${required.includes(name) ? '' : '?'}: ${typeOf(schema, inner)};\n`;
  });
  if (fields.length > 0) return `{\n${fields.join('')}${indent}}`;
  return `Record<string, ${typeof additionalProperties === 'object' ? typeOf(additionalProperties, indent) : 'unknown'}>`;
}

export function typesAreFresh(document: object): boolean {
  return readFileSync(TYPES_FILE, 'utf8') === consoleTypes(document);
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const { openApiDocument } = (await import(join(import.meta.dirname, '..', 'apps', 'api', 'dist', 'http', 'openapi.js'))) as typeof OpenApi;
  writeFileSync(TYPES_FILE, consoleTypes(openApiDocument()));
}
