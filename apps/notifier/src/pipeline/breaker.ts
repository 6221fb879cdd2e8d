/**
 * Keeps a receiver in trouble from being asked by every partition at once. States:
 *
 * - closed: attempts pass.
 * - open, after a failure: none pass until the pause is over. Pauses double with each failure in a row, with jitter,
 *   or are what the receiver asked for.
 * - half-open, when it is over: one attempt passes; its success closes the breaker, its failure opens it again.
 */
export class Breaker {
  readonly #now: () => number;
  readonly #longestMs: number;
  #failures = 0;
  #openUntil = 0;
  #probing = false;

  constructor(longestMs: number, now: () => number) {
    this.#longestMs = longestMs;
    this.#now = now;
  }

  /** Milliseconds to wait before an attempt; 0: go ahead, and report how it went. */
  waitMs(): number {
    if (this.#failures === 0) return 0;
    const wait = this.#openUntil - this.#now();
    if (wait > 0) return wait;
    if (this.#probing) return FIRST_PAUSE_MS;
    this.#probing = true;
    return 0;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#probing = false;
  }

  /** Returns the pause. `askedMs` is the receiver's own wish (Retry-After). */
  failed(askedMs: number | undefined): number {
    const ceiling = Math.min(this.#longestMs, FIRST_PAUSE_MS * 2 ** Math.min(this.#failures, 30));
    const ownMs = ceiling * (0.5 + Math.random() / 2);
    // A receiver may ask for longer than we would wait, but not for ever: a wrong header must not stop a subscription.
    const pauseMs = Math.min(this.#longestMs, Math.max(ownMs, askedMs ?? 0));
    this.#failures++;
    this.#probing = false;
    this.#openUntil = Math.max(this.#openUntil, this.#now() + pauseMs);
    return pauseMs;
  }

  /** An attempt that was given up without an outcome. */
  abandoned(): void {
    this.#probing = false;
  }

  /** Failures in a row. */
  get failures(): number {
    return this.#failures;
  }
}

const FIRST_PAUSE_MS = 500;
