import { createHash } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * A hook for what is sent: JSON that was asked for gets an `ETag` of its bytes, and who has those already gets 304 and no bytes.
 * https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2
 */
export async function sendUnlessKnown(request: FastifyRequest, reply: FastifyReply, payload: unknown): Promise<unknown> {
  if (request.method !== 'GET' || reply.statusCode !== 200 || typeof payload !== 'string') return payload;
  if (!String(reply.getHeader('content-type') ?? '').startsWith('application/json')) return payload;
  const etag = `"${createHash('sha256').update(payload).digest('base64url')}"`;
  void reply.header('etag', etag);
  if (!names(request.headers['if-none-match'], etag)) return payload;
  void reply.code(304).removeHeader('content-length').removeHeader('content-type');
  return '';
}

/** Proxies that compress may have made the tag a weak one. */
function names(header: string | undefined, etag: string): boolean {
  return (header ?? '').split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
