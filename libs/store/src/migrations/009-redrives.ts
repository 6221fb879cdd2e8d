import type { Migration } from './migration.js';

export const redrives: Migration = {
  name: '009_redrives',
  statements: ({ text }) => [
    `create table redrives (
      dead_letter_id ${text} primary key,
      time ${text} not null,
      actor ${text} not null
    )`,
    'create index dead_letters_component on dead_letters (component, time, id)',
  ],
};
