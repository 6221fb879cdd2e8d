import type { Migration } from './migration.js';

export const policies: Migration = {
  name: '012_policies',
  statements: ({ text }) => [
    `create table policies (
      kind ${text} not null,
      name ${text} not null,
      mode ${text} not null,
      file ${text} not null,
      line integer not null,
      hash ${text} not null,
      document ${text} not null,
      loaded_at ${text} not null,
      primary key (kind, name)
    )`,
    // One row for each partition, so that those who count never wait for one another.
    `create table rule_hits (
      rule ${text} not null,
      home ${text} not null,
      matches bigint not null,
      signals bigint not null,
      incidents bigint not null,
      evicted bigint not null,
      last_match_at ${text},
      since ${text} not null,
      primary key (rule, home)
    )`,
    // How many actions a policy has is told from this index alone.
    'create index actions_policy on actions (policy, created_at)',
  ],
};
