import type { Violation } from '@tocsin/domain';

export interface ClockBounds {
  /** How far a sensor's clock may be ahead. */
  maxFutureMs: number;
  /** How old an event may be. */
  maxPastMs: number;
}

/**
 * A time beyond the bounds is replaced by the time of receipt and the difference is kept. A time in the future would
 * close windows of the correlator too early; one long past is of a clock that was never set. The id stays.
 */
export function clampClock(violation: Violation, bounds: ClockBounds): Violation {
  const skew = Date.parse(violation.time) - Date.parse(violation.received_time);
  if (skew <= bounds.maxFutureMs && -skew <= bounds.maxPastMs) return violation;
  return { ...violation, time: violation.received_time, clock_skew_ms: skew };
}
