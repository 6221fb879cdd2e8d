import type { Queryable } from './store.js';

/** Where the group goes on; undefined when it never stored a position. */
export async function readPosition(db: Queryable, group: string, topic: string, partition: number): Promise<number | undefined> {
  const row = await db
    .selectFrom('consumer_positions')
    .select('next_offset')
    .where('group_name', '=', group)
    .where('topic', '=', topic)
    .where('partition', '=', partition)
    .executeTakeFirst();
  return row?.next_offset;
}

/**
 * Moves the position, if it still is where the caller left it. False means that another owner has moved it: the
 * caller's state is void and its transaction must not commit.
 */
export async function advancePosition(
  db: Queryable,
  group: string,
  topic: string,
  partition: number,
  expected: number | undefined,
  next: number,
): Promise<boolean> {
  if (expected === undefined) {
    const inserted = await db
      .insertInto('consumer_positions')
      .values({ group_name: group, topic, partition, next_offset: next })
      .onConflict((conflict) => conflict.columns(['group_name', 'topic', 'partition']).doNothing())
      .executeTakeFirst();
    return inserted.numInsertedOrUpdatedRows === 1n;
  }
  const updated = await db
    .updateTable('consumer_positions')
    .set({ next_offset: next })
    .where('group_name', '=', group)
    .where('topic', '=', topic)
    .where('partition', '=', partition)
    .where('next_offset', '=', expected)
    .executeTakeFirst();
  return updated.numUpdatedRows === 1n;
}
