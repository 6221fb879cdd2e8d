import { describeKnown, zodIssues, type ConfigIssue, type Path, type YamlDoc } from '@tocsin/extension';
import type { z } from 'zod';
import { compileFilter, FilterError, type EventVariable } from '../cel.js';
import type { ExtensionSchemas } from './document-kind.js';

/** Parses a part of a document; its issues are collected and undefined is returned. */
export function parsePart<T>(doc: YamlDoc, path: Path, value: unknown, schema: z.ZodType<T>, issues: ConfigIssue[]): T | undefined {
  const result = schema.safeParse(value, { reportInput: true });
  if (result.success) return result.data;
  issues.push(...zodIssues(result.error, doc, schema, path));
  return undefined;
}

/** Checks a CEL condition, so that a mistake is told with its place rather than when the first event comes. */
export function checkFilter(doc: YamlDoc, path: Path, source: string, variable: EventVariable, issues: ConfigIssue[]): void {
  try {
    compileFilter(source, variable);
  } catch (error) {
    if (!(error instanceof FilterError)) throw error;
    issues.push(doc.issue(path, `${error.message} (at character ${error.offset + 1})`));
  }
}

/** Parses the keys that belong to an extension by the extension's own schema. */
export function parseExtension(
  doc: YamlDoc,
  path: Path,
  point: string,
  type: string,
  typePath: Path,
  config: Record<string, unknown>,
  known: ExtensionSchemas | undefined,
  issues: ConfigIssue[],
): unknown {
  if (known === undefined) return config;
  const extension = known.get(type);
  if (extension === undefined) {
    issues.push(doc.issue(typePath, `is "${type}", which is no ${point}; ${describeKnown(type, [...known.keys()])}`));
    return undefined;
  }
  return parsePart(doc, path, config, extension.config, issues);
}
