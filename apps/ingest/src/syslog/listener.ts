import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { Deframer, type Frame } from '@tocsin/syslog';
import type { Logger } from '@tocsin/runtime';
import type { ListenerConfig } from '../config.js';
import type { IngestMetrics } from '../metrics.js';
import type { SyslogQueue } from './queue.js';

export interface ListenerDeps {
  config: ListenerConfig;
  /** `onDrained` is to be called when the queue has room again. */
  openQueue(onDrained: () => void): SyslogQueue;
  metrics: IngestMetrics;
  logger: Logger;
}

export interface SyslogListener {
  /** Where it listens, once started. */
  port(): number;
  start(): Promise<void>;
  /** Closes the sockets, then appends what waits. */
  stop(): Promise<void>;
}

export function syslogListener(deps: ListenerDeps): SyslogListener {
  return deps.config.protocol === 'tcp' ? new TcpListener(deps) : new UdpListener(deps);
}

async function drain(queue: SyslogQueue, { metrics, logger, config }: ListenerDeps): Promise<void> {
  const lost = await queue.stop();
  if (lost === 0) return;
  metrics.syslogDropped.inc({ protocol: config.protocol }, lost);
  logger.error({ lost, protocol: config.protocol }, 'Syslog messages were lost: the log did not take them before the stop.');
}

class TcpListener implements SyslogListener {
  readonly #deps: ListenerDeps;
  readonly #queue: SyslogQueue;
  readonly #sockets = new Set<Socket>();
  readonly #server: Server;

  constructor(deps: ListenerDeps) {
    this.#deps = deps;
    // While the queue is full nothing is read: the kernel's window closes and the sender waits.
    this.#queue = deps.openQueue(() => this.#sockets.forEach((socket) => socket.resume()));
    this.#server = createServer((socket) => this.#accept(socket));
    this.#server.maxConnections = deps.config.maxConnections;
  }

  port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  async start(): Promise<void> {
    const { host, port } = this.#deps.config;
    this.#server.listen(port, host);
    await once(this.#server, 'listening');
    this.#server.on('error', (error) => this.#deps.logger.error({ err: error }, 'The syslog listener failed.'));
    this.#server.on('drop', () =>
      this.#deps.logger.warn({ maxConnections: this.#deps.config.maxConnections }, 'A syslog connection was refused: too many are open.'),
    );
  }

  async stop(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
    await drain(this.#queue, this.#deps);
  }

  #accept(socket: Socket): void {
    const { config, metrics, logger } = this.#deps;
    const deframer = new Deframer(config.maxMessageBytes);
    this.#sockets.add(socket);
    metrics.syslogConnections.inc();
    socket.setTimeout(config.idleTimeout, () => socket.destroy());
    socket.on('data', (chunk) => {
      this.#take(deframer.push(chunk as Buffer));
      if (this.#queue.full) socket.pause();
    });
    socket.on('error', (error) => logger.debug({ err: error }, 'A syslog connection broke.'));
    socket.on('close', () => {
      this.#take(deframer.end());
      this.#sockets.delete(socket);
      metrics.syslogConnections.dec();
    });
    if (this.#queue.full) socket.pause();
  }

  #take(frames: readonly Frame[]): void {
    const { metrics } = this.#deps;
    for (const { bytes, truncated } of frames) {
      metrics.syslogMessages.inc({ protocol: 'tcp' });
      if (truncated) metrics.syslogTruncated.inc({ protocol: 'tcp' });
      this.#queue.push(bytes);
    }
  }
}

class UdpListener implements SyslogListener {
  readonly #deps: ListenerDeps;
  readonly #queue: SyslogQueue;
  readonly #socket: UdpSocket;

  constructor(deps: ListenerDeps) {
    this.#deps = deps;
    this.#queue = deps.openQueue(() => undefined);
    this.#socket = createSocket(deps.config.host.includes(':') ? 'udp6' : 'udp4');
    this.#socket.on('message', (message) => this.#take(message));
  }

  port(): number {
    return this.#socket.address().port;
  }

  async start(): Promise<void> {
    this.#socket.bind(this.#deps.config.port, this.#deps.config.host);
    await once(this.#socket, 'listening');
    this.#socket.on('error', (error) => this.#deps.logger.error({ err: error }, 'The syslog listener failed.'));
  }

  async stop(): Promise<void> {
    await new Promise<void>((resolve) => this.#socket.close(() => resolve()));
    await drain(this.#queue, this.#deps);
  }

  /** One datagram is one message (RFC 5426). */
  #take(message: Buffer): void {
    const { metrics, config } = this.#deps;
    metrics.syslogMessages.inc({ protocol: 'udp' });
    if (this.#queue.full) {
      metrics.syslogDropped.inc({ protocol: 'udp' });
      return;
    }
    if (message.length > config.maxMessageBytes) metrics.syslogTruncated.inc({ protocol: 'udp' });
    this.#queue.push(Buffer.from(message.subarray(0, config.maxMessageBytes)));
  }
}
