/**
 * The life of an action, in words. Nothing else changes an action's state.
 *
 * 1. A policy matched: the action is `planned`. Its target is looked at and a plan is made, or it is `refused`.
 *    a. The policy observes: it stays `planned` for ever, and its plan shows what would have been done.
 *    b. The policy proposes: `awaiting_approval`. Enough people who may, and who did not ask for it themselves, agree to
 *       exactly this plan: `approved`. One who may says no: `rejected`. Nobody answers in time: `expired`, which is a no.
 *    c. The policy acts by itself: `approved`.
 * 2. `approved` waits for the steps before it, then looks at its target again. Another plan than before is approved anew
 *    where people approve. What is protected, stale, muted or withdrawn by now is `refused`. Over a limit of its policy it
 *    becomes `awaiting_approval`, since people may exceed a policy's limits; over the cluster's it is `refused`.
 *    While the kill switch is on, or cannot be read, it waits; what has waited too long is `refused` or `expired`.
 * 3. It is written down as `running`, with the end of its lease, before anything is done. A crash from here on finds it
 *    `running`, and does it again: what has been done is found and completed.
 * 4. Done: `active` where something stands or goes on, `succeeded` where there is nothing to undo. What fails for good, or for
 *    too long, is undone as far as it came, and `failed`.
 * 5. `active` ends when its lease is over, or somebody reverts it: `reverting`, then `reverted`. Undoing is tried until it
 *    succeeds, kill switch or not: it gives back what was taken.
 */
import type { Action, ActionPlan, ActionVerification, Refusal } from '@tocsin/domain';
import type { RunResult } from '../action.js';
import type { ActionRecord, Work } from './record.js';

/** What may become of an action. Commands of people are in `commands.ts`. */
export type LifecycleEvent =
  | { type: 'looked'; plan: ActionPlan; hash: string; revertible: boolean; disrupts: boolean }
  | { type: 'refused'; by: Refusal; message: string }
  | { type: 'denied' }
  | { type: 'over_limit'; message: string }
  | { type: 'outdated'; message: string; revertible: boolean }
  | { type: 'begun'; revertible: boolean }
  | { type: 'ran'; result: RunResult; verification: ActionVerification | undefined; lookAt: string }
  | { type: 'failed'; message: string; revertible: boolean }
  | { type: 'lease_over' }
  | { type: 'undo'; message: string }
  | { type: 'undone'; message: string; evidence: readonly string[] }
  | { type: 'seen'; verification: ActionVerification; nextAt: string | null }
  | { type: 'again'; message: string; at: string }
  | { type: 'waits'; at: string | null };

/** The next record. `told`: the state or what people see of it changed, so it has a new version, which is published and audited. */
export interface Change {
  record: ActionRecord;
  told: boolean;
}

/** Throws when the event cannot happen in the action's state: a mistake of ours, and nothing is done. */
export function live(record: ActionRecord, event: LifecycleEvent, now: number): Change {
  const { action, work } = record;
  const expect = (...states: Action['state'][]): void => {
    if (!states.includes(action.state)) throw new Error(`"${event.type}" cannot happen to an action that is ${action.state}.`);
  };
  const goes = (parts: Parts, rest: Partial<Omit<ActionRecord, 'action'>> = {}): Change => told(record, parts, rest, now);
  switch (event.type) {
    case 'looked':
      expect('planned', 'approved');
      return looked(record, event, now);
    case 'refused':
      expect('planned', 'awaiting_approval', 'approved');
      return goes({ state: 'refused', refused_by: event.by, reason: event.message }, OVER);
    case 'denied':
      expect('awaiting_approval', 'approved');
      return goes({ state: 'expired', reason: 'It was not approved and begun in time, which is a no.' }, OVER);
    case 'over_limit':
      expect('approved');
      return ask(record, event.message, now);
    case 'outdated':
      expect('approved', 'running');
      if (action.state === 'running' && event.revertible) return undo(record, { state: 'planned', reason: event.message }, now);
      return goes(anew(event.message), { dueAt: iso(now), holds: false, work: rested(work) });
    case 'begun':
      expect('approved');
      return goes(
        {
          state: 'running',
          reason: 'It has begun.',
          started_at: iso(now),
          ...(event.revertible && { expires_at: iso(now + work.terms.lease) }),
        },
        { dueAt: iso(now), holds: true, work: rested(work) },
      );
    case 'ran':
      expect('running', 'active');
      return ran(record, event, now);
    case 'failed':
      expect('running', 'active');
      if (!event.revertible) return goes({ state: 'failed', reason: event.message }, OVER);
      return undo(record, { state: 'failed', reason: event.message }, now);
    case 'lease_over':
      expect('running', 'active');
      return goes({ state: 'reverting', reason: 'Its lease is over.' }, { dueAt: iso(now), work: rested(work) });
    case 'undo':
      expect('running', 'active');
      return goes({ state: 'reverting', reason: event.message }, { dueAt: iso(now), work: rested(work) });
    case 'undone':
      expect('reverting');
      return undone(record, event, now);
    case 'seen': {
      expect('active');
      const { verification, nextAt: dueAt } = event;
      const same = action.verification?.ok === verification.ok && action.verification.contained === verification.contained;
      if (same) return { record: { ...record, dueAt, work: rested(work) }, told: false };
      return goes({ verification, reason: verification.message }, { dueAt, work: rested(work) });
    }
    case 'again': {
      const failingSince = work.failingSince ?? iso(now);
      const next = { ...record, dueAt: event.at, work: { ...work, attempts: work.attempts + 1, failingSince } };
      // The first failure is worth telling; those after it are not, or an API server that is away would fill the record.
      return work.attempts === 0 ? told(next, { reason: event.message }, {}, now) : { record: next, told: false };
    }
    case 'waits':
      return { record: { ...record, dueAt: event.at }, told: false };
  }
}

const OVER = { dueAt: null, holds: false } as const;

function looked(record: ActionRecord, { plan, hash, disrupts }: Extract<LifecycleEvent, { type: 'looked' }>, now: number): Change {
  const { action } = record;
  const next = { ...record, disrupts };
  if (action.state === 'approved') {
    // Looked at again: the same plan, or one that nobody needs to agree to.
    return { record: { ...next, action: { ...action, plan, plan_hash: hash } }, told: false };
  }
  const planned = { plan, plan_hash: hash };
  if (action.mode === 'observe') return told(next, { ...planned, reason: 'The policy observes: this is what would be done.' }, { dueAt: null }, now);
  if (action.mode === 'propose') return ask({ ...next, action: { ...action, ...planned } }, 'The policy proposes.', now);
  return told(next, { ...planned, state: 'approved', reason: 'The policy allows it.' }, { dueAt: iso(now), work: rested(record.work) }, now);
}

function ask(record: ActionRecord, why: string, now: number): Change {
  const { required, from, expireAfter } = record.work.terms.approvals;
  const expires_at = iso(now + expireAfter);
  return told(
    record,
    { state: 'awaiting_approval', reason: why, approvals: { required, from, given: [], expires_at, why } },
    { dueAt: expires_at, work: rested(record.work) },
    now,
  );
}

function ran(record: ActionRecord, { result, verification, lookAt }: Extract<LifecycleEvent, { type: 'ran' }>, now: number): Change {
  const { action, work } = record;
  const { effect, then, pollAfterMs = 1_000, message, evidence = [] } = result;
  const rest = { work: { ...rested(work), effect, working: then === 'working' } };
  const parts = { reason: message, ...(verification !== undefined && { verification }), ...collected(action, evidence) };
  if (then === 'done') return told(record, { ...parts, state: 'succeeded' }, { ...rest, ...OVER }, now);
  const pollAt = iso(now + pollAfterMs);
  const dueAt = then === 'working' && pollAt < lookAt ? pollAt : lookAt;
  if (action.state === 'active' && evidence.length === 0) return { record: { ...record, ...rest, dueAt }, told: false };
  return told(record, { ...parts, state: 'active' }, { ...rest, dueAt }, now);
}

/** What came to nothing is undone first, as far as it came. */
function undo(record: ActionRecord, ending: NonNullable<Work['ending']>, now: number): Change {
  const parts = { state: 'reverting', reason: `It is undone as far as it came: ${ending.reason}` } as const;
  return told(record, parts, { dueAt: iso(now), work: { ...rested(record.work), ending } }, now);
}

function undone(record: ActionRecord, { message, evidence }: Extract<LifecycleEvent, { type: 'undone' }>, now: number): Change {
  const { ending, effect: _effect, ...work } = rested(record.work);
  if (ending?.state === 'planned') return told(record, anew(ending.reason), { dueAt: iso(now), holds: false, work }, now);
  const reason = ending === undefined ? message : `${ending.reason} ${message}`;
  return told(record, { state: ending?.state ?? 'reverted', reason, ...collected(record.action, evidence) }, OVER, now);
}

function collected({ evidence = [] }: Action, more: readonly string[]): Partial<Action> {
  const all = [...new Set([...evidence, ...more])];
  return all.length === 0 ? {} : { evidence: all };
}

/** What changes of an action; undefined takes it away. */
type Parts = { [K in keyof Action]?: Action[K] | undefined };

/** A new version of the action. Who made the one before, and what they said, is not kept. */
export function told(record: ActionRecord, parts: Parts, rest: Partial<Omit<ActionRecord, 'action'>>, now: number): Change {
  const { actor: _actor, comment: _comment, ...before } = record.action;
  const all = { ...before, ...parts, version: before.version + 1, time: iso(now) };
  const action = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined)) as unknown as Action;
  return { record: { ...record, ...rest, action }, told: true };
}

/** What was planned and approved is void. */
function anew(reason: string): Parts {
  return { state: 'planned', reason, plan: undefined, plan_hash: undefined, approvals: undefined, started_at: undefined, expires_at: undefined };
}

function rested({ attempts: _attempts, failingSince: _since, ...work }: Work): Work {
  return { ...work, attempts: 0 };
}

export function iso(ms: number): string {
  return new Date(ms).toISOString();
}
