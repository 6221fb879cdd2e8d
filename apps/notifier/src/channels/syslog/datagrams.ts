import { createSocket, type Socket } from 'node:dgram';
import { isIP } from 'node:net';
import type { ChannelDeps } from '../channel.js';
import type { Server, SyslogConfig } from './config.js';
import { Servers } from './servers.js';

/** A socket on which only one server is spoken to, so that the system tells when nobody listens there. */
interface Line {
  server: Server;
  address: string;
  socket: Socket;
}

/**
 * One datagram per message (RFC 5426). Sent means handed to the network: nothing tells whether it arrived. A host that is
 * up and has nobody at the port says so after the fact, and is then not used for a while.
 */
export class SyslogDatagrams {
  readonly #deps: ChannelDeps;
  readonly #servers: Servers;
  #line: Line | undefined;

  constructor({ servers, failback }: SyslogConfig, deps: ChannelDeps) {
    this.#deps = deps;
    this.#servers = new Servers(servers, failback);
  }

  /** Finds a server for the next batch. Names are resolved anew each time: nothing else would show that one has moved. */
  async ready(): Promise<void> {
    let failure: unknown;
    for (const server of this.#servers.order(this.#deps.now())) {
      try {
        const address = await this.#resolve(server);
        if (this.#line?.server !== server || this.#line.address !== address) await this.#open(server, address);
        return;
      } catch (error) {
        failure = error;
        this.#failed(server);
      }
    }
    throw failure;
  }

  /** Rejects when the system does not take it, or has heard that nobody took the one before. */
  async send(message: string): Promise<void> {
    const line = this.#line;
    if (line === undefined) throw new Error('nobody listens there');
    await new Promise<void>((resolve, reject) => {
      line.socket.send(message, (error) => {
        if (error === null) return resolve();
        if ((error as NodeJS.ErrnoException).code !== 'EMSGSIZE') this.#failed(line.server);
        reject(error);
      });
    });
  }

  close(): void {
    this.#line?.socket.close();
    this.#line = undefined;
  }

  async #resolve({ host }: Server): Promise<string> {
    const { egress } = this.#deps;
    egress.assertHost(host);
    if (isIP(host) !== 0) return host;
    return new Promise((resolve, reject) => {
      egress.lookup(host, {}, (error, address) => (error === null && typeof address === 'string' ? resolve(address) : reject(error)));
    });
  }

  async #open(server: Server, address: string): Promise<void> {
    this.close();
    const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject);
        socket.connect(server.port, address, () => {
          socket.off('error', reject);
          resolve();
        });
      });
    } catch (error) {
      socket.close();
      throw error;
    }
    socket.on('error', () => this.#failed(server));
    this.#line = { server, address, socket };
  }

  #failed(server: Server): void {
    this.#servers.failed(server, this.#deps.now());
    if (this.#line?.server === server) this.close();
  }
}
