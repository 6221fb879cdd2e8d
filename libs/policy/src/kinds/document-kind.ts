import type { YamlDoc, ConfigIssue } from '@tocsin/extension';
import type { z } from 'zod';
import type { EventVariable } from '../cel/filter.js';
import type { Reach } from '../namespaces/reach.js';

/** Schemas of extensions by their type; a service passes those that it has. */
export type ExtensionSchemas = ReadonlyMap<string, ExtensionSchema>;

export interface ExtensionSchema {
  type: string;
  summary?: string;
  config: z.ZodType;
  /** Of a channel: whether it sends what a format has written; if not, its messages have a shape of its own. */
  takesFormat?: boolean;
  /** Of a channel: the events that it can tell; all when absent. */
  tells?: readonly string[];
  /** Of a channel: whether people read it as it comes, so that storms are told by their counts unless a document says otherwise. */
  forPeople?: boolean;
  /**
   * Of a channel: that documents of namespaces may choose it, without those keys. It MUST reach nothing but what its addresses name, by
   * the rules of egress, and let nobody command anything. Absent: only documents in Tocsin's own namespace may.
   */
  forNamespaces?: { withheld: readonly string[] };
  /** Of a format: what is wrong with its configuration for events of that kind, which its schema cannot know. */
  check?(config: unknown, variable: EventVariable): { path: string[]; message: string }[];
}

/** What services know of documents. What a service does not pass is not checked: another one does that. */
export interface PolicySchemas {
  ruleKinds?: ExtensionSchemas;
  actions?: ExtensionSchemas;
  channels?: ExtensionSchemas;
  formats?: ExtensionSchemas;
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
  /** Of a document in a namespace of a cluster that is not Tocsin's own: what it can reach. */
  reach?: Reach;
  /** A mistake that shows only beside other documents, with its place in this one. */
  issue: YamlDoc['issue'];
}

/** One kind of policy document; a new kind is one file here and one line in `index.ts`. */
export interface DocumentKind<Kind extends string, Spec> {
  kind: Kind;
  /** Schema of the keys of `spec` that belong to the document itself, for the published JSON Schema. */
  spec(schemas: PolicySchemas): z.ZodType;
  /** The maps in `spec` that also have keys of an extension, which their `key` chooses. */
  extended?: readonly { path: readonly string[]; key: string; by: 'ruleKinds' | 'channels' | 'formats' }[];
  /** Parses `spec`; issues are collected, undefined when there were any. */
  parseSpec(doc: YamlDoc, value: unknown, schemas: PolicySchemas, issues: ConfigIssue[]): Spec | undefined;
}
