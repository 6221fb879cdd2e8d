import { frameByLine, frameOctetCounted } from '@tocsin/syslog';
import type { ChannelDeps } from '../channel.js';
import type { Server, SyslogConfig } from './config.js';
import { Connection, ConnectionError } from './connection.js';
import { Servers } from './servers.js';
import { Uncertain, type Written } from './uncertain.js';

/** A connection MUST stand for this long after its first write before the write counts. */
const PROOF_MS = 250;
const LONGEST_PROOF_MS = 5_000;
const FIRST_RESEND_MS = 1_000;
const LONGEST_RESEND_MS = 30_000;
const CHUNK_CHARACTERS = 256 * 1024;

/**
 * Messages over one connection at a time, to the first server that does not fail.
 *
 * Syslog has no acknowledgement: what was written when the connection breaks may or may not have arrived. Two things
 * are done about it:
 *
 * - The last messages are remembered, and written again, before anything else, after a connection that ended without
 *   our doing. Receivers may get those twice, with the same delivery id in the structured data.
 * - The first write on a connection counts only when the connection still stands a moment later, since a load balancer
 *   without a backend, and a TLS server that does not like our certificate, take a connection and some bytes and then
 *   cut. When the last connection was cut young, the next must live twice as long.
 *
 * A server fails when it cannot be connected to, cuts a connection before it counts, or reads nothing; a connection that
 * is cut later is opened again where it was. Once the time of failing is over, the next write goes back to the first.
 *
 * What remains: messages written in the last moments before a crash of both this process and the receiver.
 */
export class SyslogStream {
  readonly #config: SyslogConfig;
  readonly #deps: ChannelDeps;
  readonly #servers: Servers;
  readonly #uncertain = new Uncertain();
  #server: Server | undefined;
  #connection: Connection | undefined;
  #connectedAt = 0;
  #proven = false;
  #proofMs = PROOF_MS;
  /** Reported as delivered, but perhaps lost. */
  #again: Written[] = [];
  #resending: NodeJS.Timeout | undefined;
  #turn: Promise<void> = Promise.resolve();
  #closed = false;

  constructor(config: SyslogConfig, deps: ChannelDeps) {
    this.#config = config;
    this.#deps = deps;
    this.#servers = new Servers(config.servers, config.failback);
  }

  /** Resolves when the operating system has taken all bytes and the connection still stands. Rejects otherwise. */
  write(messages: readonly string[], signal: AbortSignal): Promise<void> {
    const run = this.#turn.then(() => this.#write(messages.map(this.#config.framing === 'newline' ? frameByLine : frameOctetCounted), signal));
    this.#turn = run.catch(() => undefined);
    return run;
  }

  async close(): Promise<void> {
    // First, so that nothing that goes wrong from here on opens a connection that nobody would close.
    this.#closed = true;
    clearTimeout(this.#resending);
    if (this.#again.length > 0) await this.write([], AbortSignal.timeout(this.#config.timeout)).catch(() => undefined);
    await this.#turn;
    await this.#connection?.close();
  }

  async #write(frames: readonly string[], signal: AbortSignal): Promise<void> {
    // Whoever gave up while it waited for its turn must not take the connection from the others.
    if (signal.aborted) throw new ConnectionError('ABORT_ERR', 'was stopped');
    const connection = this.#connection === undefined ? await this.#connect(signal) : await this.#goBack(this.#connection, signal);
    const written = [...this.#again, ...chunks(frames)];
    for (const { bytes } of written) await connection.write(bytes, signal);
    if (!this.#proven && written.length > 0) await connection.outlive(this.#proofMs, signal);
    await connection.settled();
    this.#proven = true;
    this.#again = [];
    this.#uncertain.add(written, this.#deps.now());
  }

  /** To the first server that takes a connection. Each has its time. */
  async #connect(signal: AbortSignal): Promise<Connection> {
    let failure: unknown;
    for (const server of this.#servers.order(this.#deps.now())) {
      try {
        return await this.#open(server, signal);
      } catch (error) {
        failure = error;
        if (signal.aborted) break;
        this.#servers.failed(server, this.#deps.now());
      }
    }
    throw failure;
  }

  async #open(server: Server, signal: AbortSignal): Promise<Connection> {
    const connection = await Connection.open(server, this.#config, this.#deps, signal, (error) => this.#lost(connection, server, error));
    this.#connection = connection;
    this.#server = server;
    this.#connectedAt = this.#deps.now();
    this.#proven = false;
    return connection;
  }

  /** A connection to an earlier server of the list, where it is time for that and one can be had; else the one that stands. */
  async #goBack(standing: Connection, signal: AbortSignal): Promise<Connection> {
    const preferred = this.#servers.preferred(this.#deps.now());
    if (preferred === this.#server) return standing;
    let back: Connection;
    try {
      back = await this.#open(preferred, signal);
    } catch {
      if (!signal.aborted) this.#servers.failed(preferred, this.#deps.now());
      return standing;
    }
    const now = this.#deps.now();
    // What was written to the server that is left goes with it, or is written again here.
    if (!(await standing.close())) this.#again.push(...this.#uncertain.take('ETIMEDOUT', now));
    return back;
  }

  #lost(connection: Connection, server: Server, error: ConnectionError): void {
    // One that was left for another: whoever left it sees to what it had.
    if (connection !== this.#connection) return;
    const now = this.#deps.now();
    this.#connection = undefined;
    if (error.code === 'ETIMEDOUT' || (!this.#proven && error.code !== 'ABORT_ERR')) this.#servers.failed(server, now);
    if (this.#closed) return;
    const livedMs = now - this.#connectedAt;
    this.#proofMs = livedMs < LONGEST_PROOF_MS ? Math.min(LONGEST_PROOF_MS, Math.max(PROOF_MS, livedMs * 2)) : PROOF_MS;
    this.#again.push(...this.#uncertain.take(error.code, now));
    this.#scheduleResend(FIRST_RESEND_MS);
  }

  /** What may be lost was reported as delivered, so it does not wait for the next event. */
  #scheduleResend(afterMs: number): void {
    clearTimeout(this.#resending);
    if (this.#again.length === 0 || this.#closed) return;
    const resend = (): void => {
      this.write([], new AbortController().signal).catch(() => this.#scheduleResend(Math.min(LONGEST_RESEND_MS, afterMs * 2)));
    };
    this.#resending = setTimeout(resend, afterMs).unref();
  }
}

/** Few writes, each small enough for the time limit to be about progress, not about size. */
function chunks(frames: readonly string[]): Written[] {
  const written: Written[] = [];
  let text = '';
  let messages = 0;
  const end = (): void => {
    if (messages > 0) written.push({ bytes: Buffer.from(text), messages });
    text = '';
    messages = 0;
  };
  for (const frame of frames) {
    text += frame;
    messages++;
    if (text.length >= CHUNK_CHARACTERS) end();
  }
  end();
  return written;
}
