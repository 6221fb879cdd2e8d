import { duration, secretRef } from '@tocsin/extension';
import { z } from 'zod';

/** One NeuVector controller: where its REST API is, and as whom it is asked. */
export const neuvectorConfig = z.strictObject({
  /** Such as `https://neuvector-svc-controller-api.neuvector:10443`. */
  url: z
    .url({ protocol: /^https$/, error: 'expected an https:// URL' })
    .refine((url) => !URL.canParse(url) || isOrigin(new URL(url)), 'expected a host and a port only, without credentials, path or query'),
  /** `name:secret` of an API key whose role has `rt_policy`; read anew for each call, so that it can be replaced while we run. */
  apiKey: secretRef,
  /** PEM file of who vouches for the controller's certificate; default: who the system trusts. */
  caFile: z.string().min(1).optional(),
  /** The name in that certificate, where it is not the host of the URL: the certificate that NeuVector brings along is for none. */
  serverName: z.string().min(1).max(253).optional(),
  /** How long one call may take. */
  timeout: duration.prefault('15s'),
  /** How long the download of a capture may take. */
  downloadTimeout: duration.prefault('2m'),
});

export type NeuvectorConfig = z.infer<typeof neuvectorConfig>;

function isOrigin({ username, password, pathname, search, hash }: URL): boolean {
  return username === '' && password === '' && pathname === '/' && search === '' && hash === '';
}
