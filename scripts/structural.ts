// A JSON Schema of draft 7 as the "structural" schema that a CustomResourceDefinition must have.
// https://kubernetes.io/docs/tasks/extend-kubernetes/custom-resources/custom-resource-definitions/#specifying-a-structural-schema
import { isDeepStrictEqual } from 'node:util';

export type Schema = Record<string, unknown>;

/** Anything, kept as it is written: what the API server cannot check is checked by the service that reads it. */
const ANYTHING = { 'x-kubernetes-preserve-unknown-fields': true };

/** What stands as it is in both. `default` is left out: a default that was written into the object would outlive a change of it. */
const KEPT = [
  'description',
  'enum',
  'pattern',
  'minLength',
  'maxLength',
  'minimum',
  'maximum',
  'minItems',
  'maxItems',
  'minProperties',
  'maxProperties',
];

/** The formats that the API server checks; it has its own words for those that it does not know. */
const FORMATS = ['date-time'];

/** The schema, where each value has one type and each map its keys, or else anything is taken. */
export function structural(schema: Schema | boolean): Schema {
  if (typeof schema === 'boolean') return { ...ANYTHING };
  const described = 'description' in schema ? { description: schema['description'] } : {};
  const union = (schema['anyOf'] ?? schema['oneOf']) as Schema[] | undefined;
  if (union !== undefined && union.some((branch) => Object.keys(branch).join() !== 'required')) return { ...described, ...unionOf(union) };
  const type = schema['type'] ?? typeOfConst(schema['const']);
  if (typeof type !== 'string' || type === 'null') return { ...described, ...ANYTHING };
  const kept = Object.fromEntries(KEPT.filter((key) => key in schema).map((key) => [key, schema[key]]));
  if ('const' in schema) kept['enum'] = [schema['const']];
  if (typeof schema['exclusiveMinimum'] === 'number') Object.assign(kept, { minimum: schema['exclusiveMinimum'], exclusiveMinimum: true });
  if (typeof schema['format'] === 'string' && FORMATS.includes(schema['format'])) {
    // The format says all that the pattern would.
    delete kept['pattern'];
    kept['format'] = schema['format'];
  }
  if (type === 'array') return { ...kept, type, items: isSchema(schema['items']) ? structural(schema['items']) : { ...ANYTHING } };
  return type === 'object' ? { ...kept, ...mapOf(schema) } : { ...kept, type };
}

function typeOfConst(value: unknown): string | undefined {
  return value === undefined || value === null ? undefined : typeof value;
}

function isSchema(value: unknown): value is Schema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Branches that are all maps are one map with the keys of all; whether they belong together is not for the API server. */
function unionOf(branches: readonly Schema[]): Schema {
  const types = new Set(branches.map(({ type }) => type));
  if (types.size !== 1 || !types.has('object')) return { ...ANYTHING };
  return { type: 'object', properties: merge(branches.map((branch) => propertiesOf(branch))) };
}

function mapOf(schema: Schema): Schema {
  const { additionalProperties: others } = schema;
  const properties = propertiesOf(schema);
  const required = Array.isArray(schema['required']) && schema['required'].length > 0 ? { required: schema['required'] as string[] } : {};
  if (Object.keys(properties).length > 0) {
    // A schema has either named keys or any; where both are taken, the others are kept unseen.
    const open = others === undefined || others === false || 'allOf' in schema ? {} : ANYTHING;
    return { type: 'object', ...open, properties, ...required };
  }
  if (isSchema(others) && Object.keys(others).length > 0) return { type: 'object', additionalProperties: structural(others) };
  return others === false ? { type: 'object' } : { type: 'object', ...ANYTHING };
}

/** Its own keys, and those of all extensions that it may choose: which of them belong together is told in the object's status. */
function propertiesOf(schema: Schema): Record<string, Schema> {
  const own = converted(schema['properties']);
  const branches = (schema['allOf'] as { then?: Schema }[] | undefined) ?? [];
  const extensions = merge(branches.map(({ then }) => converted(then?.['properties'])));
  return { ...extensions, ...own };
}

function converted(properties: unknown): Record<string, Schema> {
  return Object.fromEntries(Object.entries((properties ?? {}) as Record<string, Schema | boolean>).map(([key, value]) => [key, structural(value)]));
}

/** A key that means one thing here and another there takes anything, unless only its description differs. */
function merge(maps: readonly Record<string, Schema>[]): Record<string, Schema> {
  const merged: Record<string, Schema> = {};
  for (const [key, schema] of maps.flatMap((map) => Object.entries(map))) {
    const before = merged[key];
    if (before === undefined) merged[key] = schema;
    else if (!isDeepStrictEqual(undescribed(before), undescribed(schema))) merged[key] = { ...ANYTHING };
    else if (before['description'] !== schema['description']) merged[key] = undescribed(before);
  }
  return merged;
}

function undescribed({ description: _description, ...rest }: Schema): Schema {
  return rest;
}
