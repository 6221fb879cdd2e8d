import { describeKnown, zodIssues, type ConfigIssue, type Path, type YamlDoc } from '@tocsin/extension';
import { z } from 'zod';
import { unknownFields } from '../cel/fields.js';
import { FilterError } from '../cel/filter-error.js';
import { compileFilter, type EventVariable } from '../cel/filter.js';
import { wrongComparisons } from './comparisons.js';
import { conditionHint } from './condition-hint.js';
import type { ExtensionSchemas } from './document-kind.js';

/** A condition in CEL; `checkFilter` sees to what it says. */
export function condition(variable: EventVariable): z.ZodString {
  return z.string({ error: `expected a condition such as ${variable}.severity_id >= 4` }).min(1);
}

/** Parses a part of a document; its issues are collected and undefined is returned. */
export function parsePart<T>(
  doc: YamlDoc,
  path: Path,
  value: unknown,
  schema: z.ZodType<T>,
  issues: ConfigIssue[],
  otherKeys: readonly string[] = [],
): T | undefined {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  issues.push(...zodIssues(result.error, doc, schema, path, otherKeys));
  return undefined;
}

/**
 * Checks the CEL condition at that path, if there is one, so that a mistake is told with its place rather than when the
 * first event comes. Whether there must be one is for the schema.
 */
export function checkFilter(doc: YamlDoc, path: Path, variable: EventVariable, issues: ConfigIssue[]): void {
  const source = valueAt(doc, path);
  if (typeof source !== 'string' || source === '') return;
  try {
    compileFilter(source, variable);
    const found = [...unknownFields(source, variable), ...wrongComparisons(source, variable)];
    for (const { message, offset } of found) issues.push(doc.issue(path, `${message} (${place(source, offset)})`));
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    issues.push(doc.issue(path, `${error.message}${conditionHint(source, error.offset, variable)} (${place(source, error.offset)})`));
  }
}

/** What stands there as it is written, also where the schema found mistakes beside it; undefined where nothing does. */
export function valueAt(doc: YamlDoc, path: Path): unknown {
  let value = doc.value;
  for (const key of path) {
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return undefined;
    value = (value as Record<PropertyKey, unknown>)[key];
  }
  return value;
}

/** The indexes of the list that stands there; none where there is no list. */
export function indexesAt(doc: YamlDoc, path: Path): number[] {
  const list = valueAt(doc, path);
  return Array.isArray(list) ? [...list.keys()] : [];
}

function place(source: string, offset: number): string {
  const before = source.slice(0, offset).split('\n');
  const character = `character ${(before.at(-1) ?? '').length + 1}`;
  return source.trimEnd().includes('\n') ? `line ${before.length}, ${character} of the condition` : `${character} of the condition`;
}

export interface ExtensionPart {
  /** What the extension point is called in messages. */
  point: string;
  type: string;
  typePath: Path;
  /** The keys that belong to the extension, and where they stand. */
  config: Record<string, unknown>;
  path: Path;
  /** Keys that stand beside them and belong to the document. */
  otherKeys: readonly string[];
}

/** Parses the keys that belong to an extension by the extension's own schema. */
export function parseExtension(doc: YamlDoc, part: ExtensionPart, known: ExtensionSchemas | undefined, issues: ConfigIssue[]): unknown {
  if (known === undefined) return part.config;
  const extension = known.get(part.type);
  if (extension === undefined) {
    issues.push(doc.issue(part.typePath, `is "${part.type}", which is no ${part.point}; ${describeKnown(part.type, known.keys())}`));
    return undefined;
  }
  return parsePart(doc, part.path, part.config, extension.config, issues, part.otherKeys);
}
