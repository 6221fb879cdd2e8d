import type { SubscriptionActivity } from '@tocsin/store';
import type { Seen } from './standing.js';

/** How long a partition of a subscription that is not served waits before it looks again. */
export const LOOK_AGAIN_MS = 5_000;

/** How one subscription does in this process, and whether it may send. */
export class Health {
  #seen: Seen = nothing();
  #activity: SubscriptionActivity = 'active';
  #probing = false;
  #failedAt: number | undefined;
  #pausedUntil: number | undefined;

  delivered(nowMs: number): void {
    this.answered(nowMs);
    this.#seen.deliveredAt = nowMs;
  }

  /** The receiver took an event, or refused it for good: it is there. */
  answered(nowMs: number, refusal?: { reason: string; message: string }): void {
    this.#seen.answeredAt = nowMs;
    if (refusal !== undefined) this.#seen.failure = { at: nowMs, ...refusal };
    this.#seen.pausedUntil = this.#pausedUntil = undefined;
    this.#failedAt = undefined;
  }

  failed(nowMs: number, reason: string, message: string): void {
    this.#failedAt ??= nowMs;
    this.#probing = false;
    this.#seen.failure = { at: nowMs, reason, message };
  }

  paused(untilMs: number): void {
    this.#pausedUntil = untilMs;
  }

  /** Milliseconds to wait before events are sent; 0: now. Called where events wait. */
  holdMs(): number {
    if (this.#activity === 'active' || this.#probing) return 0;
    this.#seen.waiting = true;
    return LOOK_AGAIN_MS;
  }

  /** What was seen since the last call. */
  take(): Seen {
    const seen = { ...this.#seen, failedAt: this.#failedAt, pausedUntil: this.#pausedUntil };
    this.#seen = nothing();
    return seen;
  }

  /** What could not be told is told with the next. */
  giveBack(seen: Seen): void {
    const { deliveredAt, answeredAt, failure, waiting } = this.#seen;
    this.#seen = {
      ...nothing(),
      deliveredAt: deliveredAt ?? seen.deliveredAt,
      answeredAt: answeredAt ?? seen.answeredAt,
      failure: failure ?? seen.failure,
      waiting: waiting || seen.waiting,
    };
  }

  set(activity: SubscriptionActivity, probe: boolean): void {
    this.#activity = activity;
    this.#probing = activity === 'disabled' && (probe || this.#probing);
  }

  get activity(): SubscriptionActivity {
    return this.#activity;
  }
}

function nothing(): Seen {
  return { deliveredAt: undefined, answeredAt: undefined, failedAt: undefined, failure: undefined, pausedUntil: undefined, waiting: false };
}
