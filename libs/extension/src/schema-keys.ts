import type { z } from 'zod';

type Definition = Record<string, unknown> & { type: string };

/**
 * Keys that the object schemas at that path know, as far as the schema can be followed: through wrappers, transforms,
 * unions and intersections.
 */
export function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let current = objectsIn(schema);
  for (const part of path) current = current.flatMap((definition) => inner(definition, part)).flatMap(objectsIn);
  const keys = current.flatMap((definition) => (definition.type === 'object' ? Object.keys(definition['shape'] as object) : []));
  return [...new Set(keys)];
}

function inner(definition: Definition, part: PropertyKey): unknown[] {
  if (definition.type === 'object') return [(definition['shape'] as Record<PropertyKey, unknown>)[part]];
  if (definition.type === 'array') return [definition['element']];
  if (definition.type === 'tuple') return [(definition['items'] as unknown[])[Number(part)] ?? definition['rest']];
  return definition.type === 'record' ? [definition['valueType']] : [];
}

/** The definitions behind wrappers and alternatives. */
function objectsIn(schema: unknown): Definition[] {
  const definition = (schema as { def?: Definition } | undefined)?.def;
  if (definition === undefined) return [];
  if (definition.type === 'union') return (definition['options'] as unknown[]).flatMap(objectsIn);
  if (definition.type === 'intersection') return [definition['left'], definition['right']].flatMap(objectsIn);
  if (definition.type === 'lazy') return objectsIn((definition['getter'] as () => unknown)());
  // `preprocess` puts its function before the schema, `transform` after it.
  if (definition.type === 'pipe') return [definition['in'], definition['out']].flatMap(objectsIn);
  return definition['innerType'] === undefined ? [definition] : objectsIn(definition['innerType']);
}
