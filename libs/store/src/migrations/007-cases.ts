import type { Migration } from './migration.js';

export const cases: Migration = {
  name: '007_cases',
  statements: ({ text }) => [
    // One row for each incident that a subscription has a case for, taken before the case is made.
    `create table cases (
      subscription ${text} not null,
      subject ${text} not null,
      state ${text} not null,
      reference ${text},
      name ${text},
      url ${text},
      reason ${text} not null,
      version bigint not null,
      written ${text} not null,
      attempted_at ${text},
      claimed_by ${text},
      claimed_until ${text},
      created_at ${text} not null,
      updated_at ${text} not null,
      primary key (subscription, subject)
    )`,
    'create index cases_subject on cases (subject)',
    'create index cases_reference on cases (subscription, reference)',
    'create index cases_newest on cases (updated_at, subscription, subject)',
  ],
};
