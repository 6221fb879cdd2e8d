import type { Action, ActionState } from '@tocsin/domain';
import { live, type Change, type LifecycleEvent } from '../lifecycle/lifecycle.js';
import type { ActionRecord } from '../lifecycle/record.js';
import { tellContainment } from './containment.js';
import type { RecordsTx } from './records.js';

/** Writes a change down with all that follows from it: the record for people, the news for others, the steps that waited for it. */
export async function settle(tx: RecordsTx, before: ActionRecord, { record, told }: Change, now: number): Promise<void> {
  await tx.save(record);
  if (!told) return;
  await tx.publish([record]);
  await tx.audit([entryOf(before.action.state, record.action)]);
  await tellContainment(tx, before.action, record.action, now);
  if (isThrough(record.action.state) || isBad(record.action.state)) await wakeFollowers(tx, record, now);
  if (isBad(record.action.state) && record.work.terms.onFailure === 'revert') await undoSteps(tx, record, now);
}

/** What the audit says of a version of an action: all that decides, and nothing that only describes. */
export function entryOf(from: ActionState | undefined, action: Action) {
  const { id, version, state, policy, step, type, target, cluster, mode, reason, plan_hash, refused_by, approvals, expires_at, comment } = action;
  return {
    time: action.time,
    actor: action.actor ?? 'tocsin',
    event: `action.${state}`,
    subject: id,
    detail: { from, version, policy, step, type, target, cluster, mode, reason, plan_hash, refused_by, approvals, expires_at, comment },
  };
}

/** Whether the steps after it may begin. */
export function isThrough(state: ActionState): boolean {
  return state === 'active' || state === 'succeeded' || state === 'reverted';
}

/** Whether it came to nothing. */
export function isBad(state: ActionState): boolean {
  return state === 'failed' || state === 'rejected' || state === 'expired' || state === 'refused';
}

async function wakeFollowers(tx: RecordsTx, { action }: ActionRecord, now: number): Promise<void> {
  for (const other of await tx.about(subjectOf(action))) {
    if (other.action.state !== 'approved' || !other.work.terms.after.includes(action.id)) continue;
    await tx.save(live(other, { type: 'waits', at: new Date(now).toISOString() }, now).record);
  }
}

/** The steps before one that failed are undone, as its policy says. */
async function undoSteps(tx: RecordsTx, { action, work }: ActionRecord, now: number): Promise<void> {
  const all = new Map((await tx.about(subjectOf(action))).map((one) => [one.action.id, one]));
  const before = new Set(work.terms.after);
  for (const id of before) for (const earlier of all.get(id)?.work.terms.after ?? []) before.add(earlier);
  for (const id of before) {
    const step = all.get(id);
    if (step === undefined || (step.action.state !== 'running' && step.action.state !== 'active')) continue;
    const event: LifecycleEvent = {
      type: 'undo',
      message: `The step "${action.step}" after it came to nothing, and the policy then undoes the others.`,
    };
    await settle(tx, step, live(step, event, now), now);
  }
}

export function subjectOf({ incident, violation }: Action): string {
  return incident ?? violation ?? '';
}
