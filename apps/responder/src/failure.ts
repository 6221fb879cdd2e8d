import type { Refusal } from '@tocsin/domain';

/**
 * It may go better later: the API server is away, asks to wait, or somebody else changed the object meanwhile. The runner tries
 * again with growing pauses; whatever has been done so far MUST be found as it is and completed.
 */
export class Transient extends Error {
  override readonly name = 'Transient';
  /** What the other side asked for, in milliseconds. */
  readonly retryAfterMs: number | undefined;

  constructor(message: string, options: { retryAfterMs?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.retryAfterMs = options.retryAfterMs;
  }
}

/** It must not be done, and nothing was. The message is for people and says what to do, where something can be done. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly by: Refusal;

  constructor(by: Refusal, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.by = by;
  }
}

/** The target is no longer as the plan says, and nothing was done: it is planned anew, and what was approved is approved anew. */
export class PlanOutdated extends Error {
  override readonly name = 'PlanOutdated';
}

/** Trying again will not help. What was done so far is undone. */
export class Failed extends Error {
  override readonly name = 'Failed';
}
