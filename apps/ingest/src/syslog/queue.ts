import { parseSyslog } from '@tocsin/syslog';
import type { Logger } from '@tocsin/runtime';
import { decodeBody } from '../pipeline/decode.js';
import { keep, type Item, type KeepDeps } from '../pipeline/keep.js';
import { backoffMs, pause } from '../pipeline/retry.js';
import type { Decoder, Received, Source } from '../sources/source.js';

export interface QueueDeps extends KeepDeps {
  source: Source;
  decoder: Decoder;
  /** What every message has in common; the time is each one's own. */
  received: Omit<Received, 'timeMs' | 'contentType' | 'headers'>;
  maxBytes: number;
  logger: Logger;
  /** The queue has fallen below half after it had been full. */
  onDrained(): void;
}

/** Messages that are decoded and appended together. */
const BATCH = 500;

/**
 * Messages between a socket and the log. Syslog has no acknowledgement, so that what was read must be kept here until
 * the log has it: appending is tried for ever, and the queue says when it is full.
 */
export class SyslogQueue {
  readonly #deps: QueueDeps;
  readonly #stopping = new AbortController();
  #waiting: { bytes: Buffer; timeMs: number }[] = [];
  #bytes = 0;
  #wasFull = false;
  #working: Promise<void> | undefined;

  constructor(deps: QueueDeps) {
    this.#deps = deps;
  }

  get full(): boolean {
    return this.#bytes >= this.#deps.maxBytes;
  }

  /** Messages not yet on the log, those being appended included. */
  get length(): number {
    return this.#waiting.length;
  }

  push(bytes: Buffer): void {
    this.#waiting.push({ bytes, timeMs: this.#deps.clock.now() });
    this.#count(bytes.length);
    this.#wasFull ||= this.full;
    // Starting in a later turn lets the frames of one chunk share an append.
    this.#working ??= Promise.resolve().then(() => this.#work());
  }

  /** Appends what waits while the log takes it; resolves to how many messages were given up. */
  async stop(): Promise<number> {
    this.#stopping.abort();
    await this.#working;
    return this.#waiting.length;
  }

  async #work(): Promise<void> {
    const { logger } = this.#deps;
    for (let attempt = 0; this.#waiting.length > 0;) {
      const batch = this.#waiting.slice(0, BATCH);
      try {
        await keep(
          this.#deps,
          this.#deps.source.type,
          batch.flatMap((message) => this.#decode(message)),
        );
        attempt = 0;
      } catch (error) {
        if (attempt === 0) logger.warn({ err: error }, 'The log does not take syslog messages; they wait.');
        if (this.#stopping.signal.aborted) break;
        await pause(backoffMs(attempt++), this.#stopping.signal);
        continue;
      }
      this.#waiting = this.#waiting.slice(batch.length);
      this.#count(-batch.reduce((sum, { bytes }) => sum + bytes.length, 0));
      if (this.#wasFull && this.#bytes < this.#deps.maxBytes / 2) {
        this.#wasFull = false;
        this.#deps.onDrained();
      }
    }
    this.#working = undefined;
  }

  #decode({ bytes, timeMs }: { bytes: Buffer; timeMs: number }): Item[] {
    const { source, decoder, received, logger } = this.#deps;
    const message = parseSyslog(bytes, timeMs);
    const body = source.fromSyslog?.({ ...message, time: message.time ?? new Date(timeMs).toISOString() }) ?? Buffer.from(message.message);
    const sent = { ...received, timeMs, contentType: '', headers: {} };
    const entries = decodeBody(decoder, body, sent, (error) => {
      logger.error({ err: error, source: source.type }, 'A source adapter failed on its input.');
    });
    return entries.map((entry) => ({ entry, sent }));
  }

  #count(bytes: number): void {
    this.#bytes += bytes;
    this.#deps.metrics.syslogQueueBytes.inc(bytes);
  }
}
