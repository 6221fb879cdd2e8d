import type { YamlDoc, ConfigIssue } from '@tocsin/extension';
import type { z } from 'zod';

/** Schemas of extensions by their type; a service passes those that it has. */
export type ExtensionSchemas = ReadonlyMap<string, { type: string; config: z.ZodType }>;

export interface PolicySchemas {
  /** Rule kinds, for CorrelationRule. Absent: a rule's own keys are not checked (another service does). */
  ruleKinds?: ExtensionSchemas;
  /** Channels, for Subscription. */
  channels?: ExtensionSchemas;
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

/** One kind of policy document; a new kind is one file here and one line in `index.ts`. */
export interface DocumentKind<Document> {
  kind: string;
  /** Parses `spec`; issues are collected, undefined when there were any. */
  parse(doc: YamlDoc, metadata: Metadata, origin: Origin, schemas: PolicySchemas, issues: ConfigIssue[]): Document | undefined;
}
