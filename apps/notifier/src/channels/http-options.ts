import { duration, secretRef } from '@tocsin/extension';
import { z } from 'zod';

const webUrl = z.url({ protocol: /^https?$/, error: 'expected an http:// or https:// URL' });

/** A URL without credentials: these are secrets, and stand elsewhere. */
export const receiverUrl = webUrl.refine(
  (url) => !URL.canParse(url) || (new URL(url).username === '' && new URL(url).password === ''),
  'must not hold credentials; send them by "auth" or "headers" with a secret reference',
);

/** How one proves who one is; one of them. */
export const httpAuth = z
  .strictObject({
    /** Sent as `Authorization: Bearer …`. */
    bearer: secretRef.optional(),
    /** RFC 7617. */
    basic: z.strictObject({ username: z.string().min(1), password: secretRef }).optional(),
    /** The client credentials grant, RFC 6749 section 4.4; the token is kept until it ends or is refused. */
    oauth2: z
      .strictObject({
        tokenUrl: receiverUrl,
        clientId: z.string().min(1),
        clientSecret: secretRef,
        scope: z.string().min(1).optional(),
        audience: z.string().min(1).optional(),
      })
      .optional(),
  })
  .refine((auth) => Object.values(auth).filter((value) => value !== undefined).length === 1, 'expected one of "bearer", "basic" and "oauth2"');
export type HttpAuth = z.infer<typeof httpAuth>;

/** PEM files, read again when they change. */
export const httpTls = z
  .strictObject({
    /** Authorities that the server's certificate must come from; default: the system's. */
    caFile: z.string().min(1).optional(),
    /** Certificate and key that are shown to the server. */
    certFile: z.string().min(1).optional(),
    keyFile: z.string().min(1).optional(),
    /** The name in the server's certificate, where it is not the host of the URL. */
    servername: z.string().min(1).optional(),
  })
  .refine(({ certFile, keyFile }) => (certFile === undefined) === (keyFile === undefined), 'needs both "certFile" and "keyFile", or none of them');
export type HttpTls = z.infer<typeof httpTls>;

/** A proxy by CONNECT (https) or by absolute request targets (http). None is taken from the environment. */
export const httpProxy = z.strictObject({
  url: receiverUrl,
  /** Sent to the proxy as it is, for example `Basic …`. */
  authorization: secretRef.optional(),
});
export type HttpProxy = z.infer<typeof httpProxy>;

/** Keys of a connection that are not for Subscriptions of namespaces: files of the notifier, and ways round `egress`. */
export const CONNECTION_OF_OURS = ['tls', 'proxy'];

/** What channels that speak HTTP let users set of their connection. */
export const httpConnection = {
  /** How long one request may take. */
  timeout: duration.default(15_000),
  tls: httpTls.optional(),
  proxy: httpProxy.optional(),
};
