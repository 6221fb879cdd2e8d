import { RESPONDER_ACTOR, commandId, type Action, type IncidentCommand } from '@tocsin/domain';
import type { RecordsTx } from './records.js';

/** Whether its target is cut off, wholly or but for what other policies still allow. The action itself says so when it looks. */
export function cutsOff({ state, verification }: Action): boolean {
  return state === 'active' && (verification?.contained === 'full' || verification?.contained === 'partial');
}

/**
 * Tells the correlator when the first target of an incident is cut off, and when the last one no longer is; in the transaction that
 * made it so, so that a crash can lose neither. The order is the sum of the versions of all actions that answer the incident: it only
 * grows, since versions do and actions are kept, and the id derives from it, so that the same news has the same id.
 */
export async function tellContainment(tx: RecordsTx, before: Action, after: Action, now: number): Promise<void> {
  const { incident } = after;
  const contains = cutsOff(after);
  if (incident === undefined || contains === cutsOff(before)) return;
  const all = (await tx.about(incident)).map(({ action }) => action);
  if (all.some((other) => other.id !== after.id && cutsOff(other))) return;
  const order = all.reduce((sum, { version }) => sum + version, 0);
  const type = contains ? 'contain' : 'release';
  const comment = contains
    ? `${after.type} (policy ${after.policy}): ${after.reason}`
    : `${after.type} (policy ${after.policy}): it is ${after.state}.`;
  const command: IncidentCommand = {
    type,
    order,
    comment,
    schema: 1,
    id: commandId(incident, `${type}/${order}`),
    target: 'incident',
    incident,
    actor: RESPONDER_ACTOR,
    time: new Date(now).toISOString(),
  };
  await tx.command(command);
}
