import type { Action } from '@tocsin/domain';
import type { ActionRow } from '@tocsin/store';
import type { Effect } from '../action.js';

/** What a policy lets an action do, as it stood when the action was planned. Lengths of time in milliseconds. */
export interface Terms {
  /** The step's `with`, which the action parsed. */
  with: unknown;
  /** Ids of the actions that must be through before it begins. */
  after: string[];
  onFailure: 'stop' | 'continue' | 'revert';
  lease: number;
  approvals: { required: number; from: string[]; expireAfter: number };
  limits: { maxActive?: number | undefined; perNamespace?: number | undefined; perWorkloadPercent?: number | undefined; window: number };
}

/** What the responder alone reads of an action. */
export interface Work {
  terms: Terms;
  /** Who asked for it: `policy/<name>`, or a person. Nobody approves what they asked for. */
  requestedBy: string;
  /** Failed attempts in a row at what is to be done now. */
  attempts: number;
  /** Since when, RFC 3339; present while `attempts` is not 0. */
  failingSince?: string;
  /** What `run` left for `revert`. */
  effect?: Effect;
  /** Whether it goes on by itself, so that it is asked where it stands. */
  working?: boolean;
  /** While it is reverted: how it goes on, when not as `reverted`. */
  ending?: { state: 'failed' | 'planned'; reason: string };
}

export type ActionRecord = ActionRow<Work>;

/** Whether people agreed to exactly this plan. */
export function isApproved({ approvals }: Action): boolean {
  return approvals !== undefined && approvals.given.length >= approvals.required;
}
