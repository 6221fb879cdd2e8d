import type { Action } from '@tocsin/domain';
import type { Targets } from '../action.js';
import type { ActionRecord } from '../lifecycle/record.js';
import type { CompiledPolicy, PlannedAction } from '../pipeline/plan-actions.js';
import type { Records } from './records.js';
import { entryOf } from './settle.js';

/**
 * Writes down what the policies want done. What is known stays as it is, so that the same news, read again after a crash or by another
 * replica, plans nothing twice. Returns what is new.
 */
export async function takeIn(
  records: Records,
  planned: readonly PlannedAction[],
  policies: ReadonlyMap<string, CompiledPolicy>,
  targets: Pick<Targets, 'knows'>,
  now: number,
): Promise<Action[]> {
  const wanted = planned.flatMap((action): ActionRecord[] => {
    const policy = policies.get(action.policy);
    const step = policy?.steps.find(({ id }) => id === action.step);
    if (policy === undefined || step === undefined) return [];
    const { after, ...document } = action;
    // What is only observed is looked at where that is possible, and stays a wish where it is not.
    const looked = policy.mode !== 'observe' || targets.knows(action.cluster);
    const terms = { with: step.with, after, onFailure: step.onFailure, lease: policy.lease, approvals: policy.approvals, limits: policy.limits };
    return [
      {
        action: document,
        work: { terms, requestedBy: `policy/${policy.name}`, attempts: 0 },
        holds: false,
        disrupts: false,
        dueAt: looked ? new Date(now).toISOString() : null,
      },
    ];
  });
  if (wanted.length === 0) return [];
  return records.change(async (tx) => {
    const added = await tx.insert(wanted);
    await tx.publish(added);
    await tx.audit(added.map(({ action }) => entryOf(undefined, action)));
    return added.map(({ action }) => action);
  });
}
