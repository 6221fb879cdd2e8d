import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import type { ChannelDeps } from '../channel.js';
import { DEFAULT_PORTS, type SyslogConfig } from './config.js';

/** Largest payload of a UDP datagram over IPv4. */
export const MAX_DATAGRAM_BYTES = 65_507;

/** One datagram per message (RFC 5426). Sent means handed to the network: nothing tells whether it arrived. */
export class SyslogDatagrams {
  readonly #config: SyslogConfig;
  readonly #deps: ChannelDeps;
  #socket: Socket | undefined;

  constructor(config: SyslogConfig, deps: ChannelDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  async send(message: Buffer): Promise<void> {
    const { host } = this.#config;
    const port = this.#config.port ?? DEFAULT_PORTS.udp;
    this.#deps.egress.assertHost(host);
    this.#socket ??= createSocket({ type: isIP(host) === 6 ? 'udp6' : 'udp4', lookup: this.#deps.egress.lookup as never }).on('error', () => undefined);
    const socket = this.#socket;
    await new Promise<void>((resolve, reject) => {
      socket.send(message, port, host, (error) => (error ? reject(error) : resolve()));
    });
  }

  close(): void {
    this.#socket?.close();
    this.#socket = undefined;
  }
}
