import { createHmac } from 'node:crypto';

/**
 * Standard Webhooks 1.0.0: HMAC-SHA256 over `id.timestamp.body`, one `v1,<base64>` per secret, separated by spaces.
 * https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
 */
export function sign(secrets: readonly Buffer[], id: string, timestampSeconds: number, body: Buffer): string {
  return secrets.map((secret) => `v1,${createHmac('sha256', secret).update(`${id}.${timestampSeconds}.`).update(body).digest('base64')}`).join(' ');
}

const PREFIX = 'whsec_';

/** The key of a `whsec_` secret. Throws without showing it when it is none. */
export function parseSecret(text: string): Buffer {
  const encoded = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : '';
  const key = Buffer.from(encoded, 'base64');
  if (key.length < 24 || key.length > 64) throw new Error('A webhook secret is "whsec_" and the base64 of 24 to 64 random bytes.');
  return key;
}
