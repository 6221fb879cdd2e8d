import type { Migration } from './migration.js';

export const deliveries: Migration = {
  name: '005_deliveries',
  statements: ({ text }) => [
    `create table deliveries (
      id ${text} primary key,
      subscription ${text} not null,
      event_id ${text} not null,
      state ${text} not null,
      attempts bigint not null,
      topic ${text} not null,
      partition integer not null,
      log_offset bigint not null,
      logged_at ${text} not null,
      first_at ${text} not null,
      last_at ${text} not null,
      reason ${text} not null,
      message ${text} not null
    )`,
    'create index deliveries_newest on deliveries (last_at, id)',
    'create index deliveries_subscription on deliveries (subscription, last_at, id)',
    'create index deliveries_event on deliveries (event_id)',
    // Few are anything else than delivered, and those are what people look for.
    "create index deliveries_undone on deliveries (state, last_at, id) where state <> 'delivered'",
    `create table subscription_states (
      subscription ${text} primary key,
      channel ${text} not null,
      events ${text} not null,
      state ${text} not null,
      since ${text} not null,
      actor ${text} not null,
      reason ${text} not null,
      failing_since ${text},
      last_success ${text},
      last_error_at ${text},
      last_error_reason ${text} not null,
      last_error ${text} not null,
      paused_until ${text},
      probe_at ${text},
      seen_at ${text} not null
    )`,
    `create table subscription_lags (
      subscription ${text} not null,
      member ${text} not null,
      events bigint not null,
      oldest_at ${text},
      seen_at ${text} not null,
      primary key (subscription, member)
    )`,
  ],
};
