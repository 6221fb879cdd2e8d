import { duration } from '@tocsin/extension';
import { z } from 'zod';

const FACILITIES = [
  'kern',
  'user',
  'mail',
  'daemon',
  'auth',
  'syslog',
  'lpr',
  'news',
  'uucp',
  'cron',
  'authpriv',
  'ftp',
  'ntp',
  'audit',
  'alert',
  'clock',
] as const;
const LOCALS = ['local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'] as const;
const NAMES = [...FACILITIES, ...LOCALS];

export const syslogConfig = z
  .strictObject({
    host: z.string().min(1),
    /** Default: 514 for udp, 601 for tcp, 6514 for tls. */
    port: z.number().int().min(1).max(65_535).optional(),
    /** `tcp` and `tls` frame by octet counting (RFC 6587, RFC 5425). `udp` loses messages without a trace: prefer the others. */
    transport: z.enum(['udp', 'tcp', 'tls']).default('tcp'),
    facility: z
      .enum(NAMES as [string, ...string[]])
      .default('local0')
      .transform((name) => NAMES.indexOf(name as (typeof NAMES)[number])),
    /** APP-NAME of the messages. */
    appName: z
      .string()
      .regex(/^[\x21-\x7e]{1,48}$/, 'expected up to 48 printable ASCII characters')
      .default('tocsin'),
    /** How long connecting, or writing a batch, may take. */
    timeout: duration.default(10_000),
    tls: z
      .strictObject({
        /** PEM file of the authorities to trust instead of the system's. */
        caFile: z.string().optional(),
        /** PEM files of the client certificate, for mutual TLS. */
        certFile: z.string().optional(),
        keyFile: z.string().optional(),
        /** Name that the server's certificate must have, when it is not `host`. */
        servername: z.string().optional(),
      })
      .optional(),
  })
  .superRefine((config, context) => {
    if (config.tls !== undefined && config.transport !== 'tls')
      context.addIssue({ code: 'custom', path: ['tls'], message: 'is only used with transport "tls"' });
    if ((config.tls?.certFile === undefined) !== (config.tls?.keyFile === undefined)) {
      context.addIssue({ code: 'custom', path: ['tls'], message: 'needs both "certFile" and "keyFile", or neither' });
    }
  });

export type SyslogConfig = z.infer<typeof syslogConfig>;

export const DEFAULT_PORTS = { udp: 514, tcp: 601, tls: 6514 } as const;
