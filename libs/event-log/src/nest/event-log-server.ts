import { Server, type CustomTransportStrategy, type MessageHandler } from '@nestjs/microservices';
import { isObservable, lastValueFrom } from 'rxjs';
import { isFor } from '../directed.js';
import type { Batch, Consumer, ConsumeOptions, EventLog } from '../port.js';
import type { BatchExtras } from './on-batch.js';

export type AssignmentLifecycle = Pick<ConsumeOptions, 'onAssigned' | 'onRevoked'>;

export interface EventLogServerOptions {
  /** By consumer group: what to do when a partition comes or goes. */
  lifecycle?: Readonly<Record<string, AssignmentLifecycle>>;
}

interface BatchHandler {
  topic: string;
  extras: Partial<BatchExtras>;
  handle: MessageHandler;
}

/**
 * Nest transport over the event log: a controller's `@OnBatch(topic, { group })` method gets batches. Plain
 * `@EventPattern<string>(topic, { group })` works too, but Nest then hides what the handler threw.
 *
 * Handlers of one topic with different groups each get every batch. The log is the caller's to close.
 */
export class EventLogServer extends Server implements CustomTransportStrategy {
  readonly #log: EventLog;
  readonly #lifecycle: Readonly<Record<string, AssignmentLifecycle>>;
  readonly #handlers: BatchHandler[] = [];
  #starting: Promise<Consumer[]> = Promise.resolve([]);

  constructor(log: EventLog, options: EventLogServerOptions = {}) {
    super();
    this.#log = log;
    this.#lifecycle = options.lifecycle ?? {};
  }

  /** Nest chains handlers of one pattern, so that one would run after the other; ours are kept apart. */
  override addHandler(pattern: unknown, handle: MessageHandler, isEventHandler = false, extras: Record<string, unknown> = {}): void {
    const topic = this.normalizePattern(pattern as string);
    if (!isEventHandler) throw new Error(`"${topic}" has a @MessagePattern handler; the event log has no replies: use @OnBatch.`);
    super.addHandler(`${topic}#${this.#handlers.length}`, handle, true, extras);
    this.#handlers.push({ topic, extras, handle });
  }

  /** Calls back when all consumers have joined their groups, or with the error, and then none is left running. */
  async listen(callback: (error?: unknown) => void): Promise<void> {
    this.#starting = this.#start();
    let failure: unknown;
    try {
      await this.#starting;
    } catch (error) {
      this.#starting = Promise.resolve([]);
      failure = error;
    }
    callback(failure);
  }

  /** Tells all consumers to stop at once, so that no slow batch keeps another one from hearing of it, and waits. */
  async close(): Promise<void> {
    const starting = this.#starting;
    this.#starting = Promise.resolve([]);
    await stopAll(await starting);
  }

  on(): never {
    throw new Error('The event log transport has no events of its own.');
  }

  unwrap<T>(): T {
    return this.#log as T;
  }

  async #start(): Promise<Consumer[]> {
    const planned = this.#plan();
    const consumers: Consumer[] = [];
    try {
      for (const options of planned) consumers.push(await this.#log.consume(options));
      return consumers;
    } catch (error) {
      await stopAll(consumers);
      throw error;
    }
  }

  /** Throws with every mistake in the handlers at once. */
  #plan(): ConsumeOptions[] {
    const mistakes: string[] = [];
    const planned: ConsumeOptions[] = [];
    for (const { topic, extras, handle } of this.#handlers) {
      const { group, from, maxBatchRecords } = extras;
      if (group === undefined || group === '') {
        mistakes.push(`The handler of "${topic}" has no consumer group; write @OnBatch('${topic}', { group: '…' }).`);
        continue;
      }
      if (planned.some((other) => other.topic === topic && other.group === group)) {
        mistakes.push(`Two handlers of "${topic}" have the group "${group}", so each would get half of the batches; give one another group.`);
      }
      planned.push({
        topic,
        group,
        ...(from === undefined ? {} : { from }),
        ...(maxBatchRecords === undefined ? {} : { maxBatchRecords }),
        ...this.#lifecycle[group],
        onBatch: (batch) => deliver(handle, batch, group),
      });
    }
    for (const group of Object.keys(this.#lifecycle)) {
      if (!planned.some((options) => options.group === group)) {
        mistakes.push(`There is a lifecycle for the group "${group}", but no handler; write @OnBatch(topic, { group: '${group}' }).`);
      }
    }
    if (mistakes.length > 0) throw new Error(mistakes.join('\n'));
    return planned;
  }
}

/** Nest wraps the outcome in observables, twice over with interceptors; the batch is done when the last one is. */
async function deliver(handle: MessageHandler, whole: Batch, group: string): Promise<void> {
  // What is for another group alone is as if it were not there.
  const batch = whole.records.every((record) => isFor(record, group)) ? whole : without(whole, group);
  if (batch === undefined) return;
  try {
    let result: unknown = await handle(batch);
    while (isObservable(result)) result = await lastValueFrom(result, { defaultValue: undefined });
  } catch (error) {
    if (error instanceof Error) throw error;
    throw new Error(`The handler of "${batch.topic}" failed, and Nest hides why; use @OnBatch instead of @EventPattern.`, { cause: error });
  }
}

function without(batch: Batch, group: string): Batch | undefined {
  const records = batch.records.filter((record) => isFor(record, group));
  if (records.length === 0) return undefined;
  const { topic, partition, highWatermark, signal } = batch;
  return { topic, partition, highWatermark, signal, records, done: (offset) => batch.done(offset), heartbeat: () => batch.heartbeat() };
}

async function stopAll(consumers: readonly Consumer[]): Promise<void> {
  await Promise.all(consumers.map((consumer) => consumer.stop()));
}
