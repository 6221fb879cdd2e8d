import { isFinal, type ActionCommand } from '@tocsin/domain';
import { iso, told, type Change } from './lifecycle.js';
import { isApproved, type ActionRecord } from './record.js';

/** Longest that an action stands, however often it is extended. */
export const LEASE_MAX_MS = 30 * 24 * 3_600_000;

export type CommandResult = { change: Change } | { refused: string };

/** What a person's command makes of an action, or why it makes nothing. Pure. */
export function obey(record: ActionRecord, command: ActionCommand, now: number): CommandResult {
  const { action } = record;
  const by = { actor: command.actor, ...(command.comment !== undefined && { comment: command.comment }) };
  if (isFinal(action.state)) return { refused: `It is over: ${action.state}.` };
  switch (command.type) {
    case 'approve':
      return approve(record, command, now);
    case 'reject': {
      if (action.state !== 'awaiting_approval') return { refused: `It is ${action.state}; only what awaits approval can be rejected.` };
      const why = mayApprove(record, command);
      if (why !== undefined) return { refused: why };
      return { change: told(record, { ...by, state: 'rejected', reason: `${command.actor} rejected it.` }, OVER, now) };
    }
    case 'revert':
      if (action.state === 'reverting') return { refused: 'It is being undone.' };
      if (action.state === 'running' || action.state === 'active') {
        const parts = { ...by, state: 'reverting', reason: `${command.actor} reverted it.` } as const;
        return { change: told(record, parts, { dueAt: iso(now), work: { ...record.work, attempts: 0 } }, now) };
      }
      return { change: told(record, { ...by, state: 'rejected', reason: `${command.actor} called it off before it began.` }, OVER, now) };
    case 'extend':
      return extend(record, command, now);
  }
}

const OVER = { dueAt: null, holds: false } as const;

function approve(record: ActionRecord, command: Extract<ActionCommand, { type: 'approve' }>, now: number): CommandResult {
  const { action } = record;
  const { approvals } = action;
  if (action.state !== 'awaiting_approval' || approvals === undefined) return { refused: `It is ${action.state}; it awaits no approval.` };
  if (now >= Date.parse(approvals.expires_at)) return { refused: 'The time to approve it is over.' };
  if (command.plan_hash !== action.plan_hash) return { refused: 'The plan has changed since; look at it again.' };
  const why = mayApprove(record, command);
  if (why !== undefined) return { refused: why };
  if (approvals.given.some(({ actor }) => actor === command.actor))
    return { refused: `${command.actor} has approved it already; somebody else must.` };
  const given = [...approvals.given, { actor: command.actor, time: iso(now), ...(command.comment !== undefined && { comment: command.comment }) }];
  const next = { ...action, approvals: { ...approvals, given } };
  const missing = approvals.required - given.length;
  const parts = { approvals: next.approvals, actor: command.actor, ...(command.comment !== undefined && { comment: command.comment }) };
  if (!isApproved(next)) {
    return { change: told(record, { ...parts, reason: `${command.actor} approved it; ${missing} more must.` }, {}, now) };
  }
  return {
    change: told(
      record,
      { ...parts, state: 'approved', reason: `Approved by ${given.map(({ actor }) => actor).join(', ')}.` },
      { dueAt: iso(now) },
      now,
    ),
  };
}

function mayApprove({ work, action }: ActionRecord, { actor, teams = [] }: ActionCommand): string | undefined {
  if (actor === work.requestedBy) return 'Nobody approves what they asked for themselves.';
  const from = action.approvals?.from ?? [];
  if (from.length === 0 || from.includes(actor) || teams.some((team) => from.includes(team))) return undefined;
  return `${actor} is not one of those who may approve it: ${from.join(', ')}.`;
}

function extend(record: ActionRecord, { until, actor, comment }: Extract<ActionCommand, { type: 'extend' }>, now: number): CommandResult {
  const { action } = record;
  if (action.state !== 'active' || action.expires_at === undefined || action.started_at === undefined) {
    return { refused: `It is ${action.state}, and has no lease that could be extended.` };
  }
  const end = Date.parse(until);
  if (!Number.isFinite(end)) return { refused: `"${until}" is no time.` };
  if (now >= Date.parse(action.expires_at)) return { refused: 'Its lease is over.' };
  if (end <= now) return { refused: 'The new end is past; revert it instead.' };
  if (end > Date.parse(action.started_at) + LEASE_MAX_MS) return { refused: 'An action stands 30 days at most.' };
  const parts = {
    expires_at: iso(end),
    reason: `${actor} set the end of its lease to ${iso(end)}.`,
    actor,
    ...(comment !== undefined && { comment }),
  };
  // A capture is looked after more often than its lease ends; what comes first stays.
  const dueAt = record.dueAt !== null && record.dueAt < action.expires_at ? record.dueAt : iso(end);
  return { change: told(record, parts, { dueAt }, now) };
}
