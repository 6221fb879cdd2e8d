import type { EntityRef } from './incident.js';
import type { SeverityId } from './severity.js';

/**
 * States of an action:
 *
 * - `planned`: a policy wants it. Every action begins here, and stays here where its policy only observes.
 * - `awaiting_approval`: people must agree first. Goes on to `approved` or `rejected`, or is denied when time is up: `expired`.
 * - `approved`: it will be run.
 * - `running`: it is being done.
 * - `active`: it is done and holds its target, until its lease ends or somebody reverts it.
 * - `reverting`: it is being undone.
 *
 * It ends as `reverted`, as `succeeded` (done, and there is nothing to undo), `failed`, `rejected`, `expired`, or
 * `refused` (by a limit or by what is protected; the reason says by which).
 */
export type ActionState =
  | 'planned'
  | 'awaiting_approval'
  | 'approved'
  | 'running'
  | 'active'
  | 'reverting'
  | 'reverted'
  | 'succeeded'
  | 'failed'
  | 'rejected'
  | 'expired'
  | 'refused';

/** What the policy lets happen by itself: nothing, a question to people, all. */
export type ActionMode = 'observe' | 'propose' | 'auto';

/** An entity, or what is answered itself, where an action is about nothing else. */
export type ActionTarget = EntityRef | { type: 'incident' | 'violation'; name: string };

/** One planned response on one target: value of `tocsin.actions`, keyed by the target. */
export interface Action {
  schema: 1;
  /** uuidv5 over the incident or violation, policy, step and target. */
  id: string;
  /** Grows with every change. */
  version: number;
  state: ActionState;
  /** Name of the policy, and the id of its step. */
  policy: string;
  step: string;
  /** What is done: `quarantine`, `capture`, … */
  type: string;
  target: ActionTarget;
  /** Empty when the incident is about several clusters. */
  cluster: string;
  /** Id of the incident that is answered; absent when the policy answers violations. */
  incident?: string;
  /** Id of the violation that is answered; absent when the policy answers incidents. */
  violation?: string;
  /** Severity of what is answered. */
  severity_id: SeverityId;
  mode: ActionMode;
  /** One sentence on how it came into this state, for people. */
  reason: string;
  /** Time of what brought it into this state, RFC 3339: a replay gives the same. */
  time: string;
}

/** The log key: all actions on one target are in order on one partition. */
export function actionKey({ cluster, target }: Pick<Action, 'cluster' | 'target'>): string {
  return `${cluster}/${target.type}/${target.name}`;
}
