import { sql, type Kysely } from 'kysely';
import type { Migration } from 'kysely/migration';
import type { Dialect } from './store.js';

/**
 * Numbered, applied in order, never edited once released: a change is a new one at the end. SQL is kept to what both
 * databases accept; the two types that differ are chosen here.
 */
export function migrations(dialect: Dialect): Record<string, Migration> {
  const bytes = dialect === 'postgres' ? sql`bytea` : sql`blob`;
  return {
    '001_spine': {
      async up(db: Kysely<never>): Promise<void> {
        await db.schema
          .createTable('consumer_positions')
          .addColumn('group_name', 'text', (c) => c.notNull())
          .addColumn('topic', 'text', (c) => c.notNull())
          .addColumn('partition', 'integer', (c) => c.notNull())
          .addColumn('next_offset', 'bigint', (c) => c.notNull())
          .addPrimaryKeyConstraint('consumer_positions_pk', ['group_name', 'topic', 'partition'] as never)
          .execute();
        await db.schema
          .createTable('rule_states')
          .addColumn('topic', 'text', (c) => c.notNull())
          .addColumn('partition', 'integer', (c) => c.notNull())
          .addColumn('rule', 'text', (c) => c.notNull())
          .addColumn('rule_version', 'text', (c) => c.notNull())
          .addColumn('group_key', 'text', (c) => c.notNull())
          .addColumn('state', 'text', (c) => c.notNull())
          .addColumn('wake_at', 'bigint', (c) => c.notNull())
          .addPrimaryKeyConstraint('rule_states_pk', ['topic', 'partition', 'rule', 'rule_version', 'group_key'] as never)
          .execute();
        await db.schema
          .createTable('incidents')
          .addColumn('id', 'text', (c) => c.primaryKey())
          .addColumn('version', 'bigint', (c) => c.notNull())
          .addColumn('status', 'text', (c) => c.notNull())
          .addColumn('rule', 'text', (c) => c.notNull())
          .addColumn('severity_id', 'integer', (c) => c.notNull())
          .addColumn('cluster', 'text', (c) => c.notNull())
          .addColumn('namespace', 'text')
          .addColumn('first_seen', 'text', (c) => c.notNull())
          .addColumn('last_seen', 'text', (c) => c.notNull())
          .addColumn('document', 'text', (c) => c.notNull())
          .execute();
        await db.schema.createIndex('incidents_newest').on('incidents').columns(['last_seen', 'id'] as never).execute();
        await db.schema
          .createTable('incident_violations')
          .addColumn('incident_id', 'text', (c) => c.notNull())
          .addColumn('violation_id', 'text', (c) => c.notNull())
          .addColumn('time', 'text', (c) => c.notNull())
          .addPrimaryKeyConstraint('incident_violations_pk', ['incident_id', 'violation_id'] as never)
          .execute();
        await db.schema.createIndex('incident_violations_newest').on('incident_violations').columns(['incident_id', 'time', 'violation_id'] as never).execute();
        await db.schema.createIndex('incident_violations_violation').on('incident_violations').column('violation_id' as never).execute();
        await db.schema
          .createTable('outbox')
          .addColumn('id', dialect === 'postgres' ? 'bigserial' : 'integer', (c) => (dialect === 'postgres' ? c.primaryKey() : c.primaryKey().autoIncrement()))
          .addColumn('owner', 'text', (c) => c.notNull())
          .addColumn('topic', 'text', (c) => c.notNull())
          .addColumn('key', 'text')
          .addColumn('value', bytes, (c) => c.notNull())
          .addColumn('headers', 'text', (c) => c.notNull())
          .execute();
        await db.schema.createIndex('outbox_owner').on('outbox').columns(['owner', 'id'] as never).execute();
        await db.schema
          .createTable('violations')
          .addColumn('id', 'text', (c) => c.primaryKey())
          .addColumn('time', 'text', (c) => c.notNull())
          .addColumn('received_time', 'text', (c) => c.notNull())
          .addColumn('source', 'text', (c) => c.notNull())
          .addColumn('kind', 'text', (c) => c.notNull())
          .addColumn('name', 'text', (c) => c.notNull())
          .addColumn('severity_id', 'integer', (c) => c.notNull())
          .addColumn('cluster', 'text', (c) => c.notNull())
          .addColumn('namespace', 'text')
          .addColumn('workload', 'text')
          .addColumn('document', 'text', (c) => c.notNull())
          .execute();
        await db.schema.createIndex('violations_newest').on('violations').columns(['time', 'id'] as never).execute();
        await db.schema.createIndex('violations_workload').on('violations').columns(['namespace', 'workload', 'time'] as never).execute();
        await db.schema
          .createTable('dead_letters')
          .addColumn('id', 'text', (c) => c.primaryKey())
          .addColumn('time', 'text', (c) => c.notNull())
          .addColumn('stage', 'text', (c) => c.notNull())
          .addColumn('reason', 'text', (c) => c.notNull())
          .addColumn('component', 'text', (c) => c.notNull())
          .addColumn('message', 'text', (c) => c.notNull())
          .addColumn('key', 'text')
          .addColumn('value', bytes, (c) => c.notNull())
          .addColumn('headers', 'text', (c) => c.notNull())
          .execute();
        await db.schema.createIndex('dead_letters_newest').on('dead_letters').columns(['time', 'id'] as never).execute();
      },
    },
  };
}
