import { readFile } from 'node:fs/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, type ConnectionOptions } from 'node:tls';
import type { ChannelDeps } from '../channel.js';
import type { Server, SyslogConfig } from './config.js';

/** A connection ended, or an operation on it took too long; `code` is the system's or the TLS library's. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

export type ConnectionConfig = Pick<SyslogConfig, 'transport' | 'timeout' | 'tls'>;

/** One TCP or TLS connection for as long as it stands. One operation at a time. */
export class Connection {
  readonly #socket: Socket;
  readonly #timeoutMs: number;
  /** Why the operation under way cannot end well. */
  #interrupt: ((error: Error) => void) | undefined;
  #lost: ConnectionError | undefined;
  #onLost: ((error: ConnectionError) => void) | undefined;

  /** Rejects when there is no connection, or no trust, within the time limit. `onLost` is called once, before anything else notices. */
  static async open(
    server: Server,
    { transport, timeout, tls }: ConnectionConfig,
    deps: ChannelDeps,
    signal: AbortSignal,
    onLost: (error: ConnectionError) => void,
  ): Promise<Connection> {
    const { host, port } = server;
    deps.egress.assertHost(host);
    const target = { host, port, lookup: deps.egress.lookup };
    const secure = transport === 'tls' ? await tlsOptions(server, tls) : undefined;
    const socket = secure === undefined ? connectTcp(target) : connectTls({ ...target, ...secure });
    const connection = new Connection(socket, timeout);
    await connection.#until((done) => socket.once(secure === undefined ? 'connect' : 'secureConnect', () => done()), timeout, signal);
    connection.#onLost = onLost;
    return connection;
  }

  private constructor(socket: Socket, timeoutMs: number) {
    this.#socket = socket;
    this.#timeoutMs = timeoutMs;
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    socket.setNoDelay(true);
    socket.on('error', (error: NodeJS.ErrnoException) => this.#end(new ConnectionError(error.code ?? 'EUNKNOWN', error.message, { cause: error })));
    // A syslog server says nothing; reading is how its end of the connection is noticed.
    socket.on('end', () => socket.destroy());
    socket.resume();
    socket.once('close', () => this.#end(new ConnectionError('ECLOSED', 'the receiver closed the connection')));
  }

  /** Throws when the connection is lost. */
  assertStanding(): void {
    if (this.#lost !== undefined) throw this.#lost;
  }

  /** Resolves when the operating system has taken all bytes. Destroys the connection when it cannot. */
  write(bytes: Buffer, signal: AbortSignal): Promise<void> {
    return this.#until((done) => this.#socket.write(bytes, done), this.#timeoutMs, signal);
  }

  /** Resolves when the system has nothing more to say: an end of the connection that has arrived here is known then. */
  async settled(): Promise<void> {
    // The system is asked for news between two turns.
    for (let turn = 0; turn < 2; turn++) await new Promise((resolve) => setImmediate(resolve));
    this.assertStanding();
  }

  /** Resolves when the connection still stands after this time. */
  async outlive(ms: number, signal: AbortSignal): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    try {
      await this.#until((done) => (timer = setTimeout(done, ms)), ms + this.#timeoutMs, signal);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Sends what is buffered, then ends. False when the receiver did not agree within a moment, so that something may be lost. */
  async close(): Promise<boolean> {
    if (this.#socket.destroyed) return false;
    return await new Promise((resolve) => {
      let agreed = true;
      const timer = setTimeout(() => {
        agreed = false;
        this.#socket.destroy();
      }, CLOSE_MS);
      this.#socket.once('close', (failed) => {
        clearTimeout(timer);
        resolve(agreed && !failed);
      });
      this.#socket.end();
    });
  }

  async #until(start: (done: (error?: Error | null) => void) => unknown, timeoutMs: number, signal: AbortSignal): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    let abort: (() => void) | undefined;
    try {
      await new Promise<void>((resolve, reject) => {
        this.assertStanding();
        if (signal.aborted) return reject(stopped());
        abort = () => reject(stopped());
        signal.addEventListener('abort', abort, { once: true });
        timer = setTimeout(() => reject(new ConnectionError('ETIMEDOUT', `no progress within ${timeoutMs} ms`)), timeoutMs);
        this.#interrupt = reject;
        // When a write fails, the error event that follows says why.
        start((error) => error ?? resolve());
      });
    } catch (error) {
      this.#end(error as ConnectionError);
      throw error;
    } finally {
      clearTimeout(timer);
      if (abort !== undefined) signal.removeEventListener('abort', abort);
      this.#interrupt = undefined;
    }
  }

  #end(error: ConnectionError): void {
    if (this.#lost !== undefined) return;
    this.#lost = error;
    this.#socket.destroy();
    this.#interrupt?.(error);
    this.#onLost?.(error);
  }
}

const KEEP_ALIVE_MS = 10_000;
const CLOSE_MS = 500;

function stopped(): ConnectionError {
  return new ConnectionError('ABORT_ERR', 'was stopped');
}

/** Files are read for each connection, so that a renewed certificate is taken up without a restart. */
async function tlsOptions({ host, servername = host }: Server, { caFile, certFile, keyFile }: SyslogConfig['tls']): Promise<ConnectionOptions> {
  return {
    // RFC 6066 allows no address here; Node then checks the address itself against the certificate.
    ...(isIP(servername) === 0 ? { servername } : {}),
    ...(caFile === undefined ? {} : { ca: await readFile(caFile) }),
    ...(certFile === undefined ? {} : { cert: await readFile(certFile) }),
    ...(keyFile === undefined ? {} : { key: await readFile(keyFile) }),
  };
}
