import { createSocket } from 'node:dgram';
import { readFileSync } from 'node:fs';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import type { Certificates } from './certificates.js';

export interface SyslogReceiver {
  port: number;
  /** Messages without their framing, in the order of their arrival. */
  messages: string[];
  /** Connections that were taken. */
  connections: number;
  /** Resolves when the condition holds; it is looked at after every arrival. */
  until(condition: () => boolean): Promise<void>;
  /** Cuts every connection, as a crash does. */
  cut(): void;
  /** Ends every connection in good order. */
  end(): void;
  /** What it does with connections from now on; the ways in which real receivers misbehave. */
  behave(behaviour: SyslogBehaviour): void;
  close(): Promise<void>;
}

export type SyslogBehaviour =
  | 'read'
  /** Takes connections and never reads, until what the systems buffer is full. */
  | 'hang'
  /** Takes connections and resets them after some time, as a load balancer without a backend does. */
  | { resetAfterMs: number };

export interface SyslogReceiverOptions {
  port?: number;
  tls?: Certificates;
  /** Whether clients must show a certificate of the authority. */
  mutual?: boolean;
}

/** A TCP or TLS syslog receiver that takes octet-counted messages (RFC 6587, RFC 5425). */
export async function syslogReceiver({ port = 0, tls, mutual = false }: SyslogReceiverOptions = {}): Promise<SyslogReceiver> {
  const arrivals = new Arrivals();
  const sockets = new Set<Socket>();
  let behaviour: SyslogBehaviour = 'read';
  let connections = 0;
  const take = (socket: Socket): void => {
    connections++;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    if (behaviour === 'read') readFrames(socket, arrivals);
    else if (behaviour === 'hang') socket.pause();
    else setTimeout(() => socket.resetAndDestroy(), behaviour.resetAfterMs);
    arrivals.notify();
  };
  const server =
    tls === undefined
      ? createServer(take)
      : createTlsServer(
          {
            cert: readFileSync(tls.certFile),
            key: readFileSync(tls.keyFile),
            ca: readFileSync(tls.caFile),
            requestCert: mutual,
            rejectUnauthorized: mutual,
          },
          take,
        ).on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    messages: arrivals.messages,
    get connections() {
      return connections;
    },
    until: (condition) => arrivals.until(condition),
    cut() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    end() {
      for (const socket of sockets) socket.end();
    },
    behave(next) {
      behaviour = next;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A UDP syslog receiver: one message per datagram. */
export async function udpSyslogReceiver(): Promise<Pick<SyslogReceiver, 'port' | 'messages' | 'until' | 'close'>> {
  const arrivals = new Arrivals();
  const socket = createSocket('udp4').on('message', (message) => arrivals.add([message.toString()]));
  await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
  return {
    port: socket.address().port,
    messages: arrivals.messages,
    until: (condition) => arrivals.until(condition),
    close: () => new Promise((resolve) => void socket.close(() => resolve())),
  };
}

class Arrivals {
  readonly messages: string[] = [];
  #waiting: { condition: () => boolean; resolve: () => void }[] = [];

  add(messages: readonly string[]): void {
    this.messages.push(...messages);
    this.notify();
  }

  notify(): void {
    this.#waiting = this.#waiting.filter(({ condition, resolve }) => !condition() || resolve());
  }

  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ condition, resolve }));
  }
}

function readFrames(socket: Socket, arrivals: Arrivals): void {
  let rest = Buffer.alloc(0);
  socket.on('data', (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const messages: string[] = [];
    for (;;) {
      const space = rest.indexOf(' ');
      const length = Number(rest.subarray(0, Math.max(0, space)).toString());
      if (space < 0 || rest.length < space + 1 + length) break;
      messages.push(rest.subarray(space + 1, space + 1 + length).toString());
      rest = rest.subarray(space + 1 + length);
    }
    arrivals.add(messages);
  });
}
