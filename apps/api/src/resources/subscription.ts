import type { DeliveryRow, SubscriptionState } from '@tocsin/store';
import { z } from 'zod';
import { time } from './violation.js';

export const DELIVERY_STATES = ['pending', 'delivered', 'dead'] as const;

const error = z.object({ time, reason: z.string(), message: z.string().describe('Without secrets.') });

export const subscription = z.object({
  name: z.string(),
  channel: z.string(),
  events: z.string(),
  state: z
    .enum(['active', 'disabled', 'stopped'])
    .describe('`disabled`: it failed for too long, and is tried now and then; `stopped`: by an operator.'),
  since: time.describe('Since when it is in this state.'),
  actor: z.string(),
  reason: z.string(),
  served: z.boolean().describe('Whether a notifier has it: false where its document is gone, or no notifier runs.'),
  lag: z.object({
    events: z.int().describe('On the log and not ended with; 0 when it has caught up.'),
    seconds: z.number().describe('Age of the oldest of them.'),
  }),
  dead_letters: z.int().describe('Refused by the receiver and not redriven.'),
  failing_since: time.exactOptional(),
  last_success: time.exactOptional(),
  last_error: error.exactOptional(),
  paused_until: time.exactOptional().describe('The next attempt after a failure.'),
  probe_at: time.exactOptional().describe('While it is disabled: when it is tried.'),
});

export const delivery = z.object({
  id: z.string().describe('The id that the receiver sees.'),
  subscription: z.string(),
  event: z.string().describe('Id of the event on the log; of incidents and actions with the version.'),
  state: z.enum(DELIVERY_STATES).describe('`pending`: failed, and will be tried again; `dead`: with the dead letters.'),
  attempts: z.int(),
  logged_at: time.describe('When the log took the event.'),
  first_attempt: time,
  last_attempt: time,
  last_failure: z.object({ reason: z.string(), message: z.string() }).exactOptional(),
  origin: z.object({ topic: z.string(), partition: z.int(), offset: z.int() }),
});

const instant = z.iso.datetime({ offset: true, error: 'expected an RFC 3339 time, for example 2026-09-14T14:02:11Z' });
const reason = z
  .string({ error: 'expected a text' })
  .min(1, { error: 'expected a text that is not empty' })
  .max(2_000, { error: 'expected at most 2000 characters' });

export const switchBody = z.strictObject({ reason: reason.describe('Why; it stays on record.') });
export const redeliverBody = z.strictObject({
  since: instant.describe('Events that the log took at or after this time.'),
  until: instant.exactOptional().describe('Events that the log took before this time; default: now.'),
});
export const redriveBody = z.strictObject({ since: instant.exactOptional().describe('Given up at or after this time; default: all.') });
export const emptyBody = z.strictObject({});

export const sentAgain = z.object({
  subscription: z.string(),
  events: z.int().describe('How many are on the log again, for this subscription alone.'),
  complete: z.boolean().describe('False when there were more than one request takes: say it again, for the rest.'),
});

export const drill = z.object({
  subscription: z.string(),
  event: z.string(),
  delivery: z.string().describe('Where it stands is at `/v1/deliveries/<delivery>`.'),
  sent_at: time,
});

export type SubscriptionBody = z.infer<typeof subscription>;
export type DeliveryBody = z.infer<typeof delivery>;
export type SentAgain = z.infer<typeof sentAgain>;
export type DrillBody = z.infer<typeof drill>;

/** A notifier says how its subscriptions do every five seconds. */
const SERVED_MS = 60_000;

export function showSubscription(
  state: SubscriptionState,
  lag: { events: number; oldestAt: string | null } | undefined,
  deadLetters: number,
  nowMs: number,
): SubscriptionBody {
  const { lastErrorAt, lastErrorReason, lastError, failingSince, lastSuccess, pausedUntil, probeAt } = state;
  const oldest = lag?.oldestAt;
  return {
    name: state.subscription,
    channel: state.channel,
    events: state.events,
    state: state.state,
    since: state.since,
    actor: state.actor,
    reason: state.reason,
    served: Date.parse(state.seenAt) > nowMs - SERVED_MS,
    lag: { events: lag?.events ?? 0, seconds: oldest === null || oldest === undefined ? 0 : Math.max(0, (nowMs - Date.parse(oldest)) / 1000) },
    dead_letters: deadLetters,
    ...(failingSince !== null && { failing_since: failingSince }),
    ...(lastSuccess !== null && { last_success: lastSuccess }),
    ...(lastErrorAt !== null && { last_error: { time: lastErrorAt, reason: lastErrorReason, message: lastError } }),
    ...(pausedUntil !== null && { paused_until: pausedUntil }),
    ...(probeAt !== null && { probe_at: probeAt }),
  };
}

export function showDelivery(row: DeliveryRow): DeliveryBody {
  const { id, subscription: name, eventId, state, attempts, loggedAt, firstAt, lastAt, reason: why, message, topic, partition, offset } = row;
  return {
    ...{ id, subscription: name, event: eventId, state, attempts, logged_at: loggedAt, first_attempt: firstAt, last_attempt: lastAt },
    ...(why !== '' && { last_failure: { reason: why, message } }),
    origin: { topic, partition, offset },
  };
}
