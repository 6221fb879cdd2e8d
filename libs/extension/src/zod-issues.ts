import type { z } from 'zod';
import type { ConfigIssue } from './config-error.js';
import { describeKnown } from './nearest.js';
import { knownKeys } from './schema-keys.js';
import type { Path, YamlDoc } from './yaml.js';

type Issue = z.core.$ZodIssue;

interface Reading {
  document: YamlDoc;
  schema: z.ZodType;
  /** Where the schema's root stands in the document. */
  base: Path;
  /** Keys at the schema's root that another schema reads; they are proposed for misspelt ones too. */
  otherKeys: readonly string[];
}

/**
 * Says zod's issues in the words of the house, each at its place in the file. The error MUST come from a parse with
 * `reportInput`, else what was found cannot be said. A custom message that starts with "expected" gets what was found
 * put before it.
 */
export function zodIssues(
  error: z.ZodError,
  document: YamlDoc,
  schema: z.ZodType,
  base: Path = [],
  otherKeys: readonly string[] = [],
): ConfigIssue[] {
  const reading: Reading = { document, schema, base, otherKeys };
  // zod measures a list even where it wanted text; its size says nothing once the type is wrong.
  const mistyped = new Set(error.issues.filter((issue) => issue.code === 'invalid_type').map((issue) => issue.path.join('\0')));
  const telling = error.issues.filter((issue) => !isSize(issue) || !mistyped.has(issue.path.join('\0')));
  return telling.flatMap((issue) => describe(issue, reading));
}

function valueAt(value: unknown, path: Path): unknown {
  let current = value;
  for (const key of path) {
    if (current === null || typeof current !== 'object' || !Object.hasOwn(current, key)) return undefined;
    current = (current as Record<PropertyKey, unknown>)[key];
  }
  return current;
}

function isSize(issue: Issue): boolean {
  return issue.code === 'too_small' || issue.code === 'too_big';
}

function describe(found: Issue, reading: Reading): ConfigIssue[] {
  const { document, schema, base, otherKeys } = reading;
  const path = [...base, ...found.path];
  // A check behind a transform sees milliseconds where "10m" was written.
  const issue = found.code === 'custom' ? { ...found, input: valueAt(document.value, path) ?? found.input } : found;
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = [...knownKeys(schema, issue.path), ...(issue.path.length === 0 ? otherKeys : [])];
      const advice = (key: string): string => (known.length === 0 ? 'remove it' : describeKnown(key, known));
      return issue.keys.map((key) => document.issue([...path, key], `is not a known key; ${advice(key)}`, 'key'));
    }
    case 'invalid_key':
      return issue.issues.map((inner) => document.issue(path, `is a key that does not fit: ${sayOne(inner)}`, 'key'));
    case 'invalid_union':
      return describeUnion(issue, reading);
    default:
      return [document.issue(path, sayOne(issue))];
  }
}

function describeUnion(issue: z.core.$ZodIssueInvalidUnion, reading: Reading): ConfigIssue[] {
  const path = [...reading.base, ...issue.path];
  const discriminator = (issue as { discriminator?: string }).discriminator;
  if (discriminator !== undefined) {
    const found: unknown = (issue.input as Record<string, unknown> | undefined)?.[discriminator];
    const options = ((issue as { options?: unknown[] }).options ?? []).map(String);
    return [reading.document.issue(path, sayChoice(found, options))];
  }
  // The alternative that got furthest is the one that was meant.
  const meant = issue.errors.toSorted((a, b) => depth(b) - depth(a))[0] ?? [];
  if (depth(meant) > 0) return meant.flatMap((inner) => describe({ ...inner, path: [...issue.path, ...inner.path] }, reading));
  // A schema with its own words, such as a reference to a secret, says best what is wrong with a map.
  const own = issue.errors.flat().find((inner) => inner.code === 'custom' && !inner.message.startsWith('expected '));
  if (own !== undefined && typeof issue.input === 'object' && issue.input !== null) return [reading.document.issue(path, own.message)];
  const expected = issue.errors.flat().map((inner) => expectationOf(inner));
  return [reading.document.issue(path, `${found(issue.input)}expected ${[...new Set(expected)].join(', or ')}`)];
}

function depth(issues: readonly Issue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length));
}

/** What is wrong with one value: what was found, what was expected. */
function sayOne(issue: Issue): string {
  if (issue.code === 'invalid_value') return sayChoice(issue.input, issue.values.map(String));
  if (issue.code === 'custom' || (issue.code === 'invalid_format' && !ZOD_FORMAT_MESSAGE.test(issue.message))) {
    return issue.message.startsWith('expected ') ? `${found(issue.input)}${issue.message}` : issue.message;
  }
  // A schema may say itself what it expects: a time rather than text.
  if (issue.message.startsWith('expected ')) return `${found(issue.input, isSize(issue))}${issue.message}`;
  return `${found(issue.input, isSize(issue))}expected ${expectationOf(issue)}${shapeAdvice(issue)}`;
}

/** How YAML writes the one instead of the other. */
function shapeAdvice(issue: Issue): string {
  if (issue.code !== 'invalid_type' || issue.input === undefined || issue.input === null) return '';
  const isList = Array.isArray(issue.input);
  if (issue.expected === 'array') return typeof issue.input === 'object' ? '; write "- " before each item' : '; write it in brackets: [a, b]';
  if ((issue.expected === 'object' || issue.expected === 'record') && isList) return '; take away the "- " before its keys';
  return '';
}

/** How zod's own messages about formats begin; others were written by whoever wrote the schema. */
const ZOD_FORMAT_MESSAGE = /^Invalid /;

function sayChoice(input: unknown, values: readonly string[]): string {
  if (values.length === 1) return `${found(input)}expected "${values[0]}"`;
  return typeof input === 'string' ? `is ${show(input)}; ${describeKnown(input, values)}` : `${found(input)}expected one of: ${values.join(', ')}`;
}

function expectationOf(issue: Issue): string {
  switch (issue.code) {
    case 'invalid_type':
      return TYPE_NAMES[issue.expected] ?? `a ${issue.expected}`;
    case 'invalid_value':
      return issue.values.map((value) => `"${String(value)}"`).join(' or ');
    case 'too_small':
      return `${issue.inclusive === false ? 'more than' : 'at least'} ${count(issue.minimum, issue.origin)}`;
    case 'too_big':
      return `${issue.inclusive === false ? 'less than' : 'at most'} ${count(issue.maximum, issue.origin)}`;
    case 'not_multiple_of':
      return `a multiple of ${issue.divisor}`;
    case 'invalid_format':
      return issue.format === 'regex' ? `text that matches ${issue.pattern}` : `a valid ${issue.format}`;
    default:
      return lowerFirst(issue.message);
  }
}

const TYPE_NAMES: Readonly<Record<string, string>> = {
  object: 'a map',
  record: 'a map',
  array: 'a list',
  int: 'a whole number',
  number: 'a number',
  string: 'text',
  boolean: 'true or false',
};

function count(number: number | bigint, origin: string): string {
  const noun = { string: 'character', array: 'item', set: 'item' }[origin];
  if (noun === undefined) return String(number);
  return `${number} ${noun}${Number(number) === 1 ? '' : 's'}`;
}

function found(input: unknown, size = false): string {
  if (input === undefined) return 'is missing; ';
  if (input === null) return 'is empty; ';
  if (size && typeof input === 'string') return `has ${count(input.length, 'string')}, `;
  if (size && Array.isArray(input)) return `has ${count(input.length, 'array')}, `;
  if (Array.isArray(input)) return 'is a list, ';
  if (typeof input === 'object') return 'is a map, ';
  return typeof input === 'string' ? `is the text ${show(input)}, ` : `is ${String(input as number | boolean | bigint)}, `;
}

const SHOWN_MAX = 60;

/** The value for a message: cut, and without the credentials that a URL may hold. */
function show(value: string): string {
  const text = JSON.stringify(value.replace(/\/\/[^/@\s]*@/g, '//***@'));
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…"` : text;
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
