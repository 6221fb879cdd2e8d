import { RetryLater } from './errors.js';

const FIRST_MS = 100;
const LONGEST_MS = 30_000;
/** What a timer can hold; above it, it would fire at once. */
const TIMER_MAX_MS = 2 ** 31 - 1;

/**
 * How long to wait before a failed batch comes again: what the handler asked for, else doubling with full jitter
 * above one half, so that many partitions do not come back in step.
 */
export function retryDelay(error: unknown, attempt: number): number {
  if (error instanceof RetryLater && error.afterMs >= 0) return Math.min(TIMER_MAX_MS, error.afterMs);
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 20));
  return ceiling * (0.5 + Math.random() / 2);
}

/** Resolves after the time or when the signal aborts, whichever is first. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const finish = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', finish);
      resolve();
    };
    const timer = setTimeout(finish, ms);
    signal.addEventListener('abort', finish, { once: true });
  });
}
