import { duration } from '@tocsin/extension';
import { hostname as ownHostname } from 'node:os';
import { z } from 'zod';
import { FACILITIES, SYSLOG_SEVERITIES } from './names.js';

/** Of a datagram: what every receiver takes by RFC 5426 or RFC 5424, and no network splits. Of a stream: what syslog-ng takes as it comes. */
const MAX_MESSAGE_BYTES = { udp: 2_048, tcp: 65_536, tls: 65_536 } as const;
/** Largest payload of a UDP datagram over IPv4. */
const MAX_DATAGRAM_BYTES = 65_507;
const DEFAULT_PORTS = { udp: 514, tcp: 601, tls: 6514 } as const;
/** Reserved by RFC 5612 for documentation. */
const EXAMPLE_ENTERPRISE = 32_473;

const host = z.string().min(1);
const port = z.number().int().min(1).max(65_535).optional().describe('Default: 514 for udp, 601 for tcp, 6514 for tls.');
const servername = z.string().min(1).optional().describe('Name that the certificate of the server must have, when it is not `host`.');

/** Printable ASCII, as header fields are. */
function printable(max: number): z.ZodString {
  return z.string().regex(new RegExp(`^[\\x21-\\x7e]{1,${max}}$`), `expected up to ${max} printable ASCII characters`);
}

const level = z.enum(SYSLOG_SEVERITIES).transform((name) => SYSLOG_SEVERITIES.indexOf(name));

const tls = z.strictObject({
  caFile: z.string().optional().describe("PEM file of the authorities to trust instead of the system's."),
  certFile: z.string().optional().describe('PEM file of the client certificate, for mutual TLS.'),
  keyFile: z.string().optional().describe('PEM file of its key.'),
  servername,
});

const keys = z.strictObject({
  host: host.describe('The server.'),
  port,
  standby: z
    .array(z.strictObject({ host, port, servername }))
    .max(8)
    .default([])
    .describe('Servers for when the first one fails, in the order in which they are asked.'),
  failback: duration.default(300_000).describe('A server that failed is asked again after this time, or sooner when all have failed.'),
  transport: z.enum(['udp', 'tcp', 'tls']).default('tcp').describe('`udp` loses messages without a trace: prefer the others.'),
  framing: z
    .enum(['octet-counting', 'newline'])
    .optional()
    .describe('How a stream is cut into messages. Default: `octet-counting`; `newline` makes every message one line.'),
  standard: z.enum(['rfc5424', 'rfc3164']).default('rfc5424').describe('The header of messages.'),
  maxMessageBytes: z
    .number()
    .int()
    .min(480)
    .max(1024 * 1024)
    .optional()
    .describe('Longer messages are cut, and say so. Default: 2048 for udp, 65536 for tcp and tls.'),
  byteOrderMark: z
    .boolean()
    .optional()
    .describe('Whether one stands before a message that is not ASCII. Default: as RFC 5424 wants it, but not before CEF and LEEF.'),
  hostname: printable(255).optional().describe('HOSTNAME of the messages. Default: that of this machine.'),
  appName: printable(48).default('tocsin').describe('APP-NAME of the messages; the TAG of RFC 3164.'),
  procId: printable(128).optional().describe('PROCID of the messages. Default: none; with RFC 3164 the id of the delivery.'),
  msgId: printable(32).optional().describe('MSGID of the messages. Default: violation, incident or action.'),
  enterpriseNumber: z
    .number()
    .int()
    .min(1)
    .max(4_294_967_295)
    .default(EXAMPLE_ENTERPRISE)
    .describe('Private enterprise number in the name of our structured data, `tocsin@<number>`.'),
  facility: z
    .enum(FACILITIES)
    .default('local0')
    .transform((name) => FACILITIES.indexOf(name)),
  severities: z
    .strictObject({
      informational: level.default(6),
      low: level.default(5),
      medium: level.default(4),
      high: level.default(3),
      critical: level.default(2),
      fatal: level.default(0),
    })
    .prefault({})
    .describe('What each of our severities is to syslog.'),
  timeout: duration.default(10_000).describe('How long connecting to one server, or writing a batch, may take.'),
  tls: tls.optional(),
});

export const syslogConfig = keys
  .superRefine((config, context) => {
    const issue = (path: string, message: string): void => context.addIssue({ code: 'custom', path: [path], message });
    const { transport, maxMessageBytes: max = 0 } = config;
    if (config.tls !== undefined && transport !== 'tls') issue('tls', 'is only used with transport "tls"');
    if ((config.tls?.certFile === undefined) !== (config.tls?.keyFile === undefined)) issue('tls', 'needs both "certFile" and "keyFile", or neither');
    if (transport !== 'tls' && config.standby.some(({ servername: name }) => name !== undefined))
      issue('standby', 'has a "servername", which is only used with transport "tls"');
    if (config.framing !== undefined && transport === 'udp') issue('framing', 'is only used with transport "tcp" or "tls": a datagram is a message');
    if (transport === 'udp' && max > MAX_DATAGRAM_BYTES)
      issue('maxMessageBytes', `expected at most ${MAX_DATAGRAM_BYTES}, which is what a datagram holds`);
  })
  .transform(({ host: first, port: firstPort, standby, tls: secure, ...rest }) => {
    const { transport } = rest;
    const servers = [{ host: first, port: firstPort, servername: secure?.servername }, ...standby];
    return {
      ...rest,
      servers: servers.map((server): Server => ({ ...server, port: server.port ?? DEFAULT_PORTS[transport] })),
      framing: rest.framing ?? 'octet-counting',
      maxMessageBytes: rest.maxMessageBytes ?? MAX_MESSAGE_BYTES[transport],
      hostname: rest.hostname ?? ownHostname(),
      tls: { caFile: secure?.caFile, certFile: secure?.certFile, keyFile: secure?.keyFile },
    };
  });

export interface Server {
  host: string;
  port: number;
  servername?: string | undefined;
}

export type SyslogConfig = z.output<typeof syslogConfig>;
