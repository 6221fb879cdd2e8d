import { z } from 'zod';

/** A record as it is kept: the value as text, or in Base64 where it is none. */
export interface Golden {
  key: string | null;
  headers: Readonly<Record<string, string>>;
  value?: string;
  base64?: string;
}

export function bytesOf({ value, base64 }: Golden): Buffer {
  return base64 === undefined ? Buffer.from(value ?? '') : Buffer.from(base64, 'base64');
}

/** Which fields of which types it has; what stands in a list, or under keys that are data, counts as one. */
export function shapeOf(golden: Golden): string[] {
  const found = new Set<string>();
  walk(JSON.parse(bytesOf(golden).toString('utf8')), '', found);
  return [...found].toSorted();
}

/** Maps whose keys are data. */
const MAPS = /(^|\.)(labels|group|raw|params|source|headers|counts|severities|identity|annotations)$/;

function walk(value: unknown, path: string, found: Set<string>): void {
  if (value === null || typeof value !== 'object') return void found.add(`${path}: ${value === null ? 'null' : typeof value}`);
  if (Array.isArray(value)) return value.forEach((item) => walk(item, `${path}[]`, found));
  if (MAPS.test(path)) return void found.add(`${path}: map`);
  for (const [key, item] of Object.entries(value)) walk(item, path === '' ? key : `${path}.${key}`, found);
}

/** With all its times so much later, milliseconds. */
export function shifted(text: string, ms: number): string {
  return text.replaceAll(/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z/g, (time) => new Date(Date.parse(time) + ms).toISOString());
}

/** What violations, incidents and actions may hold, as the API documents them. */
export function schemasNow(schemas: Readonly<Record<'Violation' | 'Incident' | 'Action', z.ZodType>>): Record<string, unknown> {
  const { Violation, Incident, Action } = schemas;
  return Object.fromEntries(Object.entries({ Violation, Incident, Action }).map(([name, schema]) => [name, withoutWords(z.toJSONSchema(schema))]));
}

/** Another description is no other shape. */
function withoutWords(schema: unknown): unknown {
  if (Array.isArray(schema)) return schema.map(withoutWords);
  if (schema === null || typeof schema !== 'object') return schema;
  const { description, examples, $schema, ...rest } = schema as Record<string, unknown>;
  // A field of such a name is none of these words.
  const named = Object.entries({ description, examples, $schema }).filter(
    ([, value]) => value !== undefined && typeof value === 'object' && !Array.isArray(value),
  );
  return Object.fromEntries([...Object.entries(rest), ...named].map(([key, value]) => [key, withoutWords(value)]));
}
