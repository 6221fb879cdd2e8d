import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import type { Batch, Consumer, ConsumeOptions, EventLog } from '../port.js';

export type AssignmentLifecycle = Pick<ConsumeOptions, 'onAssigned' | 'onRevoked'>;

export interface EventLogServerOptions {
  /** By consumer group: what to do when a partition comes or goes. */
  lifecycle?: Readonly<Record<string, AssignmentLifecycle>>;
}

/** Second argument of `@EventPattern(topic, extras)`. */
export interface HandlerExtras {
  /** The consumer group; handlers of different groups each get every batch. */
  group: string;
  maxBatchRecords?: number;
  from?: ConsumeOptions['from'];
}

interface BatchHandler {
  topic: string;
  extras: Partial<HandlerExtras>;
  handle: MessageHandler;
}

/**
 * Nest transport over the event log: a controller's `@EventPattern<string>(topic, { group })` method gets a `Batch`.
 * Returning means that its effects are durable and the offset may be committed; throwing means "again".
 */
export class EventLogServer extends Server implements CustomTransportStrategy {
  readonly #log: EventLog;
  readonly #lifecycle: Readonly<Record<string, AssignmentLifecycle>>;
  readonly #handlers: BatchHandler[] = [];
  readonly #consumers: Consumer[] = [];

  constructor(log: EventLog, options: EventLogServerOptions = {}) {
    super();
    this.#log = log;
    this.#lifecycle = options.lifecycle ?? {};
  }

  /** Nest chains handlers of one pattern; ours are kept apart, each with its own group. */
  override addHandler(pattern: unknown, handle: MessageHandler, isEventHandler = false, extras: Record<string, unknown> = {}): void {
    const topic = String(pattern);
    if (!isEventHandler) throw new Error(`"${topic}" has a @MessagePattern handler; the event log only has events: use @EventPattern.`);
    super.addHandler(`${topic}#${this.#handlers.length}`, handle, true, extras);
    this.#handlers.push({ topic, extras, handle });
  }

  listen(callback: (error?: unknown) => void): void {
    this.#start().then(
      () => callback(),
      (error: unknown) => callback(error),
    );
  }

  async #start(): Promise<void> {
    for (const { topic, extras, handle } of this.#handlers) {
      const { group, maxBatchRecords, from } = extras;
      if (group === undefined) {
        throw new Error(`The handler of "${topic}" has no consumer group; write @EventPattern<string>('${topic}', { group: '…' }).`);
      }
      const consumer = await this.#log.consume({
        topic,
        group,
        ...(maxBatchRecords === undefined ? {} : { maxBatchRecords }),
        ...(from === undefined ? {} : { from }),
        ...this.#lifecycle[group],
        onBatch: (batch) => this.#deliver(handle, batch),
      });
      this.#consumers.push(consumer);
    }
  }

  /** Nest may wrap the outcome in observables, twice over with interceptors; the batch is done when the last one is. */
  async #deliver(handle: MessageHandler, batch: Batch): Promise<void> {
    let result: unknown = await handle(batch);
    while (isObservable(result)) result = await lastValueFrom(result, { defaultValue: undefined });
  }

  async close(): Promise<void> {
    await Promise.all(this.#consumers.splice(0).map((consumer) => consumer.stop()));
  }

  on(): never {
    throw new Error('The event log transport has no events of its own.');
  }

  unwrap<T>(): T {
    return this.#log as T;
  }
}
