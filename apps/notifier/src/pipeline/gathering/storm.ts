/**
 * When a subscription is in a storm: more events than `above` within a minute, by the time at which the log took them, so that
 * what waited out an outage is none. It is over when a minute had less than half as many.
 */
export class StormGauge {
  readonly #above: number;
  /** Events of each second, by second. */
  readonly #seconds = new Map<number, number>();
  #newest = -Infinity;
  #count = 0;
  #storm = false;

  constructor(above: number) {
    this.#above = above;
  }

  get inStorm(): boolean {
    return this.#storm;
  }

  /** Whether the event is part of a storm. `timestamp`: milliseconds since 1970. */
  add(timestamp: number): boolean {
    const second = Math.floor(timestamp / 1_000);
    // Partitions are not in step: what is older than the window counts with its oldest second.
    const counted = Math.max(second, this.#newest - WINDOW_S + 1);
    this.#seconds.set(counted, (this.#seconds.get(counted) ?? 0) + 1);
    this.#count++;
    this.#forget(second);
    if (this.#count > this.#above) this.#storm = true;
    else if (this.#count * 2 <= this.#above) this.#storm = false;
    return this.#storm;
  }

  #forget(second: number): void {
    if (second <= this.#newest) return;
    this.#newest = second;
    for (const [old, count] of this.#seconds) {
      if (old > second - WINDOW_S) continue;
      this.#seconds.delete(old);
      this.#count -= count;
    }
  }
}

const WINDOW_S = 60;
