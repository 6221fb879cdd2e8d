import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigErrors, describeKnown, parseYamlDocuments, type ConfigIssue, type YamlDoc } from '@tocsin/extension';
import { z } from 'zod';
import type { CorrelationRule } from './kinds/correlation-rule.js';
import type { Metadata, Origin, PolicySchemas } from './kinds/document-kind.js';
import { documentKinds, type PolicyDocument } from './kinds/index.js';
import { parsePart } from './kinds/parse.js';
import type { Subscription } from './kinds/subscription.js';

export const API_VERSION = 'tocsin.dev/v1';

export interface PolicySet {
  rules: CorrelationRule[];
  subscriptions: Subscription[];
}

const envelope = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.string(),
  metadata: z.strictObject({
    // As a Kubernetes object's name, since the same documents may live there; it is also a metric label and part of ids.
    name: z.string().max(253).regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'expected lower case letters, digits, "-" and "."'),
    labels: z.record(z.string(), z.string()).default({}),
    annotations: z.record(z.string(), z.string()).default({}),
  }),
  spec: z.unknown(),
});

/** Parses the documents of one file. Throws `ConfigErrors` with all its mistakes. */
export function parsePolicies(text: string, file: string, schemas: PolicySchemas): PolicySet {
  return collect([{ text, file }], schemas);
}

/**
 * Reads every `*.yaml` and `*.yml` below the directory, hidden ones left out. A missing directory is an empty set.
 * Throws `ConfigErrors` with the mistakes of all files.
 */
export async function loadPolicies(directory: string, schemas: PolicySchemas): Promise<PolicySet> {
  const files = await policyFiles(directory);
  return collect(await Promise.all(files.map(async (file) => ({ file, text: await readFile(file, 'utf8') }))), schemas);
}

async function policyFiles(directory: string): Promise<string[]> {
  let entries;
  try {
    entries = await readdir(directory, { withFileTypes: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw new ConfigErrors([{ file: directory, path: '', message: `cannot be read (${(error as NodeJS.ErrnoException).code ?? 'error'})` }]);
  }
  const files: string[] = [];
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue;
    const path = join(directory, entry.name);
    if (entry.isDirectory()) files.push(...(await policyFiles(path)));
    else if (/\.ya?ml$/.test(entry.name)) files.push(path);
  }
  return files;
}

function collect(files: readonly { text: string; file: string }[], schemas: PolicySchemas): PolicySet {
  const issues: ConfigIssue[] = [];
  const set: PolicySet = { rules: [], subscriptions: [] };
  const names = new Map<string, Origin>();
  for (const { text, file } of files) {
    for (const doc of readDocuments(text, file, issues)) {
      const document = parseDocument(doc, names, schemas, issues);
      if (document?.kind === 'CorrelationRule') set.rules.push(document);
      if (document?.kind === 'Subscription') set.subscriptions.push(document);
    }
  }
  if (issues.length > 0) throw new ConfigErrors(issues);
  return set;
}

function readDocuments(text: string, file: string, issues: ConfigIssue[]): YamlDoc[] {
  try {
    return parseYamlDocuments(text, file);
  } catch (error) {
    if (!(error instanceof ConfigErrors)) throw error;
    issues.push(...error.issues);
    return [];
  }
}

function parseDocument(doc: YamlDoc, names: Map<string, Origin>, schemas: PolicySchemas, issues: ConfigIssue[]): PolicyDocument | undefined {
  const parsed = parsePart(doc, [], doc.value, envelope, issues);
  if (parsed === undefined) return undefined;
  const kind = documentKinds.find((candidate) => candidate.kind === parsed.kind);
  if (kind === undefined) {
    const known = documentKinds.map((candidate) => candidate.kind);
    issues.push(doc.issue(['kind'], `is "${parsed.kind}", which is no policy kind; ${describeKnown(parsed.kind, known)}`));
    return undefined;
  }
  const metadata: Metadata = parsed.metadata;
  const origin: Origin = { file: doc.file, line: doc.issue(['kind'], '', 'key').line ?? 1 };
  const identity = `${kind.kind}/${metadata.name}`;
  const first = names.get(identity);
  if (first !== undefined) {
    issues.push(doc.issue(['metadata', 'name'], `"${metadata.name}" is the name of another ${kind.kind}, at ${first.file}:${first.line}; rename one of them`));
    return undefined;
  }
  names.set(identity, origin);
  return kind.parse(doc, metadata, origin, schemas, issues);
}
