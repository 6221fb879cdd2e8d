import type { Action, ActionState } from '@tocsin/domain';
import { baseEvent, epochMs, type Choice, type EventClass } from './base.js';

const CLASS: EventClass = { class: [7001, 'Remediation Activity'], category: [7, 'Remediation'], profiles: ['security_control'] };

/** By the type of the action; what is not here is Other, by its own name. */
const ACTIVITIES: Readonly<Record<string, Choice>> = {
  quarantine: [1, 'Isolate'],
  detach: [1, 'Isolate'],
  cordon: [1, 'Isolate'],
  evict: [2, 'Evict'],
  scale: [2, 'Evict'],
  label: [4, 'Harden'],
  annotate: [4, 'Harden'],
  snapshot: [5, 'Detect'],
  capture: [5, 'Detect'],
};

const RESTORE: Choice = [3, 'Restore'];
const UNDOING: ReadonlySet<ActionState> = new Set(['reverting', 'reverted']);
const DONE: ReadonlySet<ActionState> = new Set(['active', 'succeeded', 'reverted']);

/** An action as OCSF Remediation Activity. */
export function remediationActivity(action: Action): object {
  const { id, version, state, reason, policy, target, plan, severity_id: severityId } = action;
  const [statusId, status] = statusOf(action);
  return {
    ...baseEvent(CLASS, {
      activity: activityOf(action),
      severityId,
      time: action.time,
      message: plan?.summary ?? `${action.type} ${target.type} ${target.name}: ${reason}`,
      uid: `${id}/${version}`,
      correlationUid: action.incident ?? action.violation,
    }),
    command_uid: id,
    status_id: statusId,
    status,
    status_code: action.refused_by ?? state,
    status_detail: reason,
    start_time: action.started_at === undefined ? undefined : epochMs(action.started_at),
    policy: { name: policy, uid: `${policy}/${action.step}` },
    unmapped: {
      state,
      type: action.type,
      mode: action.mode,
      cluster: action.cluster,
      target,
      scope: plan?.scope,
      changes: plan?.changes,
      warnings: plan?.warnings,
      plan_hash: action.plan_hash,
      approvals: action.approvals,
      expires_at: action.expires_at,
      verification: action.verification,
      evidence: action.evidence,
      actor: action.actor,
      comment: action.comment,
    },
  };
}

function activityOf({ state, type }: Action): Choice {
  if (UNDOING.has(state)) return RESTORE;
  return Object.hasOwn(ACTIVITIES, type) ? (ACTIVITIES[type] as Choice) : [99, type];
}

function statusOf({ state, refused_by: refusedBy, verification }: Action): Choice {
  if (DONE.has(state)) return verification?.ok === false || verification?.contained === 'partial' ? [4, 'Partial'] : [1, 'Success'];
  if (state === 'failed') return [2, 'Failure'];
  if (refusedBy === 'target_gone') return [3, 'Does Not Exist'];
  if (refusedBy === 'unsupported') return [5, 'Unsupported'];
  // Not begun, under way, or not to be done.
  return [99, state];
}
