import type { Queryable } from './store.js';
import { columnText, freeText, timeText } from './text.js';

/** When a dead letter was put back where it came from, and by whom. */
export interface Redrive {
  /** RFC 3339. */
  time: string;
  actor: string;
}

/** Notes that a dead letter is put back. False when it was before: what fails again is a dead letter of its own. */
export async function claimRedrive(db: Queryable, deadLetterId: string, { time, actor }: Redrive): Promise<boolean> {
  const { numInsertedOrUpdatedRows } = await db
    .insertInto('redrives')
    .values({ dead_letter_id: columnText(deadLetterId), time: timeText(time), actor: freeText(actor) })
    .onConflict((conflict) => conflict.column('dead_letter_id').doNothing())
    .executeTakeFirst();
  return numInsertedOrUpdatedRows === 1n;
}

/** It was not put back after all. */
export async function releaseRedrive(db: Queryable, deadLetterId: string): Promise<void> {
  await db.deleteFrom('redrives').where('dead_letter_id', '=', columnText(deadLetterId)).execute();
}

export async function getRedrive(db: Queryable, deadLetterId: string): Promise<Redrive | undefined> {
  return db.selectFrom('redrives').select(['time', 'actor']).where('dead_letter_id', '=', columnText(deadLetterId)).executeTakeFirst();
}

/** Dead letters of a component that were not put back, the oldest first. */
export async function undrivenDeadLetters(db: Queryable, component: string, since: string, limit: number): Promise<string[]> {
  const rows = await db
    .selectFrom('dead_letters')
    .leftJoin('redrives', 'redrives.dead_letter_id', 'dead_letters.id')
    .select('dead_letters.id as id')
    .where('component', '=', columnText(component))
    .where('stage', '=', 'deliver')
    .where('dead_letters.time', '>=', timeText(since))
    .where('redrives.dead_letter_id', 'is', null)
    .orderBy('dead_letters.time')
    .orderBy('dead_letters.id')
    .limit(limit)
    .execute();
  return rows.map(({ id }) => id);
}

/** How many dead letters each component of the stage has that were not put back. */
export async function countDeadLetters(db: Queryable, stage: string): Promise<Map<string, number>> {
  const rows = await db
    .selectFrom('dead_letters')
    .leftJoin('redrives', 'redrives.dead_letter_id', 'dead_letters.id')
    .select(['component', ({ fn }) => fn.count<number>('dead_letters.id').as('count')])
    .where('stage', '=', columnText(stage))
    .where('redrives.dead_letter_id', 'is', null)
    .groupBy('component')
    .execute();
  return new Map(rows.map(({ component, count }) => [component, Number(count)]));
}
