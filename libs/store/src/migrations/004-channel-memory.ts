import type { Migration } from './migration.js';

export const channelMemory: Migration = {
  name: '004_channel_memory',
  statements: ({ text }) => [
    `create table channel_memory (
      subscription ${text} not null,
      name ${text} not null,
      value ${text} not null,
      primary key (subscription, name)
    )`,
  ],
};
