import { LineCounter, parseAllDocuments, type Document, type Node as YamlNode, isMap, isNode, isPair, isScalar } from 'yaml';
import { z } from 'zod';
import { ConfigErrors, type ConfigIssue } from './config-error.js';
import { describeKnown, nearest } from './nearest.js';

export type Path = readonly PropertyKey[];

/** A parsed YAML document that still knows where each value stands. */
export interface YamlDoc {
  readonly file: string;
  readonly value: unknown;
  /** An issue at the value of that path, or at its key; at the nearest parent where the path does not exist. */
  issue(path: Path, message: string, at?: 'key' | 'value'): ConfigIssue;
}

/** Stops the "billion laughs": documents of people hardly use aliases at all. */
const MAX_ALIASES = 100;

/** Parses a file of one or more documents; empty documents are left out. Throws `ConfigErrors` on YAML errors. */
export function parseYamlDocuments(text: string, file: string): YamlDoc[] {
  const lines = new LineCounter();
  const parsed = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: true, prettyErrors: false });
  const documents = Array.isArray(parsed) ? parsed : [];
  const issues: ConfigIssue[] = [];
  const result: YamlDoc[] = [];
  for (const document of documents) {
    for (const error of document.errors) {
      const { line, col } = lines.linePos(error.pos[0]);
      issues.push({ file, line, column: col, path: '', message: `is not valid YAML: ${error.message}` });
    }
    if (document.errors.length > 0) continue;
    try {
      const value: unknown = document.toJS({ maxAliasCount: MAX_ALIASES });
      if (value === null || value === undefined) continue;
      result.push(new Located(file, value, document, lines));
    } catch (error) {
      issues.push({ file, path: '', message: `is not valid YAML: ${error instanceof Error ? error.message : String(error)}` });
    }
  }
  if (issues.length > 0) throw new ConfigErrors(issues);
  return result;
}

class Located implements YamlDoc {
  readonly file: string;
  readonly value: unknown;
  readonly #document: Document;
  readonly #lines: LineCounter;

  constructor(file: string, value: unknown, document: Document, lines: LineCounter) {
    this.file = file;
    this.value = value;
    this.#document = document;
    this.#lines = lines;
  }

  issue(path: Path, message: string, at: 'key' | 'value' = 'value'): ConfigIssue {
    const offset = this.#offset(path, at);
    const position = offset === undefined ? undefined : this.#lines.linePos(offset);
    return {
      file: this.file,
      ...(position === undefined ? {} : { line: position.line, column: position.col }),
      path: formatPath(path),
      message,
    };
  }

  #offset(path: Path, at: 'key' | 'value'): number | undefined {
    const leaf = path.at(-1);
    if (at === 'key' && leaf !== undefined) {
      const parent = path.length === 1 ? this.#document.contents : this.#document.getIn(path.slice(0, -1), true);
      const pair = isMap(parent) ? parent.items.find((item) => isPair(item) && isScalar(item.key) && String(item.key.value) === String(leaf)) : undefined;
      const key = pair?.key;
      if (isNode(key)) return key.range?.[0];
    }
    for (let length = path.length; length >= 0; length--) {
      const node = length === 0 ? this.#document.contents : this.#document.getIn(path.slice(0, length), true);
      if (isNode(node)) return (node as YamlNode).range?.[0];
    }
    return undefined;
  }
}

export function formatPath(path: Path): string {
  return path.map((part, index) => (typeof part === 'number' ? `[${part}]` : `${index === 0 ? '' : '.'}${String(part)}`)).join('');
}

/** Parses a file of exactly one document by the schema. */
export function parseYaml<T>(text: string, file: string, schema: z.ZodType<T>): T {
  const documents = parseYamlDocuments(text, file);
  if (documents.length > 1) throw new ConfigErrors([{ file, path: '', message: `holds ${documents.length} documents, expected one` }]);
  const [document] = documents;
  if (document === undefined) return parseValue(schema, { file, value: {}, issue: (path, message) => ({ file, path: formatPath(path), message }) });
  return parseValue(schema, document);
}

export function parseValue<T>(schema: z.ZodType<T>, document: YamlDoc): T {
  const result = schema.safeParse(document.value, { reportInput: true });
  if (result.success) return result.data;
  throw new ConfigErrors(zodIssues(result.error, document, schema));
}

/** Says zod's issues in the words of the house, at the place in the file. `base` is where the schema's root stands. */
export function zodIssues(error: z.ZodError, document: YamlDoc, schema: z.ZodType, base: Path = []): ConfigIssue[] {
  return error.issues.flatMap((issue) => describe(issue, document, schema, base));
}

function describe(issue: z.core.$ZodIssue, document: YamlDoc, schema: z.ZodType, base: Path): ConfigIssue[] {
  const path = [...base, ...issue.path];
  if (issue.code === 'unrecognized_keys') {
    const known = knownKeys(schema, issue.path);
    return issue.keys.map((key) => document.issue([...path, key], `is not a known key; ${describeKnown(key, known)}`, 'key'));
  }
  if (issue.code === 'invalid_type' && issue.input === undefined) {
    return [document.issue(path, `is missing; expected ${expectation(issue.expected)}`)];
  }
  if (issue.code === 'invalid_type') {
    return [document.issue(path, `is ${typeName(issue.input)}, expected ${expectation(issue.expected)}`)];
  }
  if (issue.code === 'invalid_value') {
    const values = issue.values.map(String);
    if (issue.input === undefined) return [document.issue(path, `is missing; expected ${values.length === 1 ? `"${values[0]}"` : `one of: ${values.join(', ')}`}`)];
    const near = nearest(String(issue.input), values);
    const hint = near === undefined ? '' : `; did you mean "${near}"?`;
    return [document.issue(path, `is ${show(issue.input)}, expected ${values.length === 1 ? `"${values[0]}"` : `one of: ${values.join(', ')}`}${hint}`)];
  }
  if (issue.code === 'invalid_union' && issue.errors.length > 0) {
    // The alternative that got furthest is the one that was meant.
    const deepest = issue.errors.toSorted((a, b) => depth(b) - depth(a))[0] ?? [];
    if (depth(deepest) > 0) return deepest.flatMap((inner) => describe({ ...inner, path: [...issue.path, ...inner.path] }, document, schema, base));
  }
  return [document.issue(path, lowerFirst(issue.message))];
}

function depth(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map((issue) => issue.path.length));
}

/** Keys of the object schema at that path, through wrappers, as far as it can be followed. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let current: unknown = schema;
  for (const part of [...path, undefined]) {
    current = unwrap(current);
    if (part === undefined) break;
    const definition = definitionOf(current);
    if (definition?.['type'] === 'object') current = (definition['shape'] as Record<string, unknown>)[String(part)];
    else if (definition?.['type'] === 'array') current = definition['element'];
    else if (definition?.['type'] === 'record') current = definition['valueType'];
    else return [];
  }
  const definition = definitionOf(current);
  if (definition?.['type'] === 'object') return Object.keys(definition['shape'] as object);
  if (definition?.['type'] === 'union') return (definition['options'] as unknown[]).flatMap((option) => knownKeys(option as z.ZodType, []));
  return [];
}

function definitionOf(schema: unknown): Record<string, unknown> | undefined {
  return (schema as { def?: Record<string, unknown> } | undefined)?.def;
}

function unwrap(schema: unknown): unknown {
  let current = schema;
  for (;;) {
    const definition = definitionOf(current);
    const inner = definition?.['innerType'] ?? (definition?.['type'] === 'pipe' ? definition['in'] : undefined);
    if (inner === undefined) return current;
    current = inner;
  }
}

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'a list';
  if (typeof value === 'object') return 'a map';
  return `the ${typeof value} ${show(value)}`;
}

function expectation(expected: string): string {
  const names: Record<string, string> = { object: 'a map', record: 'a map', array: 'a list', int: 'a whole number', number: 'a number', string: 'text', boolean: 'true or false' };
  return names[expected] ?? `a ${expected}`;
}

const SHOWN_MAX = 60;

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

function lowerFirst(text: string): string {
  return text.slice(0, 1).toLowerCase() + text.slice(1);
}
