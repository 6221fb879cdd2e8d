import { frameOctetCounted } from '@tocsin/syslog';
import type { ChannelDeps } from '../channel.js';
import type { SyslogConfig } from './config.js';
import { Connection, ConnectionError } from './connection.js';
import { Uncertain } from './uncertain.js';

/** A connection MUST stand for this long after its first write before the write counts. */
const PROOF_MS = 250;
const LONGEST_PROOF_MS = 5_000;
const FIRST_RESEND_MS = 1_000;
const LONGEST_RESEND_MS = 30_000;
const CHUNK_BYTES = 256 * 1024;

/**
 * Octet-counted messages over one connection at a time.
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
 * What remains: messages written in the last moments before a crash of both this process and the receiver.
 */
export class SyslogStream {
  readonly #config: SyslogConfig;
  readonly #deps: ChannelDeps;
  readonly #uncertain = new Uncertain();
  #connection: Connection | undefined;
  #connectedAt = 0;
  #proven = false;
  #proofMs = PROOF_MS;
  /** Reported as delivered, but perhaps lost. */
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
    // First, so that nothing that goes wrong from here on opens a connection that nobody would close.
    this.#closed = true;
    clearTimeout(this.#resending);
    if (this.#again.length > 0) await this.write([], AbortSignal.timeout(this.#config.timeout)).catch(() => undefined);
    await this.#turn;
    await this.#connection?.close();
  }

  async #write(frames: readonly Buffer[], signal: AbortSignal): Promise<void> {
    // Whoever gave up while it waited for its turn must not take the connection from the others.
    if (signal.aborted) throw new ConnectionError('ABORT_ERR', 'was stopped');
    const connection = this.#connection ?? (await this.#connect(signal));
    const written = [...this.#again, ...frames];
    for (const chunk of chunks(written)) await connection.write(chunk, signal);
    if (!this.#proven && written.length > 0) await connection.outlive(this.#proofMs, signal);
    connection.assertStanding();
    this.#proven = true;
    this.#again = [];
    this.#uncertain.add(written, this.#deps.now());
  }

  async #connect(signal: AbortSignal): Promise<Connection> {
    const connection = await Connection.open(this.#config, this.#deps, signal, (error) => this.#lost(error));
    this.#connection = connection;
    this.#connectedAt = this.#deps.now();
    this.#proven = false;
    return connection;
  }

  #lost(error: ConnectionError): void {
    this.#connection = undefined;
    if (this.#closed) return;
    const now = this.#deps.now();
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
function* chunks(frames: readonly Buffer[]): Generator<Buffer> {
  let chunk: Buffer[] = [];
  let bytes = 0;
  for (const frame of frames) {
    chunk.push(frame);
    bytes += frame.length;
    if (bytes < CHUNK_BYTES) continue;
    yield Buffer.concat(chunk);
    chunk = [];
    bytes = 0;
  }
  if (chunk.length > 0) yield Buffer.concat(chunk);
}
