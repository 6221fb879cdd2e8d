import type { SubscribedEvent } from './event.js';

/**
 * What one subscription remembers of one partition, bounded, in memory: after a restart, or when the partition moves,
 * receivers may get the last batch again.
 */
export class History {
  /** Delivered, so that what a sensor or a service put on the log twice is not sent twice. */
  readonly #delivered: Recent<true>;
  /** The last version delivered of what has versions. */
  readonly #versions: Recent<number>;
  /** Offsets behind an unfinished one that have ended already: when the log gives them again nothing is left to do. */
  readonly #endedAhead = new Set<number>();
  /** Failed attempts of deliveries that have not ended; never more than a batch. */
  readonly #failed = new Map<string, FailedAttempts>();

  constructor(capacity: number) {
    this.#delivered = new Recent(capacity);
    this.#versions = new Recent(capacity);
  }

  /** Whether the event, or a later version of what it is about, was delivered. */
  knows({ delivery, subject }: SubscribedEvent): boolean {
    if (this.#delivered.get(delivery.id) === true) return true;
    return subject !== undefined && subject.version <= (this.#versions.get(subject.id) ?? -Infinity);
  }

  delivered({ delivery, subject }: SubscribedEvent): void {
    this.#delivered.set(delivery.id, true);
    if (subject !== undefined) this.#versions.set(subject.id, Math.max(subject.version, this.#versions.get(subject.id) ?? -Infinity));
  }

  ended(offset: number): boolean {
    return this.#endedAhead.has(offset);
  }

  end(offset: number, deliveryId: string | undefined): void {
    this.#endedAhead.add(offset);
    if (deliveryId !== undefined) this.#failed.delete(deliveryId);
  }

  /** The log will not give these again. */
  forgetUpTo(offset: number): void {
    for (const ended of this.#endedAhead) if (ended <= offset) this.#endedAhead.delete(ended);
  }

  fail(deliveryId: string, now: number): void {
    const { count, firstMs } = this.attempts(deliveryId) ?? { count: 0, firstMs: now };
    this.#failed.set(deliveryId, { count: count + 1, firstMs });
  }

  attempts(deliveryId: string): FailedAttempts | undefined {
    return this.#failed.get(deliveryId);
  }
}

export interface FailedAttempts {
  count: number;
  /** When the first one ended. */
  firstMs: number;
}

/** The last entries that were set, at least half of the capacity; two generations, so forgetting costs nothing. */
class Recent<V> {
  readonly #capacity: number;
  #young = new Map<string, V>();
  #old = new Map<string, V>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get(key: string): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key);
  }

  set(key: string, value: V): void {
    this.#young.set(key, value);
    if (this.#young.size < this.#capacity / 2) return;
    this.#old = this.#young;
    this.#young = new Map();
  }
}
