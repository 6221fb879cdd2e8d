import type { ActionCommand } from '@tocsin/domain';
import { obey } from '../lifecycle/commands.js';
import { iso } from '../lifecycle/lifecycle.js';
import type { Records } from './records.js';
import { settle } from './settle.js';

/** Carries out what a person said about an action, once; undefined when it had its effect before. */
export async function carryOut(
  records: Records,
  command: ActionCommand,
  now: number,
): Promise<{ outcome: 'applied' | 'refused'; message: string } | undefined> {
  return records.change(async (tx) => {
    const record = await tx.get(command.action);
    const result = record === undefined ? { refused: 'There is no such action.' } : obey(record, command, now);
    const refused = 'refused' in result ? result.refused : undefined;
    const outcome = refused === undefined ? 'applied' : 'refused';
    const message = refused ?? '';
    const claimed = await tx.claimCommand({ id: command.id, target: 'action', targetId: command.action, time: iso(now), outcome, message });
    if (!claimed) return undefined;
    if (record !== undefined && 'change' in result) await settle(tx, record, result.change, now);
    else {
      // Who was refused what is on record, too.
      const { actor, type, id } = command;
      await tx.audit([{ time: iso(now), actor, event: 'command.refused', subject: command.action, detail: { type, command: id, message } }]);
    }
    return { outcome, message };
  });
}
