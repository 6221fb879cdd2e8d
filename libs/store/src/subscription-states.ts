import { byKey, chunks } from './batches.js';
import { locksRows } from './locking.js';
import type { Queryable } from './store.js';
import { columnText, freeText } from './text.js';

/** `active`: events are sent. `disabled`: failed for too long, now and then one is tried. `stopped`: an operator said so. */
export type SubscriptionActivity = 'active' | 'disabled' | 'stopped';

/** How a subscription stands, as all replicas see it. Times are RFC 3339 UTC with milliseconds. */
export interface SubscriptionState {
  subscription: string;
  /** Type of the channel, and which events it is sent. */
  channel: string;
  events: string;
  state: SubscriptionActivity;
  /** Since when, by whom and why it is in this state. */
  since: string;
  actor: string;
  reason: string;
  /** When the first attempt failed after the last one that succeeded; null while it succeeds. */
  failingSince: string | null;
  lastSuccess: string | null;
  lastErrorAt: string | null;
  lastErrorReason: string;
  lastError: string;
  pausedUntil: string | null;
  /** While it is disabled: when the next attempt is made. */
  probeAt: string | null;
  /** When a notifier last served it. */
  seenAt: string;
}

/** How far one replica is behind, over the partitions that it has. */
export interface SubscriptionLag {
  subscription: string;
  /** Names the replica. */
  member: string;
  events: number;
  /** When the log took the oldest event that waits; null when none does. */
  oldestAt: string | null;
  seenAt: string;
}

/** In the order of their names. */
export async function subscriptionStates(db: Queryable): Promise<SubscriptionState[]> {
  const rows = await db.selectFrom('subscription_states').selectAll().orderBy('subscription').execute();
  return rows.map(fromRow);
}

export async function getSubscriptionState(db: Queryable, subscription: string): Promise<SubscriptionState | undefined> {
  const row = await db.selectFrom('subscription_states').selectAll().where('subscription', '=', columnText(subscription)).executeTakeFirst();
  return row === undefined ? undefined : fromRow(row);
}

/** To be changed in this transaction; others wait. Those that are not known yet are absent. */
export async function lockSubscriptionStates(tx: Queryable, names: readonly string[]): Promise<Map<string, SubscriptionState>> {
  if (names.length === 0) return new Map();
  let query = tx.selectFrom('subscription_states').selectAll().where('subscription', 'in', names.map(columnText)).orderBy('subscription');
  if (locksRows(tx)) query = query.forUpdate();
  return new Map((await query.execute()).map((row) => [row.subscription, fromRow(row)]));
}

export async function putSubscriptionStates(tx: Queryable, states: readonly SubscriptionState[]): Promise<void> {
  for (const chunk of chunks(
    byKey(states, ({ subscription }) => subscription),
    15,
  )) {
    await tx
      .insertInto('subscription_states')
      .values(chunk.map(toRow))
      .onConflict((conflict) =>
        conflict.column('subscription').doUpdateSet(({ ref }) => ({
          channel: ref('excluded.channel'),
          events: ref('excluded.events'),
          state: ref('excluded.state'),
          since: ref('excluded.since'),
          actor: ref('excluded.actor'),
          reason: ref('excluded.reason'),
          failing_since: ref('excluded.failing_since'),
          last_success: ref('excluded.last_success'),
          last_error_at: ref('excluded.last_error_at'),
          last_error_reason: ref('excluded.last_error_reason'),
          last_error: ref('excluded.last_error'),
          paused_until: ref('excluded.paused_until'),
          probe_at: ref('excluded.probe_at'),
          seen_at: ref('excluded.seen_at'),
        })),
      )
      .execute();
  }
}

export async function putSubscriptionLags(db: Queryable, lags: readonly SubscriptionLag[]): Promise<void> {
  for (const chunk of chunks(
    byKey(lags, ({ subscription, member }) => JSON.stringify([subscription, member])),
    5,
  )) {
    await db
      .insertInto('subscription_lags')
      .values(
        chunk.map(({ subscription, member, events, oldestAt, seenAt }) => ({
          subscription: columnText(subscription),
          member: columnText(member),
          events,
          oldest_at: oldestAt,
          seen_at: seenAt,
        })),
      )
      .onConflict((conflict) =>
        conflict.columns(['subscription', 'member']).doUpdateSet(({ ref }) => ({
          events: ref('excluded.events'),
          oldest_at: ref('excluded.oldest_at'),
          seen_at: ref('excluded.seen_at'),
        })),
      )
      .execute();
  }
}

/** What replicas said since the time, summed; a subscription of which none did is absent. */
export async function sumSubscriptionLags(db: Queryable, since: string): Promise<Map<string, { events: number; oldestAt: string | null }>> {
  const rows = await db
    .selectFrom('subscription_lags')
    .select(['subscription', ({ fn }) => fn.sum<number>('events').as('events'), ({ fn }) => fn.min('oldest_at').as('oldest_at')])
    .where('seen_at', '>=', since)
    .groupBy('subscription')
    .execute();
  return new Map(rows.map(({ subscription, events, oldest_at: oldestAt }) => [subscription, { events: Number(events), oldestAt }]));
}

/** Forgets replicas that are gone, and subscriptions that no notifier serves any more; what an operator stopped is kept. */
export async function pruneSubscriptionStates(db: Queryable, lagsBefore: string, statesBefore: string): Promise<void> {
  await db.deleteFrom('subscription_lags').where('seen_at', '<', lagsBefore).execute();
  await db.deleteFrom('subscription_states').where('seen_at', '<', statesBefore).where('state', '<>', 'stopped').execute();
}

interface Stored {
  subscription: string;
  channel: string;
  events: string;
  state: string;
  since: string;
  actor: string;
  reason: string;
  failing_since: string | null;
  last_success: string | null;
  last_error_at: string | null;
  last_error_reason: string;
  last_error: string;
  paused_until: string | null;
  probe_at: string | null;
  seen_at: string;
}

function toRow(state: SubscriptionState): Stored {
  return {
    subscription: columnText(state.subscription),
    channel: columnText(state.channel),
    events: state.events,
    state: state.state,
    since: state.since,
    actor: freeText(state.actor),
    reason: freeText(state.reason),
    failing_since: state.failingSince,
    last_success: state.lastSuccess,
    last_error_at: state.lastErrorAt,
    last_error_reason: state.lastErrorReason,
    last_error: freeText(state.lastError),
    paused_until: state.pausedUntil,
    probe_at: state.probeAt,
    seen_at: state.seenAt,
  };
}

function fromRow(row: Stored): SubscriptionState {
  return {
    subscription: row.subscription,
    channel: row.channel,
    events: row.events,
    state: row.state as SubscriptionActivity,
    since: row.since,
    actor: row.actor,
    reason: row.reason,
    failingSince: row.failing_since,
    lastSuccess: row.last_success,
    lastErrorAt: row.last_error_at,
    lastErrorReason: row.last_error_reason,
    lastError: row.last_error,
    pausedUntil: row.paused_until,
    probeAt: row.probe_at,
    seenAt: row.seen_at,
  };
}
