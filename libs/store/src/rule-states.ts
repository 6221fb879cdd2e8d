import type { Queryable } from './store.js';
import { chunks } from './text.js';

export interface RuleStateRow {
  rule: string;
  ruleVersion: string;
  /** The group's values as one text. */
  group: string;
  /** JSON of the rule kind. */
  state: string;
  /** Event time until which the state matters, milliseconds since 1970. */
  wakeAt: number;
}

export async function loadRuleStates(db: Queryable, topic: string, partition: number): Promise<RuleStateRow[]> {
  const rows = await db.selectFrom('rule_states').selectAll().where('topic', '=', topic).where('partition', '=', partition).orderBy('wake_at').execute();
  return rows.map((row) => ({ rule: row.rule, ruleVersion: row.rule_version, group: row.group_key, state: row.state, wakeAt: row.wake_at }));
}

export async function saveRuleStates(db: Queryable, topic: string, partition: number, states: readonly RuleStateRow[]): Promise<void> {
  for (const chunk of chunks(states, 7)) {
    await db
      .insertInto('rule_states')
      .values(
        chunk.map((row) => ({ topic, partition, rule: row.rule, rule_version: row.ruleVersion, group_key: row.group, state: row.state, wake_at: row.wakeAt })),
      )
      .onConflict((conflict) =>
        conflict.columns(['topic', 'partition', 'rule', 'rule_version', 'group_key']).doUpdateSet((eb) => ({
          state: eb.ref('excluded.state'),
          wake_at: eb.ref('excluded.wake_at'),
        })),
      )
      .execute();
  }
}

export async function deleteRuleStates(
  db: Queryable,
  topic: string,
  partition: number,
  keys: readonly Pick<RuleStateRow, 'rule' | 'ruleVersion' | 'group'>[],
): Promise<void> {
  for (const { rule, ruleVersion, group } of keys) {
    await db
      .deleteFrom('rule_states')
      .where('topic', '=', topic)
      .where('partition', '=', partition)
      .where('rule', '=', rule)
      .where('rule_version', '=', ruleVersion)
      .where('group_key', '=', group)
      .execute();
  }
}
