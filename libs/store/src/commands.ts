import type { Queryable } from './store.js';
import { columnText, freeText, timeText } from './text.js';

export interface CommandOutcome {
  id: string;
  target: 'incident' | 'action';
  /** Id of the incident or action. */
  targetId: string;
  /** When it was carried out or refused. */
  time: string;
  outcome: 'applied' | 'refused';
  /** Why it was refused. */
  message: string;
}

/** Notes what came of a command, in the transaction of its effect. False when it was noted before: it has had its effect. */
export async function claimCommand(tx: Queryable, { id, target, targetId, time, outcome, message }: CommandOutcome): Promise<boolean> {
  const result = await tx
    .insertInto('incident_commands')
    .values({ id: columnText(id), incident_id: columnText(targetId), target, time: timeText(time), outcome, message: freeText(message) })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

/** Undefined while nothing has come of it. */
export async function getCommand(db: Queryable, id: string): Promise<CommandOutcome | undefined> {
  const row = await db.selectFrom('incident_commands').selectAll().where('id', '=', columnText(id)).executeTakeFirst();
  if (row === undefined) return undefined;
  const { incident_id: targetId, target, time, outcome, message } = row;
  return { id, target: target as CommandOutcome['target'], targetId, time, outcome: outcome as CommandOutcome['outcome'], message };
}
