import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import type { ChannelDeps } from '../channel.js';
import { DEFAULT_PORTS, type SyslogConfig } from './config.js';

/** Largest payload of a UDP datagram over IPv4. */
export const MAX_DATAGRAM_BYTES = 65_507;

export interface Destination {
  address: string;
  family: number;
}

/** One datagram per message (RFC 5426). Sent means handed to the network: nothing tells whether it arrived. */
export class SyslogDatagrams {
  readonly #config: SyslogConfig;
  readonly #deps: ChannelDeps;
  readonly #sockets = new Map<number, Socket>();

  constructor(config: SyslogConfig, deps: ChannelDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  /** Names are resolved anew for each batch: there is no connection that would show that a receiver has moved. */
  async resolve(): Promise<Destination> {
    const { host } = this.#config;
    this.#deps.egress.assertHost(host);
    if (isIP(host) !== 0) return { address: host, family: isIP(host) };
    return new Promise((resolve, reject) => {
      this.#deps.egress.lookup(host, {}, (error, address, family) => {
        if (error !== null) reject(error);
        else if (typeof address === 'string') resolve({ address, family: family ?? 4 });
      });
    });
  }

  async send(message: Buffer, { address, family }: Destination): Promise<void> {
    const port = this.#config.port ?? DEFAULT_PORTS.udp;
    const socket = this.#socketOf(family);
    await new Promise<void>((resolve, reject) => {
      socket.send(message, port, address, (error) => (error ? reject(error) : resolve()));
    });
  }

  #socketOf(family: number): Socket {
    let socket = this.#sockets.get(family);
    if (socket === undefined) {
      socket = createSocket(family === 6 ? 'udp6' : 'udp4').on('error', () => undefined);
      this.#sockets.set(family, socket);
    }
    return socket;
  }

  close(): void {
    for (const socket of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }
}
