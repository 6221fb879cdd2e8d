import type { Migration } from './migration.js';

export const actions: Migration = {
  name: '003_actions',
  statements: ({ text }) => [
    `create table actions (
      id ${text} primary key,
      version bigint not null,
      state ${text} not null,
      policy ${text} not null,
      type ${text} not null,
      cluster ${text} not null,
      namespace ${text},
      workload ${text},
      pod ${text},
      node ${text},
      subject_id ${text} not null,
      target_key ${text} not null,
      severity_id integer not null,
      holds integer not null default 0,
      disrupts integer not null default 0,
      started_at ${text},
      created_at ${text} not null,
      updated_at ${text} not null,
      document ${text} not null,
      work ${text} not null,
      due_at ${text},
      claimed_by ${text},
      claimed_until ${text}
    )`,
    'create index actions_due on actions (due_at) where due_at is not null',
    'create index actions_subject on actions (subject_id)',
    'create index actions_held on actions (cluster, namespace) where holds = 1',
    'create index actions_held_policy on actions (policy) where holds = 1',
    'create index actions_started on actions (policy, namespace, started_at) where started_at is not null',
    'create index actions_started_cluster on actions (cluster, started_at) where started_at is not null',
    'create index actions_newest on actions (created_at, id)',
    'create index actions_state on actions (state, created_at, id)',
    // One row. Whoever changes an action or says what may be done locks it: limits are counted one after another.
    `create table response_control (
      name ${text} primary key,
      stopped integer not null,
      actor ${text} not null,
      reason ${text} not null,
      time ${text} not null
    )`,
    "insert into response_control (name, stopped, actor, reason, time) values ('switch', 0, 'tocsin', '', '1970-01-01T00:00:00.000Z')",
    `create table audit (
      seq bigint primary key,
      time ${text} not null,
      actor ${text} not null,
      event ${text} not null,
      subject ${text} not null,
      detail ${text} not null,
      previous_hash ${text} not null,
      hash ${text} not null
    )`,
    'create index audit_subject on audit (subject, seq)',
    `create table evidence (
      id ${text} primary key,
      action_id ${text} not null,
      incident_id ${text},
      collected_at ${text} not null,
      retain_until ${text} not null,
      held integer not null default 0,
      deleted_at ${text},
      document ${text} not null
    )`,
    'create index evidence_action on evidence (action_id)',
    'create index evidence_incident on evidence (incident_id)',
    'create index evidence_expiry on evidence (retain_until) where deleted_at is null and held = 0',
    `alter table incident_commands add column target ${text} not null default 'incident'`,
  ],
};
