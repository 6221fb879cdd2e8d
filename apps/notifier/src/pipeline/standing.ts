import type { SubscriptionState } from '@tocsin/store';

/** What one process saw of a subscription since it last told the others. Times are milliseconds since 1970. */
export interface Seen {
  /** The last delivery that succeeded. */
  deliveredAt: number | undefined;
  /** The last time that the receiver answered: it took an event, or refused one for good. */
  answeredAt: number | undefined;
  /** The first failure after that. */
  failedAt: number | undefined;
  failure: { at: number; reason: string; message: string } | undefined;
  pausedUntil: number | undefined;
  /** Events wait for it to be enabled. */
  waiting: boolean;
}

export interface DisableSettings {
  disableAfterMs: number;
  probeEveryMs: number;
}

export interface Standing {
  state: SubscriptionState;
  change: 'disabled' | 'enabled' | undefined;
  /** Whether this process is the one that tries now. */
  probe: boolean;
}

const iso = (ms: number): string => new Date(ms).toISOString();
const laterOf = (a: string | null, b: number | undefined): string | null => (b !== undefined && (a === null || iso(b) > a) ? iso(b) : a);

/**
 * How a subscription stands after what one process saw. States:
 *
 * - `active`: events are sent. When every attempt has failed for `disableAfter`, and the receiver answered no replica in
 *   that time, it becomes `disabled`; at once when the receiver says that it wants no more events (HTTP 410).
 * - `disabled`: events wait on the log. Every `probeEvery`, one replica with events that wait tries; an answer makes it
 *   `active` again.
 * - `stopped`: an operator said so, and only an operator ends it.
 */
export function stand(before: SubscriptionState, seen: Seen, nowMs: number, { disableAfterMs, probeEveryMs }: DisableSettings): Standing {
  const state: SubscriptionState = {
    ...before,
    lastSuccess: laterOf(before.lastSuccess, seen.deliveredAt),
    pausedUntil: seen.pausedUntil === undefined ? past(before.pausedUntil, nowMs) : iso(seen.pausedUntil),
    seenAt: iso(nowMs),
  };
  if (seen.failure !== undefined && (before.lastErrorAt === null || iso(seen.failure.at) >= before.lastErrorAt)) {
    const { at, reason, message } = seen.failure;
    Object.assign(state, { lastErrorAt: iso(at), lastErrorReason: reason, lastError: message });
  }
  if (seen.answeredAt !== undefined) state.failingSince = null;
  if (seen.failedAt !== undefined) {
    // This process may never have seen an answer, and another one a moment ago.
    const answered = before.failingSince === null ? before.lastSuccess : null;
    state.failingSince ??= laterOf(answered, seen.failedAt);
  }
  if (before.state === 'disabled' && seen.answeredAt !== undefined) {
    const reason = 'the receiver answers again';
    return { state: { ...state, state: 'active', since: iso(nowMs), actor: 'tocsin', reason, probeAt: null }, change: 'enabled', probe: false };
  }
  if (before.state === 'disabled' && seen.waiting && (before.probeAt === null || before.probeAt <= iso(nowMs))) {
    return { state: { ...state, probeAt: iso(nowMs + probeEveryMs) }, change: undefined, probe: true };
  }
  const gone = state.lastErrorReason === 'gone';
  if (before.state === 'active' && state.failingSince !== null && (gone || state.failingSince <= iso(nowMs - disableAfterMs))) {
    const reason = gone ? state.lastError : `nothing was delivered since ${state.failingSince}: ${state.lastError}`;
    const disabled = { state: 'disabled', since: iso(nowMs), actor: 'tocsin', reason, probeAt: iso(nowMs + probeEveryMs) } as const;
    return { state: { ...state, ...disabled }, change: 'disabled', probe: false };
  }
  return { state, change: undefined, probe: false };
}

function past(until: string | null, nowMs: number): string | null {
  return until !== null && until > iso(nowMs) ? until : null;
}
