import { readFileSync } from 'node:fs';

interface Attribute {
  type?: string;
  object?: string;
  array?: boolean;
  required?: boolean;
  /** The attribute is there only where the event says that it follows this profile. */
  profile?: string;
  /** Which attribute holds the caption of this one's number. */
  sibling?: string;
  enum?: Record<string, string>;
  deprecated?: boolean;
}

interface Shape {
  uid?: number;
  profiles?: string[];
  constraints?: { at_least_one?: string[]; just_one?: string[] };
  attributes: Record<string, Attribute>;
}

interface Schema {
  classes: Record<string, Shape>;
  objects: Record<string, Shape>;
  types: Record<string, { type?: string; regex?: string; max_len?: number; range?: [number, number] }>;
}

const schema = JSON.parse(readFileSync(new URL('fixtures/ocsf-1.8.0.json', import.meta.url), 'utf8')) as Schema;
const OTHER = 99;

/** Where an event is not as the official schema wants it; empty when it is valid. */
export function problemsOf(event: Record<string, unknown>): string[] {
  const found = Object.entries(schema.classes).find(([, { uid }]) => uid === event['class_uid']);
  if (found === undefined) return [`class_uid ${String(event['class_uid'])} is no class`];
  const [name, shape] = found;
  const { profiles = [] } = event['metadata'] as { profiles?: string[] };
  const strange = profiles.filter((profile) => !shape.profiles?.includes(profile)).map((profile) => `${name} has no profile ${profile}`);
  return [...strange, ...problemsBelow(event, shape, name, new Set(profiles))];
}

function problemsBelow(value: Record<string, unknown>, { attributes, constraints }: Shape, path: string, profiles: ReadonlySet<string>): string[] {
  const problems: string[] = [];
  const applies = ({ profile }: Attribute): boolean => profile === undefined || profiles.has(profile);
  for (const [key, attribute] of Object.entries(attributes)) {
    if (attribute.required === true && applies(attribute) && value[key] === undefined) problems.push(`${path}.${key} is missing`);
  }
  for (const alternatives of [constraints?.at_least_one, constraints?.just_one]) {
    if (alternatives !== undefined && !alternatives.some((key) => value[key] !== undefined))
      problems.push(`${path} has none of ${alternatives.join(', ')}`);
  }
  for (const [key, item] of Object.entries(value)) {
    const attribute = attributes[key];
    const here = `${path}.${key}`;
    if (attribute === undefined) problems.push(`${here} does not exist`);
    else if (!applies(attribute)) problems.push(`${here} needs the profile ${attribute.profile}`);
    else if (attribute.deprecated === true) problems.push(`${here} is deprecated`);
    else problems.push(...problemsOfAttribute(item, attribute, here, profiles), ...problemsOfCaption(item, attribute, value, here));
  }
  return problems;
}

function problemsOfAttribute(value: unknown, attribute: Attribute, path: string, profiles: ReadonlySet<string>): string[] {
  if (attribute.array === true) {
    if (!Array.isArray(value)) return [`${path} is no list`];
    return value.flatMap((item, index) => problemsOfItem(item, attribute, `${path}[${index}]`, profiles));
  }
  return problemsOfItem(value, attribute, path, profiles);
}

function problemsOfItem(value: unknown, { object, type = '' }: Attribute, path: string, profiles: ReadonlySet<string>): string[] {
  if (object === undefined) return problemOfScalar(value, type, path);
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [`${path} is no object`];
  // `object`: anything.
  if (object === 'object') return [];
  const shape = schema.objects[object];
  if (shape === undefined) return [`${path}: the extract lacks the object ${object}`];
  return problemsBelow(value as Record<string, unknown>, shape, path, profiles);
}

function problemOfScalar(value: unknown, type: string, path: string): string[] {
  const described = schema.types[type];
  if (described === undefined) return [`${path}: the extract lacks the type ${type}`];
  const base = described.type === undefined ? type : described.type;
  const fits = {
    string_t: typeof value === 'string',
    integer_t: Number.isInteger(value),
    long_t: Number.isInteger(value),
    boolean_t: typeof value === 'boolean',
  };
  if (base !== 'json_t' && fits[base as keyof typeof fits] !== true) return [`${path} is no ${type}: ${JSON.stringify(value)}`];
  const { regex, max_len: maxLength, range } = described;
  if (typeof value === 'string' && regex !== undefined && !new RegExp(regex).test(value)) return [`${path} is no ${type}: ${value}`];
  if (typeof value === 'string' && maxLength !== undefined && value.length > maxLength) return [`${path} is too long`];
  if (typeof value === 'number' && range !== undefined && (value < range[0] || value > range[1])) return [`${path} is out of range`];
  return [];
}

/** The number is one of the enumeration's, and the text beside it is its caption; the text of 99 is the sender's. */
function problemsOfCaption(value: unknown, { enum: choices, sibling }: Attribute, owner: Record<string, unknown>, path: string): string[] {
  if (choices === undefined) return [];
  const caption = choices[String(value)];
  if (caption === undefined) return [`${path} is ${String(value)}, which is none of ${Object.keys(choices).join(', ')}`];
  const text = sibling === undefined ? undefined : owner[sibling];
  return text === undefined || value === OTHER || text === caption
    ? []
    : [`${path} is ${String(value)} (${caption}), but ${sibling} is ${JSON.stringify(text)}`];
}
