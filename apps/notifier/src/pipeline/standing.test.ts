import { describe, expect, it } from '@jest/globals';
import type { SubscriptionState } from '@tocsin/store';
import { stand, type Seen } from './standing.js';

const HOUR = 3_600_000;
const SETTINGS = { disableAfterMs: 24 * HOUR, probeEveryMs: HOUR };
const START = Date.UTC(2026, 8, 14);
const at = (hours: number): number => START + hours * HOUR;
const iso = (hours: number): string => new Date(at(hours)).toISOString();

const nothing: Seen = {
  deliveredAt: undefined,
  answeredAt: undefined,
  failedAt: undefined,
  failure: undefined,
  pausedUntil: undefined,
  waiting: false,
};
const failing = (since: number): Seen => ({
  ...nothing,
  failedAt: at(since),
  failure: { at: at(since), reason: 'timeout', message: 'no answer' },
  waiting: true,
});
const answered = (hours: number): Seen => ({ ...nothing, deliveredAt: at(hours), answeredAt: at(hours) });

function state(parts: Partial<SubscriptionState> = {}): SubscriptionState {
  return {
    ...{ subscription: 'soc', channel: 'webhook', events: 'incidents', state: 'active', since: iso(0), actor: 'tocsin', reason: '' },
    ...{ failingSince: null, lastSuccess: null, lastErrorAt: null, lastErrorReason: '', lastError: '', pausedUntil: null, probeAt: null },
    seenAt: iso(0),
    ...parts,
  };
}

describe('how a subscription stands', () => {
  it('is disabled once every attempt has failed for so long, and not before', () => {
    const failed = stand(state(), failing(1), at(1), SETTINGS).state;
    expect(failed).toMatchObject({ state: 'active', failingSince: iso(1), lastErrorReason: 'timeout', lastError: 'no answer' });
    expect(stand(failed, failing(1), at(24), SETTINGS).change).toBeUndefined();
    expect(stand(failed, failing(1), at(25), SETTINGS)).toMatchObject({
      change: 'disabled',
      state: { state: 'disabled', since: iso(25), probeAt: iso(26) },
    });
  });

  it('is disabled at once when the receiver wants no more, and not for one event that it refuses', () => {
    const gone = { at: at(1), reason: 'gone', message: 'it wants no more events' };
    expect(stand(state(), { ...failing(1), failure: gone }, at(1), SETTINGS)).toMatchObject({
      change: 'disabled',
      state: { state: 'disabled', reason: 'it wants no more events', probeAt: iso(2) },
    });
    expect(stand(state(), { ...answered(1), failure: gone }, at(1), SETTINGS).change).toBeUndefined();
  });

  it('is not disabled because nothing came for a long time', () => {
    const idle = stand(state(), answered(1), at(1), SETTINGS).state;
    expect(stand(idle, nothing, at(1_000), SETTINGS)).toMatchObject({ change: undefined, state: { state: 'active', failingSince: null } });
    const failed = stand(idle, failing(999), at(1_000), SETTINGS).state;
    expect(failed).toMatchObject({ state: 'active', failingSince: iso(999) });
  });

  it('is not disabled while another replica is answered', () => {
    const here = stand(state(), failing(1), at(1), SETTINGS).state;
    const there = stand(here, answered(20), at(20), SETTINGS).state;
    expect(there.failingSince).toBeNull();
    // This replica never saw an answer, but the other one did a moment ago.
    expect(stand(there, failing(1), at(26), SETTINGS)).toMatchObject({ change: undefined, state: { failingSince: iso(20) } });
  });

  it('lets one replica try now and then, where events wait', () => {
    const disabled = state({ state: 'disabled', failingSince: iso(0), probeAt: iso(10) });
    expect(stand(disabled, failing(0), at(9), SETTINGS).probe).toBe(false);
    expect(stand(disabled, nothing, at(11), SETTINGS).probe).toBe(false);
    const first = stand(disabled, failing(0), at(11), SETTINGS);
    expect(first).toMatchObject({ probe: true, state: { state: 'disabled', probeAt: iso(12) } });
    expect(stand(first.state, failing(0), at(11), SETTINGS).probe).toBe(false);
  });

  it('is active again when the receiver answers', () => {
    const disabled = state({ state: 'disabled', failingSince: iso(0), probeAt: iso(10) });
    expect(stand(disabled, answered(11), at(11), SETTINGS)).toMatchObject({
      change: 'enabled',
      state: { state: 'active', failingSince: null, probeAt: null, lastSuccess: iso(11) },
    });
  });

  it('stays stopped, whatever happens, when an operator said so', () => {
    const stopped = state({ state: 'stopped', failingSince: iso(0), actor: 'ann' });
    for (const seen of [answered(50), failing(1), nothing]) {
      expect(stand(stopped, seen, at(50), SETTINGS)).toMatchObject({ change: undefined, probe: false, state: { state: 'stopped', actor: 'ann' } });
    }
  });
});
