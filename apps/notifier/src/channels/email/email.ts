import { connect, type Socket } from 'node:net';
import { duration, resolveSecret, secretRef } from '@tocsin/extension';
import { createTransport, type Transporter } from 'nodemailer';
import type SMTPTransport from 'nodemailer/lib/smtp-transport/index.js';
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import type { Channel, ChannelDeps, ChannelKind, Delivery, Outcome } from '../channel.js';
import { EgressBlocked } from '../egress.js';
import { messageOf, type Message } from '../message.js';

/** One address, or a name and one; nothing that would end the header. */
const address = z
  .string()
  .regex(/^[^<>\r\n,;:"]*<[^\s<>@]+@[^\s<>@]+>$|^[^\s<>@,;:"]+@[^\s<>@,;:"]+$/, 'expected an address, "soc@example.com" or "SOC <soc@example.com>"');

const emailConfig = z
  .strictObject({
    host: z.string().min(1),
    /** Default: 465 with `tls`, else 587. */
    port: z.number().int().min(1).max(65_535).optional(),
    /** `starttls`: it must come, or nothing is sent. `tls`: from the first byte. `none`: in the clear, for a relay on this host. */
    security: z.enum(['starttls', 'tls', 'none']).default('starttls'),
    username: z.string().min(1).optional(),
    password: secretRef.optional(),
    /** Authorities that the server's certificate must come from; default: the system's. */
    caFile: z.string().min(1).optional(),
    from: address,
    to: z.array(address).min(1).max(50),
    cc: z.array(address).max(50).default([]),
    /** How long the server may take to answer. */
    timeout: duration.default(30_000),
  })
  .refine(({ username, password }) => (username === undefined) === (password === undefined), 'needs both "username" and "password", or none of them')
  .refine(
    ({ username, security }) => username === undefined || security !== 'none',
    'would send the password in the clear; set "security" to "starttls" or "tls"',
  );
type EmailConfig = z.infer<typeof emailConfig>;

/** Mail by SMTP. All that is told of one incident is one thread. */
export const email: ChannelKind<EmailConfig> = {
  type: 'email',
  forPeople: true,
  summary: 'Sends mail by SMTP, one thread for each incident.',
  config: emailConfig,
  create: (config, deps) => new Email(config, deps),
};

const CONNECTIONS = 2;

class Email implements Channel {
  readonly takes = 'each';
  readonly #config: EmailConfig;
  readonly #deps: ChannelDeps;
  /** Made at the first delivery and again after the server refused who we are, so that a renewed secret is taken up. */
  #transport: Promise<Transporter<SMTPTransport.SentMessageInfo>> | undefined;

  constructor(config: EmailConfig, deps: ChannelDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  send(batch: readonly Delivery[], signal: AbortSignal): Promise<Outcome[]> {
    return Promise.all(batch.map((delivery) => this.#mail(delivery, signal)));
  }

  async close(): Promise<void> {
    const open = await this.#transport?.catch(() => undefined);
    this.#transport = undefined;
    open?.close();
  }

  async #mail(delivery: Delivery, signal: AbortSignal): Promise<Outcome> {
    let transport: Transporter<SMTPTransport.SentMessageInfo>;
    try {
      transport = await (this.#transport ??= this.#open());
    } catch (error) {
      this.#transport = undefined;
      return { ok: false, retry: true, reason: 'config', message: (error as Error).message };
    }
    const stopped = Promise.withResolvers<Outcome>();
    const stop = (): void => stopped.resolve({ ok: false, retry: true, reason: 'timeout', message: 'was stopped before the server answered' });
    signal.addEventListener('abort', stop, { once: true });
    try {
      if (signal.aborted) stop();
      return await Promise.race([this.#sendBy(transport, delivery), stopped.promise]);
    } finally {
      signal.removeEventListener('abort', stop);
    }
  }

  async #sendBy(transport: Transporter<SMTPTransport.SentMessageInfo>, delivery: Delivery): Promise<Outcome> {
    const { from, to, cc } = this.#config;
    const message = messageOf(delivery, this.#deps.publicUrl);
    const domain = /@([^>\s]+)>?$/.exec(from)?.[1] ?? 'tocsin.invalid';
    const thread = `<${threadOf(message)}.tocsin@${domain}>`;
    try {
      const { rejected } = await transport.sendMail({
        from,
        to,
        cc,
        subject: message.title,
        text: textOf(message),
        html: htmlOf(message),
        // The same for each attempt: readers and servers know a repeat by it.
        messageId: `<${delivery.id}.tocsin@${domain}>`,
        inReplyTo: thread,
        references: thread,
        headers: { 'X-Tocsin-Delivery': delivery.id, 'Auto-Submitted': 'auto-generated' },
        disableFileAccess: true,
        disableUrlAccess: true,
      });
      if (rejected.length > 0)
        this.#deps.logger.warn({ subscription: this.#deps.subscription, rejected: rejected.length }, 'Some recipients of a mail were refused.');
      return { ok: true };
    } catch (error) {
      const outcome = failureOf(error as SmtpError, this.#config);
      if (!outcome.ok && outcome.reason === 'auth') await this.close();
      return outcome;
    }
  }

  async #open(): Promise<Transporter<SMTPTransport.SentMessageInfo>> {
    const { host, security, username, password, caFile, timeout } = this.#config;
    const port = this.#config.port ?? (security === 'tls' ? 465 : 587);
    const ca =
      caFile === undefined
        ? undefined
        : await readFile(caFile).catch((error: NodeJS.ErrnoException) => {
            throw new Error(`The file ${caFile} cannot be read (${error.code ?? 'unknown error'}).`);
          });
    return createTransport({
      pool: true,
      maxConnections: CONNECTIONS,
      host,
      port,
      secure: security === 'tls',
      requireTLS: security === 'starttls',
      ignoreTLS: security === 'none',
      connectionTimeout: timeout,
      greetingTimeout: timeout,
      socketTimeout: timeout,
      ...(username !== undefined && password !== undefined && { auth: { user: username, pass: await resolveSecret(password) } }),
      tls: { servername: host, ...(ca !== undefined && { ca }) },
      getSocket: (_options: unknown, callback: (error: Error | null, socket?: { connection: Socket }) => void) =>
        this.#connect(host, port, timeout, callback),
    } as SMTPTransport.Options) as Transporter<SMTPTransport.SentMessageInfo>;
  }

  /** By our own look-up, so that only addresses that are allowed are connected to. */
  #connect(host: string, port: number, timeoutMs: number, callback: (error: Error | null, socket?: { connection: Socket }) => void): void {
    try {
      this.#deps.egress.assertHost(host);
    } catch (error) {
      callback(error as Error);
      return;
    }
    const socket = connect({ host, port, lookup: this.#deps.egress.lookup });
    const failed = (error: Error): void => {
      clearTimeout(timer);
      socket.destroy();
      callback(error);
    };
    const timer = setTimeout(() => failed(Object.assign(new Error('no connection'), { code: 'ETIMEDOUT' })), timeoutMs);
    socket.once('error', failed);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeListener('error', failed);
      callback(null, { connection: socket });
    });
  }
}

interface SmtpError extends Error {
  code?: string;
  responseCode?: number;
}

/** Replies of the server are not repeated: they may hold addresses. */
function failureOf(error: SmtpError, { host, timeout }: EmailConfig): Outcome {
  const { code = '', responseCode = 0 } = error;
  if (error instanceof EgressBlocked)
    return { ok: false, retry: true, reason: 'blocked', message: `${host}: ${error.message}; see notifier.egress.allow` };
  if (code === 'EAUTH')
    return { ok: false, retry: true, reason: 'auth', message: `${host} does not accept the username and password (${responseCode})` };
  if (code === 'ETIMEDOUT') return { ok: false, retry: true, reason: 'timeout', message: `${host} did not answer within ${timeout} ms` };
  // What the TLS library says of a certificate comes as an error of the socket, with its words alone.
  if (code === 'ETLS' || /certificate|self.signed/i.test(error.message)) {
    return { ok: false, retry: true, reason: 'config', message: `${host}: no trusted TLS (${code})` };
  }
  if (responseCode >= 400 && responseCode < 500)
    return { ok: false, retry: true, reason: 'server_error', message: `${host} answered ${responseCode}` };
  // Sender and recipients are the same for every mail: somebody will mend them, and mails wait.
  if (code === 'EENVELOPE')
    return { ok: false, retry: true, reason: 'config', message: `${host} refuses the sender or all recipients (${responseCode})` };
  if (responseCode === 552) return { ok: false, retry: false, reason: 'too_large', message: `${host} answered ${responseCode}` };
  if (responseCode >= 500) return { ok: false, retry: false, reason: 'client_error', message: `${host} answered ${responseCode}` };
  return { ok: false, retry: true, reason: 'connection', message: `${host}: ${code || 'the connection failed'}` };
}

/** What belongs together: an incident and the actions that answer it. */
function threadOf({ told, facts }: Message): string {
  if (told.events === 'actions') return told.data.incident ?? told.data.id;
  return told.events === 'digests' ? `${told.data.subscription}.digests` : facts.id;
}

function textOf({ title, text, fields, link }: Message): string {
  const lines = [title, '', text, '', ...fields.map(([name, value]) => `${name}: ${value}`)];
  return [...lines, ...(link === undefined ? [] : ['', link]), ''].join('\n');
}

function htmlOf({ title, text, fields, link }: Message): string {
  const rows = fields.map(([name, value]) => `<tr><td style="padding-right:1em;color:#666">${html(name)}</td><td>${html(value)}</td></tr>`);
  const more = link === undefined ? '' : `<p><a href="${html(link)}">Open in Tocsin</a></p>`;
  return `<h3>${html(title)}</h3><p>${html(text)}</p><table>${rows.join('')}</table>${more}`;
}

function html(text: string): string {
  return text.toWellFormed().replaceAll(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}
