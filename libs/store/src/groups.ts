import { locksRows } from './locking.js';
import type { Queryable } from './store.js';
import { columnText, timeText } from './text.js';

/** How far a subscription has gathered a partition. `state` is the notifier's, as JSON text. */
export interface GatheredRow {
  nextOffset: number;
  state: string;
}

export async function readGathered(db: Queryable, subscription: string, partition: number): Promise<GatheredRow | undefined> {
  const row = await db
    .selectFrom('notifier_gathered')
    .select(['next_offset', 'state'])
    .where('subscription', '=', columnText(subscription))
    .where('partition', '=', partition)
    .executeTakeFirst();
  return row === undefined ? undefined : { nextOffset: Number(row.next_offset), state: row.state };
}

/** False, with nothing changed, when it is no longer at `expected` (undefined: when there is a row): another process has the partition now. */
export async function advanceGathered(
  db: Queryable,
  subscription: string,
  partition: number,
  expected: number | undefined,
  { nextOffset, state }: GatheredRow,
): Promise<boolean> {
  const key = { subscription: columnText(subscription), partition };
  if (expected === undefined) {
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('notifier_gathered')
      .values({ ...key, next_offset: nextOffset, state })
      .onConflict((conflict) => conflict.columns(['subscription', 'partition']).doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n;
  }
  const { numUpdatedRows } = await db
    .updateTable('notifier_gathered')
    .set({ next_offset: nextOffset, state })
    .where('subscription', '=', key.subscription)
    .where('partition', '=', partition)
    .where('next_offset', '=', expected)
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

export interface GroupRow {
  /** -1: what was told of the group, over all partitions. */
  partition: number;
  state: string;
  dueAt: string | null;
}

/** All rows of a group, locked until the transaction ends, so that what is added meanwhile is neither lost nor told twice. */
export async function lockGroup(tx: Queryable, subscription: string, group: string): Promise<GroupRow[]> {
  const all = tx
    .selectFrom('notifier_groups')
    .select(['partition', 'state', 'due_at'])
    .where('subscription', '=', columnText(subscription))
    .where('group_key', '=', columnText(group))
    .orderBy('partition');
  const rows = await (locksRows(tx) ? all.forUpdate() : all).execute();
  return rows.map(({ partition, state, due_at: dueAt }) => ({ partition, state, dueAt }));
}

export async function putGroup(
  tx: Queryable,
  subscription: string,
  group: string,
  { partition, state, dueAt }: GroupRow,
  now: string,
): Promise<void> {
  const due = dueAt === null ? null : timeText(dueAt);
  await tx
    .insertInto('notifier_groups')
    .values({
      subscription: columnText(subscription),
      group_key: columnText(group),
      partition,
      group_text: group,
      state,
      due_at: due,
      touched_at: timeText(now),
    })
    .onConflict((conflict) =>
      conflict.columns(['subscription', 'group_key', 'partition']).doUpdateSet({ state, due_at: due, touched_at: timeText(now) }),
    )
    .execute();
}

export async function deleteGroupRow(tx: Queryable, subscription: string, group: string, partition: number): Promise<void> {
  await tx
    .deleteFrom('notifier_groups')
    .where('subscription', '=', columnText(subscription))
    .where('group_key', '=', columnText(group))
    .where('partition', '=', partition)
    .execute();
}

/** The groups of which something is to be told at the time, those that wait longest first. */
export async function dueGroups(db: Queryable, subscription: string, now: string, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('notifier_groups')
    .select(['group_text', (eb) => eb.fn.min('due_at').as('due')])
    .where('subscription', '=', columnText(subscription))
    .where('due_at', '<=', timeText(now))
    .groupBy('group_text')
    .orderBy('due')
    .limit(limit)
    .execute();
  return rows.map(({ group_text: text }) => text);
}

/** Groups of which nothing was heard since the time, and nothing is to be told. */
export async function deleteIdleGroups(db: Queryable, subscription: string, before: string): Promise<void> {
  await db
    .deleteFrom('notifier_groups')
    .where('subscription', '=', columnText(subscription))
    .where('due_at', 'is', null)
    .where('touched_at', '<', timeText(before))
    .execute();
}
