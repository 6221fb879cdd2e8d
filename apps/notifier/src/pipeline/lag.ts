import type { TopicOffsets } from '@tocsin/event-log';
import type { NotifierMetrics } from '../metrics.js';

interface Place {
  /** Offset of the first record that has not ended. */
  next: number;
  /** Offset after the last record of the partition. */
  end: number;
  /** When the log took the first record that has not ended; undefined when there is none, as far as is known. */
  oldest: number | undefined;
}

/** How far one subscription is behind, over the partitions that this process has. */
export class Lag {
  readonly #metrics: NotifierMetrics;
  readonly #subscription: string;
  readonly #now: () => number;
  readonly #partitions = new Map<number, Place>();
  #closed = false;

  constructor(subscription: string, metrics: NotifierMetrics, now: () => number) {
    this.#subscription = subscription;
    this.#metrics = metrics;
    this.#now = now;
  }

  set(partition: number, place: Place): void {
    this.#partitions.set(partition, place);
    this.#report();
  }

  /** A partition that waits for its receiver gets no batches, so how far the log has grown is asked for. */
  grown(offsets: readonly TopicOffsets[]): void {
    for (const { partition, end } of offsets) {
      const place = this.#partitions.get(partition);
      if (place !== undefined) place.end = Math.max(place.end, end);
    }
    this.#report();
  }

  /** Events that wait, and when the log took the oldest of them (milliseconds since 1970). */
  get behind(): { events: number; oldestMs: number | undefined } {
    let events = 0;
    let oldest = Infinity;
    for (const place of this.#partitions.values()) {
      events += Math.max(0, place.end - place.next);
      oldest = Math.min(oldest, place.oldest ?? Infinity);
    }
    return { events, oldestMs: oldest === Infinity ? undefined : oldest };
  }

  remove(partition: number): void {
    this.#partitions.delete(partition);
    this.#report();
  }

  /** The subscription is gone, and so are its series: what is still being asked for must not bring them back. */
  close(): void {
    this.#closed = true;
    this.#metrics.lagEvents.remove({ subscription: this.#subscription });
    this.#metrics.lagSeconds.remove({ subscription: this.#subscription });
  }

  #report(): void {
    if (this.#closed) return;
    const { events, oldestMs } = this.behind;
    this.#metrics.lagEvents.set({ subscription: this.#subscription }, events);
    this.#metrics.lagSeconds.set({ subscription: this.#subscription }, oldestMs === undefined ? 0 : Math.max(0, (this.#now() - oldestMs) / 1000));
  }
}
