import type { Migration } from './migration.js';

export const incidentLifecycle: Migration = {
  name: '002_incident_lifecycle',
  statements: ({ text }) => [
    // Incidents of the release before have no home; partition 0 of violations tells what becomes of them.
    `alter table incidents add column home ${text} not null default 'tocsin.violations/0'`,
    `alter table incidents add column due_at ${text}`,
    'alter table incidents add column muted integer not null default 0',
    `alter table incidents add column assignee ${text}`,
    `alter table incidents add column resolved_at ${text}`,
    // Queries say the conditions of partial indexes word by word, so that no database has to reason about parameters.
    'create index incidents_due on incidents (home, due_at) where due_at is not null',
    "create index incidents_still_muted on incidents (home, id) where muted = 1 and status <> 'resolved'",
    "create index incidents_unresolved on incidents (rule) where status <> 'resolved'",
    'create index incidents_resolved on incidents (resolved_at, id) where resolved_at is not null',
    'create index incidents_muted on incidents (last_seen, id) where muted = 1',
    'create index incidents_rule on incidents (rule, last_seen, id)',
    'create index incidents_assignee on incidents (assignee, last_seen, id) where assignee is not null',
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
    'create index incident_commands_oldest on incident_commands (time, id)',
    ...violationIndexes,
  ],
};

/**
 * One for every filter: without, a value that few or no violations have is looked for in all of them. The severity is in
 * each, so that violations below the one asked for are passed over without reading them. SQLite has no statistics here and
 * takes the index made last, so the filters that leave least come last, also those that were there.
 */
const violationIndexes = [
  'create index violations_high on violations (time, id, severity_id) where severity_id >= 4',
  'create index violations_cluster on violations (cluster, time, id, severity_id)',
  'create index violations_kind on violations (kind, time, id, severity_id)',
  'create index violations_source on violations (source, time, id, severity_id)',
  'drop index violations_namespace',
  'drop index violations_name',
  'drop index violations_workload',
  'create index violations_namespace on violations (namespace, time, id, severity_id)',
  'create index violations_name on violations (name, time, id, severity_id)',
  'create index violations_workload on violations (workload, time, id, severity_id)',
];
