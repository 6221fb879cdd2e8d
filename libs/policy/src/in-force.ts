import { createHash } from 'node:crypto';
import { canonicalJson } from '@tocsin/domain';
import type { PolicyDocument } from './kinds/document-kind.js';
import { API_VERSION } from './policies.js';

/** A document as others are told of it: what it says, with its defaults, and where it stands. Nothing in it opens a door. */
export interface DocumentInForce {
  name: string;
  mode: 'enabled' | 'disabled';
  file: string;
  line: number;
  /** SHA-256 of what is told of it, hexadecimal. */
  hash: string;
  /** Canonical JSON text. */
  document: string;
  loadedAt: string;
}

/** `now` is RFC 3339. */
export function documentInForce({ kind, metadata, origin, spec }: PolicyDocument<string, object>, now: string): DocumentInForce {
  const document = canonicalJson(JSON.parse(JSON.stringify({ apiVersion: API_VERSION, kind, metadata, spec }), redacted));
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

/**
 * Secrets are references, but the address of a receiver may hold a token as well, and so may a header that is written out: whoever may read
 * policies need not be able to send in their name.
 */
function redacted(key: string, value: unknown): unknown {
  if (key === 'headers' && typeof value === 'object' && value !== null && !Array.isArray(value)) {
    return Object.fromEntries(Object.entries(value).map(([name, text]) => [name, typeof text === 'string' ? '…' : text]));
  }
  if (typeof value !== 'string') return value;
  const address = /^([a-z][a-z0-9+.-]*:\/\/)(?:[^/?#]*@)?([^/?#]*)(.*)$/is.exec(value);
  if (address === null) return value;
  const [, scheme = '', host = '', rest = ''] = address;
  return `${scheme}${host}${rest === '' || rest === '/' ? rest : '/…'}`;
}
