/** Bounds that protect the process; each says how long to wait, so that a sender can be told. */

/**
 * A token bucket in items per second. A request is let in while the bucket is not empty and then charged for all its
 * items, which are only counted after decoding: the debt of a big batch delays the next one.
 */
export class TokenBucket {
  readonly #perSecond: number;
  readonly #burst: number;
  #tokens: number;
  #filledAt: number;

  constructor(perSecond: number, burst: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#burst = burst;
    this.#tokens = burst;
    this.#filledAt = nowMs;
  }

  /** Milliseconds until the next request is let in; 0 when it may come now. */
  waitMs(nowMs: number): number {
    // A clock that was set back must not take tokens away.
    const elapsed = Math.max(0, nowMs - this.#filledAt);
    this.#filledAt = nowMs;
    this.#tokens = Math.min(this.#burst, this.#tokens + (elapsed / 1_000) * this.#perSecond);
    return this.#tokens > 0 ? 0 : Math.ceil(((1 - this.#tokens) / this.#perSecond) * 1_000);
  }

  charge(items: number): void {
    this.#tokens -= items;
  }
}

/** Bytes of bodies that are being worked on. */
export class InFlight {
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** Gives back by calling what it returns; undefined when there is no room. One body always fits an idle process. */
  enter(bytes: number): (() => void) | undefined {
    if (this.#bytes > 0 && this.#bytes + bytes > this.#maxBytes) return undefined;
    this.#bytes += bytes;
    let left = false;
    return () => {
      if (!left) this.#bytes -= bytes;
      left = true;
    };
  }
}
