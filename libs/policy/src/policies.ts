import { readFile } from 'node:fs/promises';
import { ConfigErrors, describeKnown, formatIssue, parseYamlDocuments, type ConfigIssue, type YamlDoc } from '@tocsin/extension';
import { z } from 'zod';
import { checkRules } from './check-rules.js';
import type { DocumentKind, Metadata, Origin, PolicyDocument, PolicySchemas } from './kinds/document-kind.js';
import { correlationRule } from './kinds/correlation-rule.js';
import { documentKinds } from './kinds/index.js';
import { parsePart } from './kinds/parse.js';
import { attempt, policyFiles } from './policy-files.js';

export const API_VERSION = 'tocsin.dev/v1';

type Kinds = typeof documentKinds;
type DocumentOf<K> = K extends DocumentKind<infer Kind, infer Spec> ? PolicyDocument<Kind, Spec> : never;

/** Documents by kind, each list in the order of the files and of the documents within them. */
export type PolicySet = { -readonly [K in keyof Kinds]: DocumentOf<Kinds[K]>[] };

const metadata = z.strictObject({
  // As a Kubernetes object's name, since the same documents may live there; it is also a metric label and part of ids.
  name: z
    .string()
    .max(253)
    .regex(/^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/, 'expected lower case letters, digits, "-" and ".", as Kubernetes names objects'),
  labels: z.record(z.string(), z.string()).default({}),
  annotations: z.record(z.string(), z.string()).default({}),
});

const KIND_NAMES = Object.values(documentKinds).map(({ kind }) => kind);

/** What every document has around its `spec`. */
export const envelope = z.strictObject({
  apiVersion: z.literal(API_VERSION),
  kind: z.string({ error: `expected one of: ${KIND_NAMES.join(', ')}` }),
  metadata,
  spec: z.unknown().optional(),
});

export interface ReadOptions {
  /**
   * Names of rules beside those that are read, which these may name. Absent: what rules say of one another is not checked,
   * either because another service does that or because `checkRules` follows.
   */
  knownRules?: Iterable<string>;
}

/** Parses the documents of one file. Throws `ConfigErrors` with all its mistakes. */
export function parsePolicies(text: string, file: string, schemas: PolicySchemas, options: ReadOptions = {}): PolicySet {
  return collect([{ text, file }], schemas, options);
}

/**
 * Reads every `*.yaml` and `*.yml` below the directories in the order of their names; hidden ones are left out. A file
 * may stand for a directory. The rules that come with Tocsin are read only where their own directory is named.
 * A missing directory is an empty set. Throws `ConfigErrors` with the mistakes of all files.
 */
export async function loadPolicies(directories: string | readonly string[], schemas: PolicySchemas, options: ReadOptions = {}): Promise<PolicySet> {
  const issues: ConfigIssue[] = [];
  const files: { text: string; file: string }[] = [];
  for (const directory of [directories].flat()) {
    for (const file of await policyFiles(directory, issues)) {
      const text = await attempt(file, issues, async () => readFile(file, 'utf8'));
      if (text !== undefined) files.push({ file, text });
    }
  }
  return collect(files, schemas, options, issues);
}

function collect(
  files: readonly { text: string; file: string }[],
  schemas: PolicySchemas,
  { knownRules }: ReadOptions,
  issues: ConfigIssue[] = [],
): PolicySet {
  const set = Object.fromEntries(Object.keys(documentKinds).map((list) => [list, []])) as unknown as PolicySet;
  const names = new Map<string, Origin>();
  for (const { text, file } of files) {
    for (const doc of readDocuments(text, file, issues)) parseDocument(doc, names, schemas, issues, set);
  }
  // A rule whose document has mistakes is there all the same: that others name it is none.
  if (knownRules !== undefined) issues.push(...checkRules(set.rules, [...knownRules, ...namesOf(correlationRule.kind, names)]));
  if (issues.length > 0) throw new ConfigErrors(unique(issues).toSorted(byPlace));
  return set;
}

/** Two schemas may read the same key, and find the same mistake. */
function unique(issues: readonly ConfigIssue[]): ConfigIssue[] {
  return [...new Map(issues.map((issue) => [formatIssue(issue), issue])).values()];
}

function byPlace(a: ConfigIssue, b: ConfigIssue): number {
  if (a.file !== b.file) return a.file < b.file ? -1 : 1;
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0);
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

function parseDocument(doc: YamlDoc, names: Map<string, Origin>, schemas: PolicySchemas, issues: ConfigIssue[], set: PolicySet): void {
  const outer = parsePart(doc, [], doc.value, envelope, issues);
  const { kind: kindName, spec } = (doc.value ?? {}) as { kind?: unknown; spec?: unknown };
  if (typeof kindName !== 'string') return;
  const found = (Object.entries(documentKinds) as [keyof PolicySet, DocumentKind<string, unknown>][]).find(([, { kind }]) => kind === kindName);
  if (found === undefined) {
    issues.push(doc.issue(['kind'], `is "${kindName}", which is no kind of document here; ${describeKnown(kindName, KIND_NAMES)}`));
    return;
  }
  const [list, kind] = found;
  const parsedSpec = kind.parseSpec(doc, spec, schemas, issues);
  if (outer === undefined) return;
  const origin: Origin = { file: doc.file, line: doc.issue(['kind'], '', 'key').line ?? 1 };
  const unique = claimName(doc, kindName, outer.metadata, origin, names, issues);
  if (!unique || parsedSpec === undefined) return;
  const issue: YamlDoc['issue'] = (path, message, at) => doc.issue(path, message, at);
  (set[list] as PolicyDocument<string, unknown>[]).push({ kind: kindName, metadata: outer.metadata, origin, spec: parsedSpec, issue });
}

function namesOf(kind: string, names: ReadonlyMap<string, Origin>): string[] {
  return [...names.keys()].filter((identity) => identity.startsWith(`${kind}/`)).map((identity) => identity.slice(kind.length + 1));
}

function claimName(doc: YamlDoc, kind: string, { name }: Metadata, origin: Origin, names: Map<string, Origin>, issues: ConfigIssue[]): boolean {
  const identity = `${kind}/${name}`;
  const first = names.get(identity);
  if (first === undefined) {
    names.set(identity, origin);
    return true;
  }
  issues.push(doc.issue(['metadata', 'name'], `is "${name}", the name of another ${kind} at ${first.file}:${first.line}; rename one of them`));
  return false;
}
