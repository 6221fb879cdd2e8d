import type { Channel, ChannelDeps, ChannelKind, Delivery, Outcome } from '../channel.js';
import { EgressBlocked } from '../egress.js';
import { syslogConfig, type SyslogConfig } from './config.js';
import { ConnectionError } from './connection.js';
import { SyslogDatagrams } from './datagrams.js';
import { syslogMessage } from './message.js';
import { SyslogStream } from './stream.js';

/** Sends each event in a message of RFC 5424 or RFC 3164, over UDP, TCP or TLS. */
export const syslog: ChannelKind<SyslogConfig> = {
  type: 'syslog',
  summary: 'Sends each event in a message of RFC 5424 or RFC 3164, over UDP, TCP or TLS.',
  takesFormat: true,
  config: syslogConfig,
  create: (config, deps) => (config.transport === 'udp' ? new UdpSyslog(config, deps) : new StreamSyslog(config, deps)),
};

class StreamSyslog implements Channel {
  readonly takes = 'stream';
  readonly contentOnly = true;
  readonly #config: SyslogConfig;
  readonly #stream: SyslogStream;

  constructor(config: SyslogConfig, deps: ChannelDeps) {
    this.#config = config;
    this.#stream = new SyslogStream(config, deps);
  }

  async send(batch: readonly Delivery[], signal: AbortSignal): Promise<Outcome[]> {
    const messages = batch.map((delivery) => syslogMessage(delivery, this.#config));
    let outcome: Outcome = { ok: true };
    try {
      await this.#stream.write(
        messages.filter((message) => message !== undefined),
        signal,
      );
    } catch (error) {
      outcome = failure(this.#config, error);
    }
    return messages.map((message) => (message === undefined ? TOO_LONG : outcome));
  }

  close(): Promise<void> {
    return this.#stream.close();
  }
}

class UdpSyslog implements Channel {
  readonly takes = 'stream';
  readonly contentOnly = true;
  readonly #config: SyslogConfig;
  readonly #datagrams: SyslogDatagrams;

  constructor(config: SyslogConfig, deps: ChannelDeps) {
    this.#config = config;
    this.#datagrams = new SyslogDatagrams(config, deps);
  }

  async send(batch: readonly Delivery[], signal: AbortSignal): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    let failed: Outcome | undefined;
    try {
      await this.#datagrams.ready();
      for (const delivery of batch) {
        if (signal.aborted) break;
        outcomes.push(await this.#send(syslogMessage(delivery, this.#config)));
      }
    } catch (error) {
      failed = failure(this.#config, error);
    }
    // What comes after a failure is not tried, so that the order is kept.
    failed ??= failure(this.#config, new ConnectionError('ABORT_ERR', 'was stopped'));
    while (outcomes.length < batch.length) outcomes.push(failed);
    return outcomes;
  }

  async #send(message: string | undefined): Promise<Outcome> {
    if (message === undefined) return TOO_LONG;
    try {
      await this.#datagrams.send(message);
      return { ok: true };
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EMSGSIZE') return TOO_LONG;
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#datagrams.close();
  }
}

const TOO_LONG: Outcome = {
  ok: false,
  retry: false,
  reason: 'too_large',
  message: 'the message cannot be made short enough; raise "maxMessageBytes", or use transport "tcp"',
};

function failure({ servers, transport }: SyslogConfig, error: unknown): Outcome {
  const { code, message, cause } = error as Error & { code?: unknown };
  const where = `syslog ${transport} ${servers.map(({ host }) => host).join(', ')}`;
  if (error instanceof EgressBlocked || cause instanceof EgressBlocked) {
    return { ok: false, retry: true, reason: 'blocked', message: `${where}: ${message}; see notifier.egress.allow` };
  }
  if (code === 'ETIMEDOUT' || code === 'ABORT_ERR') return { ok: false, retry: true, reason: 'timeout', message: `${where}: ${message}` };
  // A certificate that is missing or not trusted, a file that cannot be read: someone must mend it, then it goes on.
  const config = typeof code === 'string' && /^(ENOENT|EACCES|ERR_TLS|CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO|ERR_OSSL|ERR_SSL)/.test(code);
  return { ok: false, retry: true, reason: config ? 'config' : 'connection', message: `${where}: ${message}` };
}
