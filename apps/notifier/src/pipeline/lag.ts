import type { NotifierMetrics } from '../metrics.js';

/** How far one subscription is behind, over the partitions that this process has. */
export class Lag {
  readonly #metrics: NotifierMetrics;
  readonly #subscription: string;
  readonly #now: () => number;
  readonly #partitions = new Map<number, { events: number; oldest: number | undefined }>();

  constructor(subscription: string, metrics: NotifierMetrics, now: () => number) {
    this.#subscription = subscription;
    this.#metrics = metrics;
    this.#now = now;
  }

  /** `oldest` is when the log took the oldest event that has not ended, undefined when there is none. */
  set(partition: number, events: number, oldest: number | undefined): void {
    this.#partitions.set(partition, { events, oldest });
    this.report();
  }

  remove(partition: number): void {
    this.#partitions.delete(partition);
    this.report();
  }

  /** Age grows without anything happening, so it is reported from time to time too. */
  report(): void {
    let events = 0;
    let oldest = Infinity;
    for (const partition of this.#partitions.values()) {
      events += partition.events;
      oldest = Math.min(oldest, partition.oldest ?? Infinity);
    }
    this.#metrics.lagEvents.set({ subscription: this.#subscription }, events);
    this.#metrics.lagSeconds.set({ subscription: this.#subscription }, oldest === Infinity ? 0 : Math.max(0, (this.#now() - oldest) / 1000));
  }
}
