import { locksRows } from './locking.js';
import type { Queryable } from './store.js';
import { freeText, timeText } from './text.js';

/** The kill switch: while it is on, no action is begun. */
export interface ResponseControl {
  stopped: boolean;
  /** Who set it last, why, and when. */
  actor: string;
  reason: string;
  time: string;
}

const SWITCH = 'switch';

/** Throws when it cannot be read: then nothing may be begun. */
export async function readControl(db: Queryable): Promise<ResponseControl> {
  return control(db, false);
}

/**
 * The same, for a transaction that changes actions: no other one does meanwhile. So limits are counted one action after
 * another, the chain of the audit has one end, and the switch takes effect between two actions. SQLite has one writer anyway.
 */
export async function lockControl(tx: Queryable): Promise<ResponseControl> {
  return control(tx, locksRows(tx));
}

async function control(db: Queryable, lock: boolean): Promise<ResponseControl> {
  const query = db.selectFrom('response_control').selectAll().where('name', '=', SWITCH);
  const { stopped, actor, reason, time } = await (lock ? query.forUpdate() : query).executeTakeFirstOrThrow();
  return { stopped: stopped !== 0, actor, reason, time };
}

export async function writeControl(tx: Queryable, { stopped, actor, reason, time }: ResponseControl): Promise<void> {
  await tx
    .updateTable('response_control')
    .set({ stopped: stopped ? 1 : 0, actor: freeText(actor), reason: freeText(reason), time: timeText(time) })
    .where('name', '=', SWITCH)
    .execute();
}
