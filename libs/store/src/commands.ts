import type { Queryable } from './store.js';
import { columnText, freeText, timeText } from './text.js';

export interface CommandOutcome {
  id: string;
  incidentId: string;
  /** When it was carried out or refused. */
  time: string;
  outcome: 'applied' | 'refused';
  /** Why it was refused. */
  message: string;
}

/** Notes what came of a command, in the transaction of its effect. False when it was noted before: it has had its effect. */
export async function claimCommand(tx: Queryable, { id, incidentId, time, outcome, message }: CommandOutcome): Promise<boolean> {
  const result = await tx
    .insertInto('incident_commands')
    .values({ id: columnText(id), incident_id: columnText(incidentId), time: timeText(time), outcome, message: freeText(message) })
    .onConflict((conflict) => conflict.column('id').doNothing())
    .executeTakeFirst();
  return result.numInsertedOrUpdatedRows === 1n;
}

/** Undefined while nothing has come of it. */
export async function getCommand(db: Queryable, id: string): Promise<CommandOutcome | undefined> {
  const row = await db.selectFrom('incident_commands').selectAll().where('id', '=', columnText(id)).executeTakeFirst();
  if (row === undefined) return undefined;
  return { id: row.id, incidentId: row.incident_id, time: row.time, outcome: row.outcome as CommandOutcome['outcome'], message: row.message };
}
