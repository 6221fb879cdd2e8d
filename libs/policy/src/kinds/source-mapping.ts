import { z } from 'zod';
import type { DocumentKind, PolicyDocument } from './document-kind.js';
import { parsePart } from './parse.js';

/** What a service that does not read the mapped source makes of it: a map, whose keys another service checks. */
const unchecked = z.record(z.string(), z.unknown());

export interface SourceMappingSpec {
  /** Parsed by the schema that the service passed, see `PolicySchemas`. */
  mapping: unknown;
}

/** How the source `generic` reads foreign JSON; senders name it by `?mapping=<metadata.name>`. */
export type SourceMapping = PolicyDocument<'SourceMapping', SourceMappingSpec>;

export const sourceMapping: DocumentKind<'SourceMapping', SourceMappingSpec> = {
  kind: 'SourceMapping',
  spec: (schemas) => schemas.mapping ?? unchecked,
  parseSpec(doc, value, schemas, issues) {
    const mapping = parsePart<unknown>(doc, ['spec'], value, this.spec(schemas), issues);
    return mapping === undefined ? undefined : { mapping };
  },
};
