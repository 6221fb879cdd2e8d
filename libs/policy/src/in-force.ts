import { createHash } from 'node:crypto';
import { canonicalJson } from '@tocsin/domain';
import type { PolicyDocument } from './kinds/document-kind.js';
import { API_VERSION } from './policies.js';

/** A document as others are told of it: what it says, with its defaults, and where it stands. Secrets are references. */
export interface DocumentInForce {
  name: string;
  mode: 'enabled' | 'disabled';
  file: string;
  line: number;
  /** SHA-256 of the document, hexadecimal. */
  hash: string;
  /** Canonical JSON text. */
  document: string;
  loadedAt: string;
}

/** `now` is RFC 3339. */
export function documentInForce({ kind, metadata, origin, spec }: PolicyDocument<string, object>, now: string): DocumentInForce {
  const document = canonicalJson(JSON.parse(JSON.stringify({ apiVersion: API_VERSION, kind, metadata, spec })));
  return {
    name: metadata.name,
    mode: 'enabled' in spec && spec.enabled === false ? 'disabled' : 'enabled',
    file: origin.file,
    line: origin.line,
    hash: createHash('sha256').update(document).digest('hex'),
    document,
    loadedAt: now,
  };
}
