import { RetryLater, directedFor, type Batch, type DeadLetterReason, type EventLog, type StoredRecord } from '@tocsin/event-log';
import type { Logger } from '@tocsin/runtime';
import type { Channel, FailureReason, Outcome } from '../channels/channel.js';
import type { NotifierMetrics } from '../metrics.js';
import { Breaker, backOffMs, type Pass } from './breaker.js';
import type { SubscribedEvent } from './event.js';
import { giveUp } from './give-up.js';
import type { Health } from './health.js';
import { HeldKeys } from './held-keys.js';
import type { History } from './history.js';
import { inLanes } from './lanes.js';
import type { Ledger } from './ledger.js';

export interface SenderDeps {
  log: EventLog;
  logger: Logger;
  metrics: NotifierMetrics;
  /** Attempts under way per partition, where the channel takes events one by one. */
  concurrency: number;
  maxRetryDelayMs: number;
  /** What became of each delivery. */
  ledger: Pick<Ledger, 'note'>;
  /** How this subscription does, and whether it may send. */
  health: Health;
  now(): number;
}

/** An event that waits to be sent. */
export interface Waiting {
  record: StoredRecord;
  event: SubscribedEvent;
}

const DEAD_LETTER_REASON: Partial<Record<FailureReason, DeadLetterReason>> = { too_large: 'too_large', format: 'internal' };

type Failed = Extract<Outcome, { ok: false }>;

/** An attempt under way may end after a stop was asked for: cutting it off would make the receiver see it twice. */
const STOP_GRACE_MS = 5_000;
/** A receiver in trouble is told once in this time, not with each attempt. */
const WARN_EVERY_MS = 60_000;

/** Sends through one channel: in order per key, bounded, held back by one breaker for all partitions. */
export class Sender {
  readonly #channel: Channel;
  readonly #deps: SenderDeps;
  readonly #breaker: Breaker;
  readonly #labels: { subscription: string; channel: string };
  readonly #held: HeldKeys;
  #warnedAt = -Infinity;

  constructor(channel: Channel, labels: { subscription: string; channel: string }, deps: SenderDeps) {
    this.#channel = channel;
    this.#labels = labels;
    this.#deps = deps;
    this.#breaker = new Breaker(deps.maxRetryDelayMs, () => deps.now());
    this.#held = new HeldKeys(() => deps.now());
  }

  /**
   * Calls `end` for each item that was delivered or given up. Throws `RetryLater` when some were neither: the receiver
   * may take them later, or the partition was taken away.
   */
  async send(items: readonly Waiting[], batch: Batch, history: History, end: (item: Waiting) => void): Promise<void> {
    const holdMs = this.#deps.health.holdMs();
    if (holdMs > 0) throw new RetryLater(holdMs, 'the subscription is not served');
    const pass = this.#breaker.enter();
    if (typeof pass === 'number') throw new RetryLater(pass, 'the receiver is given time');
    const grace = delayed(batch.signal, STOP_GRACE_MS);
    const round: Round = { batch, history, pass, signal: grace.signal, failure: undefined, left: new Set(items), end };
    try {
      await this.#attemptAll(items, round);
    } finally {
      grace.release();
      pass.abandoned();
    }
    if (round.left.size === 0) return;
    if (batch.signal.aborted) throw new RetryLater(0, 'the partition was taken away');
    if (round.failure === undefined) throw new RetryLater(this.#breaker.waitMs || this.#held.waitMs, 'the receiver is given time');
    throw this.#backOff(round.failure, round);
  }

  async #attemptAll(items: readonly Waiting[], round: Round): Promise<void> {
    if (this.#channel.takes === 'stream') {
      await this.#attempt(items, round);
      return;
    }
    // Nobody else waits for what the receiver wants later by itself.
    const free = items.filter(({ record }) => !this.#held.has(record));
    if (free.length === 0) return;
    const goOn = (): boolean => !round.batch.signal.aborted && round.failure === undefined && round.pass.current();
    if (round.pass.probe && !(await this.#attempt(free.slice(0, 1), round))) return;
    const rest = round.pass.probe ? free.slice(1) : free;
    // Records without a key have no order to keep.
    const keyOf = ({ record }: Waiting): unknown => record.key ?? record;
    await inLanes(rest, keyOf, this.#deps.concurrency, async (item) => goOn() && !this.#held.has(item.record) && this.#attempt([item], round));
  }

  /** False when something of it must be tried again. */
  async #attempt(items: readonly Waiting[], round: Round): Promise<boolean> {
    const { metrics, now } = this.#deps;
    const { batch } = round;
    const finish = metrics.sendSeconds.startTimer({ channel: this.#labels.channel });
    const deliveries = items.map(({ event: { delivery } }) => {
      delivery.attempt = (round.history.attempts(delivery.id)?.count ?? 0) + 1;
      return delivery;
    });
    const outcomes = await this.#channel.send(deliveries, round.signal);
    finish();
    let ended = true;
    for (const [index, item] of items.entries()) {
      const outcome = outcomes[index] as Outcome;
      if (!outcome.ok) metrics.failures.inc({ ...this.#labels, reason: outcome.reason });
      if (!outcome.ok && outcome.retry) {
        this.#note(item, 'pending', batch, outcome);
        if (outcome.scope === 'delivery') {
          round.history.fail(item.event.delivery.id, now());
          this.#hold(item, outcome, round);
          ended = false;
          continue;
        }
        this.#deps.health.failed(now(), outcome.reason, outcome.message);
        // The receiver's longest wish counts, whichever attempt heard it.
        if (round.failure === undefined || (round.failure.afterMs ?? 0) < (outcome.afterMs ?? 0)) round.failure = outcome;
        round.history.fail(item.event.delivery.id, now());
        ended = false;
        continue;
      }
      round.pass.succeeded();
      if (outcome.ok) this.#delivered(item, round);
      else await this.#giveUp(item, outcome, round);
      round.left.delete(item);
      round.end(item);
    }
    return ended;
  }

  /** The receiver answers, and wants this one later: it is there for the others. */
  #hold({ record, event }: Waiting, { afterMs, reason, message }: Failed, { pass, history }: Round): void {
    const { health, maxRetryDelayMs, now } = this.#deps;
    const ownMs = backOffMs(history.attempts(event.delivery.id)?.count ?? 1, maxRetryDelayMs);
    this.#held.hold(record, now() + Math.max(ownMs, Math.min(maxRetryDelayMs, afterMs ?? 0)));
    pass.succeeded();
    health.answered(now(), { reason, message });
  }

  #note({ record, event }: Waiting, state: 'pending' | 'delivered' | 'dead', { topic, partition }: Batch, failure?: Failed): void {
    const { ledger, now } = this.#deps;
    ledger.note({
      id: event.delivery.id,
      subscription: this.#labels.subscription,
      eventId: event.delivery.event.id,
      state,
      ...{ topic, partition, offset: record.offset, loggedMs: record.timestamp, nowMs: now() },
      ...(failure !== undefined && { failure: { reason: failure.reason, message: failure.message } }),
    });
  }

  #drilled({ record }: Waiting, outcome: 'delivered' | 'dead'): void {
    if (directedFor(record) !== 'drill') return;
    const { metrics, now } = this.#deps;
    const { subscription } = this.#labels;
    metrics.drills.inc({ subscription, outcome });
    if (outcome === 'dead') return;
    metrics.drillSeconds.observe({ subscription }, Math.max(0, (now() - record.timestamp) / 1000));
    metrics.drillLastSuccess.set({ subscription }, now() / 1000);
  }

  #delivered(item: Waiting, { history, batch }: Round): void {
    const { record, event } = item;
    const { metrics, health, now } = this.#deps;
    history.delivered(event);
    health.delivered(now());
    this.#note(item, 'delivered', batch);
    this.#drilled(item, 'delivered');
    metrics.deliveries.inc({ ...this.#labels, result: 'delivered' });
    metrics.latencySeconds.observe({ channel: this.#labels.channel }, Math.max(0, (now() - record.timestamp) / 1000));
  }

  async #giveUp(item: Waiting, failed: Failed, { batch, history }: Round): Promise<void> {
    const { record, event } = item;
    const { reason, message } = failed;
    const { log, metrics, logger, health, now } = this.#deps;
    await giveUp(log, batch, {
      record,
      reason: DEAD_LETTER_REASON[reason] ?? 'rejected_by_receiver',
      message,
      subscription: this.#labels.subscription,
      failed: history.attempts(event.delivery.id),
      now: now(),
    });
    metrics.deliveries.inc({ ...this.#labels, result: 'dead' });
    health.answered(now(), { reason, message });
    this.#note(item, 'dead', batch, failed);
    this.#drilled(item, 'dead');
    logger.debug({ ...this.#labels, reason }, `An event went to the dead letters: ${message}.`);
  }

  /**
   * The breaker holds all partitions back; this one also by how often its own record failed, so that a record which
   * the receiver cannot take (HTTP 500 for this one only) does not take every probe from the others.
   */
  #backOff(failure: Failed, { pass, left, history }: Round): RetryLater {
    const { logger, maxRetryDelayMs, now } = this.#deps;
    const [stuck, attempts] = mostFailed(left, history);
    const pauseMs = Math.max(pass.failed(failure.afterMs), backOffMs(attempts, maxRetryDelayMs));
    this.#deps.health.paused(now() + pauseMs);
    const fields = { ...this.#labels, reason: failure.reason, event: stuck, attempts, pauseMs: Math.round(pauseMs) };
    if (now() - this.#warnedAt >= WARN_EVERY_MS) {
      this.#warnedAt = now();
      logger.warn(fields, `A delivery failed and will be tried again: ${failure.message}.`);
    } else logger.debug(fields, `A delivery failed: ${failure.message}.`);
    return new RetryLater(pauseMs, failure.message);
  }
}

/** The id of the event that failed most often, and how often, so that it can be told from a receiver that takes none. */
function mostFailed(left: Iterable<Waiting>, history: History): [id: string | undefined, attempts: number] {
  let most: [string | undefined, number] = [undefined, 1];
  for (const { event } of left) {
    const { count } = history.attempts(event.delivery.id) ?? { count: 0 };
    if (count > most[1] || most[0] === undefined) most = [event.delivery.event.id, Math.max(1, count)];
  }
  return most;
}

/** One try at a batch. */
interface Round {
  readonly batch: Batch;
  readonly history: History;
  readonly pass: Pass;
  /** Aborts attempts under way. */
  readonly signal: AbortSignal;
  readonly left: Set<Waiting>;
  end(item: Waiting): void;
  failure: Failed | undefined;
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
