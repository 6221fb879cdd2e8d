import { setImmediate as turn } from 'node:timers/promises';
import { sql } from 'kysely';
import { byKey, chunks } from './batches.js';
import type { Queryable } from './store.js';
import { columnText } from './text.js';

export interface RuleStateRow {
  rule: string;
  ruleVersion: string;
  /** The group's values as one text. */
  group: string;
  /** JSON text of the rule kind. */
  state: string;
  /** Event time until which the state matters, milliseconds since 1970. */
  wakeAt: number;
}

export type RuleStateKey = Pick<RuleStateRow, 'rule' | 'ruleVersion' | 'group'>;

/** Rows that are held at a time while states are loaded. */
const LOAD_STEP = 10_000;

/**
 * Hands over all states of a partition, some at a time, with a turn of the event loop in between: there may be a million.
 * They come in the order of their key. An index by `wakeAt` would make every save of states take 1.2 times as long on
 * Postgres and 2.8 times on SQLite, so the order of what matters longest is the reader's to make: one that cannot hold
 * all drops the smallest `wakeAt` that it holds whenever it is over its bound, and ends with those that matter longest.
 */
export async function loadRuleStates(db: Queryable, topic: string, partition: number, onRows: (rows: RuleStateRow[]) => void): Promise<void> {
  let after: RuleStateCursor | undefined;
  do {
    let query = db
      .selectFrom('rule_states')
      .select(['rule', 'rule_version', 'group_key', 'group_text', 'state', 'wake_at'])
      .where('topic', '=', topic)
      .where('partition', '=', partition)
      .orderBy('rule')
      .orderBy('rule_version')
      .orderBy('group_key')
      .limit(LOAD_STEP);
    const place = after;
    if (place !== undefined) {
      query = query.where((eb) =>
        eb(eb.refTuple('rule', 'rule_version', 'group_key'), '>', eb.tuple(place.rule, place.rule_version, place.group_key)),
      );
    }
    const rows = await query.execute();
    onRows(
      rows.map((row) => ({
        rule: row.rule,
        ruleVersion: row.rule_version,
        group: JSON.parse(row.group_text) as string,
        state: row.state,
        wakeAt: row.wake_at,
      })),
    );
    after = rows.length === LOAD_STEP ? rows.at(-1) : undefined;
    // SQLite answers at once, so that awaiting it lets nobody else run.
    await turn();
  } while (after !== undefined);
}

interface RuleStateCursor {
  rule: string;
  rule_version: string;
  group_key: string;
}

export async function saveRuleStates(db: Queryable, topic: string, partition: number, states: readonly RuleStateRow[]): Promise<void> {
  for (const chunk of chunks(byKey(states, keyText), 8)) {
    await db
      .insertInto('rule_states')
      .values(
        chunk.map((row) => ({
          topic,
          partition,
          rule: row.rule,
          rule_version: row.ruleVersion,
          group_key: columnText(row.group),
          group_text: JSON.stringify(row.group),
          state: row.state,
          wake_at: row.wakeAt,
        })),
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

export async function deleteRuleStates(db: Queryable, topic: string, partition: number, keys: readonly RuleStateKey[]): Promise<void> {
  for (const chunk of chunks(byKey(keys, keyText), 3)) {
    // SQLite takes a list of row values only as `values`; both databases find each row by the primary key.
    const rows = sql.join(chunk.map((key) => sql`(${key.rule}, ${key.ruleVersion}, ${columnText(key.group)})`));
    await db
      .deleteFrom('rule_states')
      .where('topic', '=', topic)
      .where('partition', '=', partition)
      .where(sql<boolean>`(rule, rule_version, group_key) in (values ${rows})`)
      .execute();
  }
}

function keyText({ rule, ruleVersion, group }: RuleStateKey): string {
  return JSON.stringify([rule, ruleVersion, group]);
}
