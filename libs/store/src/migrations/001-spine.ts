import type { Migration } from './migration.js';

export const spine: Migration = {
  name: '001_spine',
  statements: ({ text, bytes, serial }) => [
    `create table consumer_positions (
      group_name ${text} not null,
      topic ${text} not null,
      partition integer not null,
      next_offset bigint not null,
      primary key (group_name, topic, partition)
    )`,
    `create table rule_states (
      topic ${text} not null,
      partition integer not null,
      rule ${text} not null,
      rule_version ${text} not null,
      group_key ${text} not null,
      group_text ${text} not null,
      state ${text} not null,
      wake_at bigint not null,
      primary key (topic, partition, rule, rule_version, group_key)
    )`,
    `create table incidents (
      id ${text} primary key,
      version bigint not null,
      status ${text} not null,
      rule ${text} not null,
      severity_id integer not null,
      cluster ${text} not null,
      first_seen ${text} not null,
      last_seen ${text} not null,
      document ${text} not null
    )`,
    'create index incidents_newest on incidents (last_seen, id)',
    'create index incidents_status on incidents (status, last_seen, id)',
    `create table incident_namespaces (
      incident_id ${text} not null,
      namespace ${text} not null,
      primary key (incident_id, namespace)
    )`,
    'create index incident_namespaces_namespace on incident_namespaces (namespace, incident_id)',
    `create table incident_violations (
      incident_id ${text} not null,
      violation_id ${text} not null,
      time ${text} not null,
      primary key (incident_id, violation_id)
    )`,
    'create index incident_violations_newest on incident_violations (incident_id, time, violation_id)',
    'create index incident_violations_violation on incident_violations (violation_id)',
    `create table outbox (
      id ${serial},
      owner ${text} not null,
      topic ${text} not null,
      record_key ${text},
      value ${bytes} not null,
      headers ${text} not null
    )`,
    'create index outbox_owner on outbox (owner, id)',
    `create table violations (
      id ${text} primary key,
      time ${text} not null,
      source ${text} not null,
      kind ${text} not null,
      name ${text} not null,
      severity_id integer not null,
      cluster ${text} not null,
      namespace ${text},
      workload ${text},
      document ${text} not null
    )`,
    'create index violations_newest on violations (time, id)',
    'create index violations_namespace on violations (namespace, time, id)',
    'create index violations_workload on violations (workload, time, id)',
    'create index violations_name on violations (name, time, id)',
    `create table dead_letters (
      id ${text} primary key,
      time ${text} not null,
      stage ${text} not null,
      reason ${text} not null,
      component ${text} not null,
      message ${text} not null,
      record_key ${text},
      value ${bytes} not null,
      headers ${text} not null
    )`,
    'create index dead_letters_newest on dead_letters (time, id)',
  ],
};
