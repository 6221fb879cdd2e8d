import { secretRef } from '@tocsin/extension';
import { z } from 'zod';
import { httpAuth, httpConnection, receiverUrl } from '../http-options.js';

const HEADER = /^[A-Za-z0-9!#$%&'*+.^_`|~-]+$/;
/** Headers that the channel writes itself. */
const OWN_HEADERS = new Set(['content-type', 'content-length', 'host', 'webhook-id', 'webhook-timestamp', 'webhook-signature', 'user-agent']);

export const webhookConfig = z
  .strictObject({
    /** `http://` or `https://`; credentials belong into `auth` or headers. */
    url: receiverUrl,
    method: z.enum(['POST', 'PUT', 'PATCH']).default('POST'),
    /** Standard Webhooks secrets (`whsec_…`); all of them sign, so that one can be replaced while the other is in use. */
    secrets: z.array(secretRef).max(4).default([]),
    auth: httpAuth.optional(),
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
    ...httpConnection,
  })
  .refine(
    ({ auth, headers }) => auth === undefined || !Object.keys(headers).some((name) => name.toLowerCase() === 'authorization'),
    'has both "auth" and a header "authorization"; expected one of them',
  );

export type WebhookConfig = z.infer<typeof webhookConfig>;
