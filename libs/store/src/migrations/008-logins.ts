import type { Migration } from './migration.js';

export const logins: Migration = {
  name: '008_logins',
  statements: ({ text }) => [
    `create table api_tokens (
      id ${text} primary key,
      hash ${text} not null unique,
      name ${text} not null,
      role ${text} not null,
      person ${text},
      operations ${text},
      created_at ${text} not null,
      created_by ${text} not null,
      expires_at ${text} not null,
      used_at ${text},
      revoked_at ${text},
      revoked_by ${text}
    )`,
    'create index api_tokens_newest on api_tokens (created_at, id)',
    `create table api_sessions (
      hash ${text} primary key,
      credential ${text} not null,
      principal ${text} not null,
      created_at ${text} not null,
      seen_at ${text} not null,
      expires_at ${text} not null
    )`,
    'create index api_sessions_ended on api_sessions (expires_at)',
  ],
};
