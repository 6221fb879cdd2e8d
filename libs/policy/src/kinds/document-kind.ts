import type { YamlDoc, ConfigIssue } from '@tocsin/extension';
import type { z } from 'zod';

/** Schemas of extensions by their type; a service passes those that it has. */
export type ExtensionSchemas = ReadonlyMap<string, { type: string; summary?: string; config: z.ZodType }>;

/** What services know of documents. What a service does not pass is not checked: another one does that. */
export interface PolicySchemas {
  ruleKinds?: ExtensionSchemas;
  actions?: ExtensionSchemas;
  channels?: ExtensionSchemas;
  /** Of the `spec` of a SourceMapping. */
  mapping?: z.ZodType;
}

export interface Metadata {
  name: string;
  labels: Record<string, string>;
  annotations: Record<string, string>;
}

/** Where a document came from, for messages. */
export interface Origin {
  file: string;
  line: number;
}

export interface PolicyDocument<Kind extends string, Spec> {
  kind: Kind;
  metadata: Metadata;
  origin: Origin;
  spec: Spec;
  /** A mistake that shows only beside other documents, with its place in this one. */
  issue: YamlDoc['issue'];
}

/** One kind of policy document; a new kind is one file here and one line in `index.ts`. */
export interface DocumentKind<Kind extends string, Spec> {
  kind: Kind;
  /** Schema of the keys of `spec` that belong to the document itself, for the published JSON Schema. */
  spec(schemas: PolicySchemas): z.ZodType;
  /** The map in `spec` that also has keys of an extension, which its `key` chooses. */
  extended?: { path: readonly string[]; key: string; by: 'ruleKinds' | 'channels' };
  /** Parses `spec`; issues are collected, undefined when there were any. */
  parseSpec(doc: YamlDoc, value: unknown, schemas: PolicySchemas, issues: ConfigIssue[]): Spec | undefined;
}
