import { pause, retryDelay } from '../backoff.js';
import type { Batch, ConsumeOptions, StoredRecord } from '../port.js';
import type { FetchedPartition, KafkaLogger } from './client.js';

export interface RunnerDeps {
  partition: number;
  options: ConsumeOptions;
  maxBatchRecords: number;
  /** Aborts when the partition is taken away or the consumer stops. */
  signal: AbortSignal;
  /** A runner of an earlier assignment whose handler has not ended: two handlers of one partition never overlap. */
  predecessor: Promise<void> | undefined;
  /** Where the log says to begin: the committed offset, else what `from` means. */
  startOffset(partition: number): Promise<number>;
  /** To be committed some time soon. */
  onProgress(partition: number, offset: number): void;
  /** It can take records again. */
  onHungry(): void;
  logger: KafkaLogger;
}

/** A handler that calls heartbeat() in a loop must let timers and sockets run, but not at every call. */
const YIELD_MS = 50;

/**
 * One partition in this member's hands. States: assigning (offset undefined: asks where to begin) → running (takes
 * fetched records, hands them over, retries) → ended. Records wait here while a batch fails, so a retry neither
 * fetches again nor lets a later record pass.
 */
export class PartitionRunner {
  readonly partition: number;
  readonly ended: Promise<void>;
  readonly #deps: RunnerDeps;
  #buffer: StoredRecord[] = [];
  #highWatermark = 0;
  #offset: number | undefined;
  #wake: (() => void) | undefined;

  constructor(deps: RunnerDeps) {
    this.#deps = deps;
    this.partition = deps.partition;
    deps.signal.addEventListener('abort', () => this.#wake?.(), { once: true });
    this.ended = this.#run();
  }

  /** Where to fetch next; undefined while nothing should be fetched. */
  get wants(): number | undefined {
    if (this.#deps.signal.aborted || this.#buffer.length >= this.#deps.maxBatchRecords) return undefined;
    return this.#offset;
  }

  /** Takes what was fetched from `wants`. */
  offer(fetched: FetchedPartition): void {
    if (this.#deps.signal.aborted || this.#offset === undefined) return;
    this.#highWatermark = fetched.highWatermark;
    const from = this.#offset;
    this.#offset = Math.max(from, fetched.nextOffset);
    for (const record of fetched.records) if (record.offset >= from) this.#buffer.push(record);
    if (this.#buffer.length > 0) this.#wake?.();
  }

  /** The offset to fetch does not exist: what is in the buffer still counts, the next fetch begins elsewhere. */
  moveTo(offset: number): void {
    this.#offset = offset;
  }

  async #run(): Promise<void> {
    const { signal, predecessor, options, logger } = this.#deps;
    await predecessor;
    if (!(await this.#assign())) return;
    let failures = 0;
    while (!signal.aborted) {
      if (this.#buffer.length === 0) {
        await new Promise<void>((resolve) => (this.#wake = resolve));
        continue;
      }
      const error = await this.#handleBatch();
      if (error === undefined) {
        failures = 0;
        continue;
      }
      const delayMs = retryDelay(error, failures++);
      const fields = { topic: options.topic, group: options.group, partition: this.partition, delayMs, err: error };
      logger.warn(fields, 'A batch failed, will try again.');
      await pause(delayMs, signal);
    }
    this.#buffer = [];
    await options.onRevoked?.(this.partition).catch((error: unknown) => {
      logger.warn({ topic: options.topic, partition: this.partition, err: error }, 'Giving up a partition failed.');
    });
  }

  /** True when the partition was taken over; false when it was taken away before that. */
  async #assign(): Promise<boolean> {
    const { options, signal, logger } = this.#deps;
    for (let attempt = 0; !signal.aborted; attempt++) {
      try {
        const begin = await this.#deps.startOffset(this.partition);
        if (signal.aborted) return false;
        const position = await options.onAssigned?.(this.partition);
        this.#offset = position?.resumeAt ?? begin;
        this.#deps.onHungry();
        return true;
      } catch (error) {
        const fields = { topic: options.topic, group: options.group, partition: this.partition, err: error };
        logger.warn(fields, 'Taking over a partition failed, will try again.');
        await pause(retryDelay(error, attempt), signal);
      }
    }
    return false;
  }

  /** Resolves with the handler's error, or undefined. */
  async #handleBatch(): Promise<unknown> {
    const records = this.#buffer.slice(0, this.#deps.maxBatchRecords);
    const last = records.at(-1) as StoredRecord;
    const { topic } = this.#deps.options;
    let done = -1;
    let lastYield = Date.now();
    const batch: Batch = {
      topic,
      partition: this.partition,
      records,
      highWatermark: Math.max(this.#highWatermark, last.offset + 1),
      signal: this.#deps.signal,
      done: (offset) => {
        done = Math.max(done, Math.min(offset, last.offset));
      },
      heartbeat: async () => {
        // The members heartbeat by themselves; what they need is a turn of the event loop.
        if (Date.now() - lastYield < YIELD_MS) return;
        await new Promise((resolve) => setImmediate(resolve));
        lastYield = Date.now();
      },
    };
    try {
      await this.#deps.options.onBatch(batch);
      done = last.offset;
      return undefined;
    } catch (error) {
      return error ?? new Error('onBatch rejected without a reason.');
    } finally {
      this.#settle(done);
    }
  }

  #settle(done: number): void {
    if (done < 0) return;
    const rest = this.#buffer.findIndex((record) => record.offset > done);
    this.#buffer = rest === -1 ? [] : this.#buffer.slice(rest);
    this.#deps.onProgress(this.partition, done + 1);
    this.#deps.onHungry();
  }
}
