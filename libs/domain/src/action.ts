import type { EntityRef } from './incident.js';
import type { SeverityId } from './severity.js';

/**
 * States of an action:
 *
 * - `planned`: a policy wants it. Every action begins here, and stays here where its policy only observes.
 * - `awaiting_approval`: people must agree to exactly this plan. Goes on to `approved` or `rejected`, or is denied when time
 *   is up: `expired`.
 * - `approved`: it will be run, once the steps before it are through.
 * - `running`: it is being done.
 * - `active`: it is done and holds its target, until its lease ends or somebody reverts it; or it works on, as a capture does.
 * - `reverting`: it is being undone.
 *
 * It ends as `reverted`, as `succeeded` (done, and there is nothing to undo), `failed`, `rejected`, `expired`, or
 * `refused` (by a limit or by what is protected; `refused_by` says by which).
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

/** What is held or changed, as it was found when the plan was made. Budgets and protections go by it. */
export interface ActionScope {
  cluster: string;
  namespace?: string;
  node?: string;
  pod?: { name: string; uid: string };
  /** What owns the pod, up to its topmost controller. */
  workload?: { kind: string; name: string; uid: string; replicas: number };
}

/** Exactly what will be done. Approvals are bound to its hash, so it holds nothing that changes by itself. */
export interface ActionPlan {
  /** One sentence for people: what will be done to what. */
  summary: string;
  scope: ActionScope;
  /** What will change, one line each, for people. */
  changes: string[];
  /** What people should know before they agree, such as traffic that still passes. */
  warnings: string[];
  /** What the action needs in order to do and undo it; its own form. */
  details: Record<string, unknown>;
}

export interface ActionApprovals {
  required: number;
  /** Teams or people that may; empty: whoever may approve at all. */
  from: string[];
  given: { actor: string; time: string; comment?: string }[];
  /** What has not been approved by then is denied, RFC 3339. */
  expires_at: string;
  /** Why people are asked. */
  why: string;
}

/** Whether the effect was found when it was looked for. */
export interface ActionVerification {
  ok: boolean;
  /** One sentence for people. */
  message: string;
  time: string;
  /** How far the target is cut off, where the action is about that. */
  contained?: 'full' | 'partial' | 'none';
}

/** Why an action was refused: a closed list, also a metric label. */
export const REFUSALS = [
  'protected_namespace',
  'protected_label',
  'host_network',
  'static_pod',
  'last_ready_replica',
  'target_gone',
  'target_replaced',
  'target_unreadable',
  'unknown_cluster',
  'missing_permission',
  'unsupported',
  'already_held',
  'budget',
  'stale',
  'incident_muted',
  'incident_resolved',
  'policy_withdrawn',
  'step_failed',
] as const;
export type Refusal = (typeof REFUSALS)[number];

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
  /** When it was planned, RFC 3339. */
  created_at: string;
  /** From when its target was looked at. */
  plan?: ActionPlan;
  /** SHA-256 of the plan as canonical JSON, in hexadecimal. */
  plan_hash?: string;
  /** Present once people were asked. */
  approvals?: ActionApprovals;
  refused_by?: Refusal;
  /** When it was begun. */
  started_at?: string;
  /** When it is undone by itself; absent where there is nothing to undo. */
  expires_at?: string;
  verification?: ActionVerification;
  /** Ids of what it collected. */
  evidence?: string[];
  /** Who made this change; absent when the responder did. */
  actor?: string;
  /** What the actor said about this change. */
  comment?: string;
}

const FINAL: readonly ActionState[] = ['reverted', 'succeeded', 'failed', 'rejected', 'expired', 'refused'];

/** Whether nothing becomes of it any more. */
export function isFinal(state: ActionState): boolean {
  return FINAL.includes(state);
}

/** The log key: all actions on one target are in order on one partition. */
export function actionKey({ cluster, target }: Pick<Action, 'cluster' | 'target'>): string {
  return `${cluster}/${target.type}/${target.name}`;
}
