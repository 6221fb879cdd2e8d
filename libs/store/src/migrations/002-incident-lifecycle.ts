import type { Migration } from './migration.js';

export const incidentLifecycle: Migration = {
  name: '002_incident_lifecycle',
  statements: ({ text }) => [
    // Incidents of the release before have no home; partition 0 of violations tells what becomes of them.
    `alter table incidents add column home ${text} not null default 'tocsin.violations/0'`,
    `alter table incidents add column due_at ${text}`,
    'alter table incidents add column muted integer not null default 0',
    `alter table incidents add column assignee ${text}`,
    'create index incidents_due on incidents (home, due_at)',
    'create index incidents_muted on incidents (muted, status, home)',
    'create index incidents_rule on incidents (rule, status)',
    `alter table incident_violations add column rule ${text} not null default ''`,
    `alter table incident_violations add column rule_version ${text} not null default ''`,
    'alter table incident_violations add column late integer not null default 0',
    `create table incident_history (
      incident_id ${text} not null,
      version bigint not null,
      time ${text} not null,
      change ${text} not null,
      actor ${text},
      comment ${text},
      from_status ${text},
      to_status ${text} not null,
      severity_id integer not null,
      count bigint not null,
      primary key (incident_id, version)
    )`,
    `create table silences (
      id ${text} primary key,
      filter ${text} not null,
      starts_at ${text} not null,
      ends_at ${text} not null,
      author ${text} not null,
      comment ${text} not null,
      created_at ${text} not null
    )`,
    'create index silences_end on silences (ends_at, id)',
    `create table incident_commands (
      id ${text} primary key,
      incident_id ${text} not null,
      time ${text} not null,
      outcome ${text} not null,
      message ${text} not null
    )`,
  ],
};
