import { readFile } from 'node:fs/promises';
import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { frameOctetCounted } from '@tocsin/syslog';
import type { ChannelDeps } from '../channel.js';
import { DEFAULT_PORTS, type SyslogConfig } from './config.js';

/** Written this recently, a message may still be lost in a socket buffer when the connection breaks. */
const UNCERTAIN_MS = 5_000;
const UNCERTAIN_MESSAGES = 2_000;
const RESEND_EVERY_MS = 1_000;

/**
 * One TCP or TLS connection with octet-counted messages.
 *
 * Syslog has no acknowledgement: what was written when the connection breaks may or may not have arrived. So the
 * messages of the last seconds are remembered, and written again, before anything else, after a connection that ended
 * without our doing. Receivers may get those twice, with the same delivery id in the structured data.
 */
export class SyslogStream {
  readonly #config: SyslogConfig;
  readonly #deps: ChannelDeps;
  #socket: Socket | undefined;
  #uncertain: { frame: Buffer; at: number }[] = [];
  #again: Buffer[] = [];
  #resending: NodeJS.Timeout | undefined;
  #turn: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(config: SyslogConfig, deps: ChannelDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  /** Resolves when the operating system has taken all bytes and the connection still stands. Rejects otherwise. */
  write(messages: readonly Buffer[], signal: AbortSignal): Promise<void> {
    const run = this.#turn.then(() => this.#write(messages.map(frameOctetCounted), signal));
    this.#turn = run.catch(() => undefined);
    return run;
  }

  async close(): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#resending);
    const socket = this.#socket;
    this.#socket = undefined;
    if (socket === undefined) return;
    await new Promise<void>((resolve) => {
      socket.once('close', () => resolve());
      socket.end();
      setTimeout(() => socket.destroy(), 500).unref();
    });
  }

  async #write(frames: readonly Buffer[], signal: AbortSignal): Promise<void> {
    const socket = this.#socket ?? (await this.#connect(signal));
    const again = this.#again;
    await this.#flush(socket, Buffer.concat([...again, ...frames]), signal);
    this.#again = this.#again.slice(again.length);
    const now = this.#deps.now();
    const recent = [...this.#uncertain, ...[...again, ...frames].map((frame) => ({ frame, at: now }))];
    this.#uncertain = recent.filter(({ at }) => at > now - UNCERTAIN_MS).slice(-UNCERTAIN_MESSAGES);
  }

  async #connect(signal: AbortSignal): Promise<Socket> {
    const { host, transport, timeout } = this.#config;
    const port = this.#config.port ?? DEFAULT_PORTS[transport];
    this.#deps.egress.assertHost(host);
    const secure = transport === 'tls' ? await this.#readTls() : undefined;
    signal.throwIfAborted();
    const options = { host, port, lookup: this.#deps.egress.lookup };
    const socket = secure === undefined ? connectTcp(options) : connectTls({ ...options, ...secure });
    socket.setKeepAlive(true, 10_000);
    socket.setNoDelay(true);
    await settle(socket, secure === undefined ? 'connect' : 'secureConnect', timeout, signal);
    socket.on('error', () => undefined);
    socket.on('close', () => this.#lost(socket));
    // A syslog server says nothing; reading is how its end of the connection is noticed.
    socket.on('end', () => socket.destroy());
    socket.resume();
    this.#socket = socket;
    return socket;
  }

  #lost(socket: Socket): void {
    if (this.#socket !== socket) return;
    this.#socket = undefined;
    if (this.#closed) return;
    const since = this.#deps.now() - UNCERTAIN_MS;
    this.#again.push(...this.#uncertain.filter(({ at }) => at > since).map(({ frame }) => frame));
    this.#uncertain = [];
    this.#scheduleResend();
  }

  /** What may be lost was reported as delivered, so it does not wait for the next event. */
  #scheduleResend(): void {
    clearTimeout(this.#resending);
    if (this.#again.length === 0 || this.#closed) return;
    this.#resending = setTimeout(() => {
      this.write([], new AbortController().signal).catch(() => this.#scheduleResend());
    }, RESEND_EVERY_MS).unref();
  }

  async #flush(socket: Socket, bytes: Buffer, signal: AbortSignal): Promise<void> {
    if (bytes.length === 0) return;
    const written = new Promise<void>((resolve, reject) => {
      socket.write(bytes, (error) => (error ? reject(error) : resolve()));
    });
    try {
      await Promise.race([written, failed(socket, this.#config.timeout, signal)]);
      if (socket.destroyed) throw new Error('the connection was lost');
    } catch (error) {
      socket.destroy();
      // Its close event comes later; the next write must already find no connection.
      this.#lost(socket);
      throw error;
    }
  }

  async #readTls(): Promise<{ servername: string; ca?: Buffer; cert?: Buffer; key?: Buffer }> {
    const { caFile, certFile, keyFile, servername } = this.#config.tls ?? {};
    return {
      servername: servername ?? this.#config.host,
      ...(caFile === undefined ? {} : { ca: await readFile(caFile) }),
      ...(certFile === undefined ? {} : { cert: await readFile(certFile) }),
      ...(keyFile === undefined ? {} : { key: await readFile(keyFile) }),
    };
  }
}

/** Resolves at the event; rejects, and destroys the socket, on an error, the time limit or the signal. */
async function settle(socket: Socket, event: 'connect' | 'secureConnect', timeoutMs: number, signal: AbortSignal): Promise<void> {
  try {
    await Promise.race([new Promise<void>((resolve) => socket.once(event, () => resolve())), failed(socket, timeoutMs, signal)]);
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Rejects when the socket fails or closes, the time is up, or the signal aborts; never resolves. */
function failed(socket: Socket, timeoutMs: number, signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const timer = setTimeout(() => reject(Object.assign(new Error(`no progress within ${timeoutMs} ms`), { code: 'ETIMEDOUT' })), timeoutMs);
    const fail = (error: Error): void => {
      clearTimeout(timer);
      reject(error);
    };
    timer.unref();
    socket.once('error', fail);
    socket.once('close', () => fail(new Error('the connection was closed')));
    signal.addEventListener('abort', () => fail(Object.assign(new Error('was stopped'), { code: 'ABORT_ERR' })), { once: true });
  });
}
