import type { Migration } from './migration.js';

export const groups: Migration = {
  name: '006_groups',
  statements: ({ text }) => [
    `create table notifier_gathered (
      subscription ${text} not null,
      partition integer not null,
      next_offset bigint not null,
      state ${text} not null,
      primary key (subscription, partition)
    )`,
    // Partition -1: what was told of the group, over all partitions.
    `create table notifier_groups (
      subscription ${text} not null,
      group_key ${text} not null,
      partition integer not null,
      group_text ${text} not null,
      state ${text} not null,
      due_at ${text},
      touched_at ${text} not null,
      primary key (subscription, group_key, partition)
    )`,
    'create index notifier_groups_due on notifier_groups (subscription, due_at) where due_at is not null',
  ],
};
