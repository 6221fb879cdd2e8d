import {
  RetryLater,
  UndecodableRecord,
  appendDeadLetters,
  deadLetter,
  type Batch,
  type Consumer,
  type DeadLetterReason,
  type EventLog,
  type StoredRecord,
} from '@tocsin/event-log';
import { EVENT_VARIABLE, compileFilter, type Filter, type Subscription as SubscriptionDocument } from '@tocsin/policy';
import type { Logger } from '@tocsin/runtime';
import type { Channel, Delivery, Outcome } from '../channels/channel.js';
import type { NotifierMetrics } from '../metrics.js';
import { Breaker } from './breaker.js';
import { readEvent, TOPIC_OF } from './event.js';
import { Lag } from './lag.js';
import { RecentDeliveries } from './recent-deliveries.js';

export interface SubscriptionDeps {
  log: EventLog;
  logger: Logger;
  metrics: NotifierMetrics;
  concurrency: number;
  maxRetryDelayMs: number;
  now(): number;
}

const BATCH_RECORDS = 200;
const REMEMBERED_PER_PARTITION = 5_000;
const REPORT_LAG_EVERY_MS = 5_000;
/** An attempt under way may end after a stop was asked for: cutting it off would make the receiver see it twice. */
const STOP_GRACE_MS = 5_000;

/** A record on its way: to be sent, or ended (filtered, repeated, delivered, dead). */
interface Item {
  record: StoredRecord;
  delivery: Delivery | undefined;
}

type Failed = Exclude<Outcome, { ok: true }>;

/**
 * One subscription: its own consumer group, so that a receiver in trouble delays nobody else. Per partition:
 * read → filter → drop repeats → send, in order per key → give up what the receiver refuses, to the dead letters.
 * A failure that may pass leaves the batch unfinished: the partition pauses, then goes on with the same record.
 */
export class Subscription {
  readonly #document: SubscriptionDocument;
  readonly #channel: Channel;
  readonly #deps: SubscriptionDeps;
  readonly #filter: Filter | undefined;
  readonly #breaker: Breaker;
  readonly #lag: Lag;
  readonly #recent = new Map<number, RecentDeliveries>();
  readonly #labels: { subscription: string; channel: string };
  #consumer: Consumer | undefined;
  #reporting: NodeJS.Timeout | undefined;

  constructor(document: SubscriptionDocument, channel: Channel, deps: SubscriptionDeps) {
    const { events, filter } = document.spec;
    this.#document = document;
    this.#channel = channel;
    this.#deps = deps;
    this.#filter = filter === undefined ? undefined : compileFilter(filter, EVENT_VARIABLE[events]);
    this.#breaker = new Breaker(deps.maxRetryDelayMs, () => deps.now());
    this.#lag = new Lag(this.name, deps.metrics, () => deps.now());
    this.#labels = { subscription: this.name, channel: document.spec.channel.type };
  }

  get name(): string {
    return this.#document.metadata.name;
  }

  async start(): Promise<void> {
    this.#consumer = await this.#deps.log.consume({
      topic: TOPIC_OF[this.#document.spec.events],
      group: `notifier.${this.name}`,
      maxBatchRecords: BATCH_RECORDS,
      onBatch: (batch) => this.#process(batch),
      onRevoked: async (partition) => {
        this.#recent.delete(partition);
        this.#lag.remove(partition);
      },
    });
    this.#reporting = setInterval(() => this.#lag.report(), REPORT_LAG_EVERY_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#reporting);
    await this.#consumer?.stop();
    await this.#channel.close();
  }

  async #process(batch: Batch): Promise<void> {
    const recent = this.#recentOf(batch.partition);
    const items: Item[] = [];
    const seen = new Set<string>();
    for (const record of batch.records) {
      const delivery = await this.#admit(record, batch, (id) => seen.has(id) || recent.has(id));
      if (delivery !== undefined) seen.add(delivery.id);
      items.push({ record, delivery });
    }
    const ended = new Set<Item>(items.filter((item) => item.delivery === undefined));
    this.#reportLag(batch, items, ended);
    const end = (item: Item): void => {
      ended.add(item);
      if (item.delivery !== undefined) recent.add(item.delivery.id);
    };
    try {
      const wait = ended.size === items.length ? 0 : this.#breaker.waitMs();
      if (wait > 0) throw new RetryLater(wait, 'the receiver is given time');
      await this.#send(items, batch, end);
    } finally {
      const first = items.findIndex((item) => !ended.has(item));
      const done = items[first === -1 ? items.length - 1 : first - 1];
      if (done !== undefined) batch.done(done.record.offset);
      this.#reportLag(batch, items, ended);
    }
  }

  /** The delivery that the record asks for; undefined when there is none to make. */
  async #admit(record: StoredRecord, batch: Batch, known: (id: string) => boolean): Promise<Delivery | undefined> {
    const { deliveries } = this.#deps.metrics;
    try {
      const { data, delivery } = readEvent(record, this.#document.spec.events, this.name);
      if (this.#filter?.test(data) === false) deliveries.inc({ ...this.#labels, result: 'filtered' });
      else if (known(delivery.id)) deliveries.inc({ ...this.#labels, result: 'repeated' });
      else return delivery;
    } catch (error) {
      if (!(error instanceof UndecodableRecord)) throw error;
      await this.#giveUp(record, batch, 'undecodable', error.message, 1);
    }
    return undefined;
  }

  async #send(items: readonly Item[], batch: Batch, end: (item: Item) => void): Promise<void> {
    const waiting = items.filter((item) => item.delivery !== undefined);
    if (waiting.length === 0) return;
    let failure: Failed | undefined;
    const attempt = async (part: readonly Item[]): Promise<boolean> => {
      const outcomes = await this.#attempt(part, batch.signal);
      for (const [index, item] of part.entries()) {
        const outcome = outcomes[index] as Outcome;
        if (!outcome.ok && outcome.retry) {
          // The receiver's longest wish counts, whichever lane heard it.
          if ((failure?.afterMs ?? -1) < (outcome.afterMs ?? 0)) failure = outcome;
          return false;
        }
        if (!outcome.ok) await this.#giveUp(item.record, batch, 'rejected_by_receiver', outcome.message, this.#breaker.failures + 1);
        else this.#delivered(item.record);
        end(item);
      }
      return true;
    };
    if (this.#channel.takes === 'stream') await attempt(waiting);
    else await this.#inLanes(waiting, async (item) => !batch.signal.aborted && failure === undefined && attempt([item]));
    if (batch.signal.aborted && failure === undefined) {
      this.#breaker.abandoned();
      throw new RetryLater(0, 'the partition was taken away');
    }
    if (failure === undefined) return this.#breaker.succeeded();
    throw this.#backOff(failure);
  }

  /** Different keys side by side, bounded; records of one key one after another, none after one that failed. */
  async #inLanes(items: readonly Item[], attempt: (item: Item) => Promise<boolean>): Promise<void> {
    const lanes = Map.groupBy(items, (item) => item.record.key ?? `#${item.record.offset}`);
    const queue = lanes.values();
    const work = async (): Promise<void> => {
      for (const lane of queue) {
        for (const item of lane) if (!(await attempt(item))) break;
      }
    };
    await Promise.all(Array.from({ length: Math.min(this.#deps.concurrency, lanes.size) }, work));
  }

  async #attempt(items: readonly Item[], signal: AbortSignal): Promise<Outcome[]> {
    const finish = this.#deps.metrics.sendSeconds.startTimer({ channel: this.#labels.channel });
    const grace = delayed(signal, STOP_GRACE_MS);
    const outcomes = await this.#channel.send(
      items.map((item) => item.delivery as Delivery),
      grace.signal,
    );
    grace.release();
    finish();
    for (const outcome of outcomes) if (!outcome.ok) this.#deps.metrics.failures.inc({ ...this.#labels, reason: outcome.reason });
    return outcomes;
  }

  #backOff(failure: Failed): RetryLater {
    const first = this.#breaker.failures === 0;
    const pauseMs = this.#breaker.failed(failure.afterMs);
    const fields = { ...this.#labels, reason: failure.reason, pauseMs: Math.round(pauseMs) };
    if (first) this.#deps.logger.warn(fields, `A delivery failed and will be tried again: ${failure.message}.`);
    else this.#deps.logger.debug(fields, `A delivery failed again: ${failure.message}.`);
    return new RetryLater(pauseMs, failure.message);
  }

  #delivered(record: StoredRecord): void {
    const { metrics, now } = this.#deps;
    metrics.deliveries.inc({ ...this.#labels, result: 'delivered' });
    metrics.latencySeconds.observe({ channel: this.#labels.channel }, Math.max(0, (now() - record.timestamp) / 1000));
  }

  async #giveUp(record: StoredRecord, batch: Batch, reason: DeadLetterReason, message: string, attempts: number): Promise<void> {
    const { log, metrics, logger, now } = this.#deps;
    const time = new Date(now()).toISOString();
    await appendDeadLetters(log, [
      deadLetter(record, {
        stage: 'deliver',
        reason,
        message,
        component: this.name,
        attempts,
        firstTime: time,
        lastTime: time,
        origin: { topic: batch.topic, partition: batch.partition, offset: record.offset },
      }),
    ]);
    metrics.deliveries.inc({ ...this.#labels, result: 'dead' });
    logger.debug({ ...this.#labels, reason }, `An event went to the dead letters: ${message}.`);
  }

  #recentOf(partition: number): RecentDeliveries {
    let recent = this.#recent.get(partition);
    if (recent === undefined) this.#recent.set(partition, (recent = new RecentDeliveries(REMEMBERED_PER_PARTITION)));
    return recent;
  }

  #reportLag(batch: Batch, items: readonly Item[], ended: ReadonlySet<Item>): void {
    const oldest = items.find((item) => !ended.has(item));
    const last = (batch.records.at(-1) as StoredRecord).offset + 1;
    const behind = Math.max(0, batch.highWatermark - (oldest?.record.offset ?? last));
    this.#lag.set(batch.partition, behind, behind === 0 ? undefined : (oldest ?? (items.at(-1) as Item)).record.timestamp);
  }
}

/** A signal that aborts some time after another one; `release` when it is no longer needed. */
function delayed(signal: AbortSignal, ms: number): { signal: AbortSignal; release(): void } {
  const later = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const start = (): void => {
    timer = setTimeout(() => later.abort(), ms);
  };
  if (signal.aborted) start();
  else signal.addEventListener('abort', start, { once: true });
  return {
    signal: later.signal,
    release() {
      clearTimeout(timer);
      signal.removeEventListener('abort', start);
    },
  };
}
