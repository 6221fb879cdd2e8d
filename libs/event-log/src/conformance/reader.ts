import type { Batch, ConsumeOptions, Consumer, EventLog, StoredRecord } from '../port.js';
import { Waiter } from './waiter.js';

export interface ReaderOptions extends Omit<ConsumeOptions, 'onBatch'> {
  /** What the test does with a batch; by default nothing, so that it succeeds. */
  onBatch?: (batch: Batch) => Promise<void>;
}

/** What happened to one partition in one member's hands, in the order in which it happened. */
export interface ReaderEvent {
  reader: Reader;
  kind: 'assigned' | 'start' | 'end' | 'failed' | 'revoked';
  partition: number;
}

/** A consumer that remembers what it was given. */
export class Reader {
  /** Every batch handed over, also those that failed. */
  readonly batches: Batch[] = [];
  /** Records of the batches whose handler resolved, in the order in which the handlers did. */
  readonly handled: (StoredRecord & { partition: number })[] = [];
  readonly events: ReaderEvent[];
  readonly #waiter: Waiter;
  #consumer: Consumer | undefined;

  /** Readers given the same list of events write one story. */
  private constructor(waitMs: number, events: ReaderEvent[]) {
    this.#waiter = new Waiter(waitMs);
    this.events = events;
  }

  static async start(log: EventLog, options: ReaderOptions, waitMs: number, events: ReaderEvent[] = []): Promise<Reader> {
    const reader = new Reader(waitMs, events);
    reader.#consumer = await log.consume(reader.#observing(options));
    return reader;
  }

  get values(): string[] {
    return this.handled.map((record) => record.value.toString());
  }

  get consumer(): Consumer {
    if (this.#consumer === undefined) throw new Error('The reader has not started.');
    return this.#consumer;
  }

  async stop(): Promise<void> {
    await this.consumer.stop();
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    await this.#waiter.until(condition, `${what} (${this.handled.length} records handled)`);
  }

  async untilHandled(count: number): Promise<void> {
    await this.until(() => this.handled.length >= count, `${count} records handled`);
  }

  partitionsOf(kind: ReaderEvent['kind']): number[] {
    return this.events.filter((event) => event.reader === this && event.kind === kind).map((event) => event.partition);
  }

  #observing(options: ReaderOptions): ConsumeOptions {
    return {
      ...options,
      onBatch: async (batch) => {
        this.batches.push(batch);
        this.#note('start', batch.partition);
        try {
          await options.onBatch?.(batch);
        } catch (error) {
          this.#note('failed', batch.partition);
          throw error;
        }
        for (const record of batch.records) this.handled.push({ ...record, partition: batch.partition });
        this.#note('end', batch.partition);
      },
      onAssigned: async (partition) => {
        const position = await options.onAssigned?.(partition);
        this.#note('assigned', partition);
        return position;
      },
      onRevoked: async (partition) => {
        await options.onRevoked?.(partition);
        this.#note('revoked', partition);
      },
    };
  }

  #note(kind: ReaderEvent['kind'], partition: number): void {
    this.events.push({ reader: this, kind, partition });
    this.#waiter.changed();
  }
}
