import { readFile } from 'node:fs/promises';
import { ConfigErrors, parseYamlDocuments, zodIssues, type ConfigIssue, type YamlDoc } from '@tocsin/extension';
import type { NotifierConfig } from '@tocsin/notifier/config';
import type { SourceMapping } from '@tocsin/policy';
import { UsageError } from './command.js';

/** What tocsin.yaml says about policies. */
export interface PolicyConfig {
  /** Where the documents are; undefined: it does not say. */
  directory: string | undefined;
  /** Whether the rules that come with Tocsin are in force. */
  builtinRules: boolean;
  /** Its section for the notifier; undefined: it has mistakes, or there is no file. */
  notifier?: NotifierConfig | undefined;
  /** Mistakes of the file, and of documents beside it. */
  check(mappings: readonly SourceMapping[]): ConfigIssue[];
}

export const NO_CONFIG: PolicyConfig = { directory: undefined, builtinRules: true, check: () => [] };

/** Reads the sections of the services in the file. Its other keys are for their start, and so is the environment. */
export async function readConfig(file: string): Promise<PolicyConfig> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`"${file}" cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)})`);
  });
  const [document = emptyDocument(file)] = parseYamlDocuments(text, file);
  const value = (document.value ?? {}) as Record<string, unknown>;
  const [ingest, correlator, notifier, responder, { configIssues, withMappings }] = await Promise.all([
    import('@tocsin/ingest/config'),
    import('@tocsin/correlator/config'),
    import('@tocsin/notifier/config'),
    import('@tocsin/responder/config'),
    import('@tocsin/ingest/check-config'),
  ]);
  const issues: ConfigIssue[] = [];
  const section = <T>(name: string, schema: Schema<T>): T | undefined => parseSection(document, name, value[name], schema, issues);
  const ingestSection = section('ingest', ingest.ingestConfig);
  const correlatorSection = section('correlator', correlator.correlatorConfig);
  const notifierSection = section('notifier', notifier.notifierConfig);
  section('responder', responder.responderConfig);
  const { policyDir, http } = value as { policyDir?: unknown; http?: { host?: unknown } };
  const host = typeof http?.host === 'string' ? http.host : '127.0.0.1';
  return {
    directory: typeof policyDir === 'string' ? policyDir : undefined,
    builtinRules: correlatorSection?.builtinRules ?? true,
    notifier: notifierSection,
    check(mappings) {
      if (ingestSection === undefined) return issues;
      const place = (issue: ConfigIssue): ConfigIssue => (issue.file === 'tocsin.yaml' ? { ...issue, file } : issue);
      return [...issues, ...configIssues(ingestSection, host).map(place), ...issuesOf(() => withMappings(ingestSection, mappings)).map(place)];
    },
  };
}

type Schema<T> = Parameters<typeof zodIssues>[2] & { _output: T };

function parseSection<T>(document: YamlDoc, name: string, value: unknown, schema: Schema<T>, issues: ConfigIssue[]): T | undefined {
  const result = schema.safeParse(value ?? {}, { reportInput: true });
  if (result.success) return result.data as T;
  issues.push(...zodIssues(result.error, document, schema, [name]));
  return undefined;
}

function issuesOf(act: () => unknown): readonly ConfigIssue[] {
  try {
    act();
    return [];
  } catch (error) {
    if (error instanceof ConfigErrors) return error.issues;
    throw error;
  }
}

function emptyDocument(file: string): YamlDoc {
  return { file, value: {}, issue: (path, message) => ({ file, path: path.join('.'), message }) };
}
