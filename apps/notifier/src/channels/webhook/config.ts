import { duration, secretRef } from '@tocsin/extension';
import { z } from 'zod';

const HEADER = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
/** Headers that the channel writes itself. */
const OWN_HEADERS = new Set(['content-type', 'content-length', 'host', 'webhook-id', 'webhook-timestamp', 'webhook-signature', 'user-agent']);

export const webhookConfig = z.strictObject({
  /** `http://` or `https://`; credentials belong into headers. */
  url: z
    .url({ protocol: /^https?$/, error: 'expected an http:// or https:// URL' })
    .refine((url) => !URL.canParse(url) || new URL(url).username === '', 'must not hold credentials; send them by "headers" with a secret reference'),
  /** Standard Webhooks secrets (`whsec_…`); all of them sign, so that one can be replaced while the other is in use. */
  secrets: z.array(secretRef).max(4).default([]),
  /** Sent with every request; a value is text or a secret reference. */
  headers: z
    .record(
      z
        .string()
        .regex(HEADER, 'is not the name of a header')
        .refine((name) => !OWN_HEADERS.has(name.toLowerCase()), 'is a header that Tocsin writes itself'),
      z.union([z.string().regex(/^[\x20-\x7e]*$/, 'expected printable ASCII'), secretRef]),
    )
    .default({}),
  /** How long one request may take. */
  timeout: duration.default(15_000),
});

export type WebhookConfig = z.infer<typeof webhookConfig>;
