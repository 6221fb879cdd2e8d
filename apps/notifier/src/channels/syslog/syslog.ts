import type { Channel, ChannelDeps, ChannelKind, Delivery, Outcome } from '../channel.js';
import { EgressBlocked } from '../egress.js';
import { syslogConfig, type SyslogConfig } from './config.js';
import { MAX_DATAGRAM_BYTES, SyslogDatagrams } from './datagrams.js';
import { syslogMessage } from './message.js';
import { SyslogStream } from './stream.js';

/** Sends each event as JSON in an RFC 5424 message over UDP, TCP or TLS. */
export const syslog: ChannelKind<SyslogConfig> = {
  type: 'syslog',
  summary: 'Sends each event as JSON in an RFC 5424 message, over UDP, TCP or TLS.',
  config: syslogConfig,
  create: (config, deps) => (config.transport === 'udp' ? new UdpSyslog(config, deps) : new StreamSyslog(config, deps)),
};

class StreamSyslog implements Channel {
  readonly takes = 'stream';
  readonly #config: SyslogConfig;
  readonly #stream: SyslogStream;

  constructor(config: SyslogConfig, deps: ChannelDeps) {
    this.#config = config;
    this.#stream = new SyslogStream(config, deps);
  }

  async send(batch: readonly Delivery[], signal: AbortSignal): Promise<Outcome[]> {
    try {
      await this.#stream.write(
        batch.map((delivery) => syslogMessage(delivery, this.#config)),
        signal,
      );
      return batch.map(() => ({ ok: true }));
    } catch (error) {
      const outcome = failure(this.#config, error);
      return batch.map(() => outcome);
    }
  }

  close(): Promise<void> {
    return this.#stream.close();
  }
}

class UdpSyslog implements Channel {
  readonly takes = 'stream';
  readonly #config: SyslogConfig;
  readonly #datagrams: SyslogDatagrams;

  constructor(config: SyslogConfig, deps: ChannelDeps) {
    this.#config = config;
    this.#datagrams = new SyslogDatagrams(config, deps);
  }

  async send(batch: readonly Delivery[]): Promise<Outcome[]> {
    const outcomes: Outcome[] = [];
    for (const delivery of batch) outcomes.push(await this.#send(syslogMessage(delivery, this.#config)));
    return outcomes;
  }

  async #send(message: Buffer): Promise<Outcome> {
    if (message.length > MAX_DATAGRAM_BYTES) {
      return { ok: false, retry: false, reason: 'too_large', message: `${message.length} bytes do not fit into a UDP datagram; use transport "tcp"` };
    }
    try {
      await this.#datagrams.send(message);
      return { ok: true };
    } catch (error) {
      return failure(this.#config, error);
    }
  }

  async close(): Promise<void> {
    this.#datagrams.close();
  }
}

function failure({ host, transport }: SyslogConfig, error: unknown): Outcome {
  const { code, message } = error as { code?: string; message: string };
  const where = `syslog ${transport} ${host}`;
  if (error instanceof EgressBlocked)
    return { ok: false, retry: true, reason: 'blocked', message: `${where}: ${message}; see notifier.egress.allow` };
  if (code === 'ETIMEDOUT') return { ok: false, retry: true, reason: 'timeout', message: `${where}: ${message}` };
  // A certificate that is missing or not trusted, a file that cannot be read: someone must mend it, then it goes on.
  const config = code !== undefined && /^(ENOENT|EACCES|ERR_TLS|CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO|ERR_OSSL|ERR_SSL)/.test(code);
  return { ok: false, retry: true, reason: config ? 'config' : 'connection', message: `${where}: ${code ?? message}` };
}
