/**
 * Keeps a receiver in trouble from being asked by every partition at once. States:
 *
 * - closed: batches pass.
 * - open, after a failure: none pass until the pause is over. Pauses double with each probe that fails, with jitter,
 *   or are what the receiver asked for.
 * - half-open, when it is over: one batch passes, as a probe; its success closes the breaker, its failure opens it again.
 *
 * Many attempts are under way when a receiver falls silent, and each will fail. They are one failure, not many: only
 * the first one opens the breaker, or the pause would be at its longest after the first hiccup.
 */
export class Breaker {
  readonly #now: () => number;
  readonly #longestMs: number;
  #failures = 0;
  #openUntil = 0;
  #probing = false;
  /** Grows each time the breaker opens, so that outcomes of attempts begun before are told apart. */
  #epoch = 0;

  constructor(longestMs: number, now: () => number) {
    this.#longestMs = longestMs;
    this.#now = now;
  }

  /** A pass for one batch, or the milliseconds to wait before asking again. */
  enter(): Pass | number {
    if (this.#failures === 0) return this.#pass(false);
    if (this.waitMs > 0) return this.waitMs;
    if (this.#probing) return Math.min(FIRST_PAUSE_MS, this.#longestMs);
    this.#probing = true;
    return this.#pass(true);
  }

  /** Milliseconds until the next probe. */
  get waitMs(): number {
    return Math.max(0, this.#openUntil - this.#now());
  }

  #pass(probe: boolean): Pass {
    const epoch = this.#epoch;
    const current = (): boolean => epoch === this.#epoch;
    return {
      probe,
      current,
      succeeded: () => {
        if (!current()) return;
        this.#failures = 0;
        this.#probing = false;
      },
      failed: (askedMs) => {
        // A receiver may ask for longer than we would wait, but not for ever: a wrong header must not stop a subscription.
        const asked = Math.min(this.#longestMs, askedMs ?? 0);
        const pause = Math.max(asked, current() ? this.#open() : 0);
        this.#openUntil = Math.max(this.#openUntil, this.#now() + pause);
        return this.waitMs;
      },
      abandoned: () => {
        if (current()) this.#probing = false;
      },
    };
  }

  /** Returns the pause that we choose ourselves. */
  #open(): number {
    this.#failures++;
    this.#epoch++;
    this.#probing = false;
    return backOffMs(this.#failures, this.#longestMs);
  }
}

/** Leave to make attempts, which ends with a failure or with the batch. */
export interface Pass {
  /** Try with one delivery before the others. */
  readonly probe: boolean;
  /** False when the breaker has opened since: begin no further attempt. */
  current(): boolean;
  /** The receiver answered; MAY be called several times. */
  succeeded(): void;
  /** Returns the pause. `askedMs` is the receiver's own wish (Retry-After). */
  failed(askedMs: number | undefined): number;
  /** The batch ended without an outcome. MUST be called when neither of the others was; harmless otherwise. */
  abandoned(): void;
}

const FIRST_PAUSE_MS = 500;

/** Doubles with each failure in a row; the lower half of it is certain, the rest is jitter. */
export function backOffMs(failures: number, longestMs: number): number {
  const ceiling = Math.min(longestMs, FIRST_PAUSE_MS * 2 ** Math.min(failures - 1, 30));
  return ceiling * (0.5 + Math.random() / 2);
}
