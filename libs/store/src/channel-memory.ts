import type { Queryable } from './store.js';
import { columnText, freeText } from './text.js';

/** What a channel keeps of one subscription, for example which message at the receiver tells of which incident. */
export async function recall(db: Queryable, subscription: string, name: string): Promise<string | undefined> {
  const row = await db
    .selectFrom('channel_memory')
    .select('value')
    .where('subscription', '=', columnText(subscription))
    .where('name', '=', columnText(name))
    .executeTakeFirst();
  return row?.value;
}

/** Sets it where it now is `expected` (undefined: where it is not set). False, and nothing changed, where it is not: another replica came first. */
export async function remember(db: Queryable, subscription: string, name: string, value: string, expected: string | undefined): Promise<boolean> {
  const row = { subscription: columnText(subscription), name: columnText(name), value: freeText(value) };
  if (expected === undefined) {
    const { numInsertedOrUpdatedRows } = await db
      .insertInto('channel_memory')
      .values(row)
      .onConflict((conflict) => conflict.columns(['subscription', 'name']).doNothing())
      .executeTakeFirst();
    return numInsertedOrUpdatedRows === 1n;
  }
  const { numUpdatedRows } = await db
    .updateTable('channel_memory')
    .set({ value: row.value })
    .where('subscription', '=', row.subscription)
    .where('name', '=', row.name)
    .where('value', '=', freeText(expected))
    .executeTakeFirst();
  return numUpdatedRows === 1n;
}

export async function forget(db: Queryable, subscription: string, name: string): Promise<void> {
  await db.deleteFrom('channel_memory').where('subscription', '=', columnText(subscription)).where('name', '=', columnText(name)).execute();
}
