import type { RESOLUTION_REASONS } from './incident.js';

/** What an operator says about an incident. Each has one effect, however often it arrives. */
export type IncidentCommandBody =
  | { type: 'acknowledge'; comment?: string }
  /** An empty assignee takes the assignment back. */
  | { type: 'assign'; assignee: string; comment?: string }
  | { type: 'note'; comment: string }
  | { type: 'resolve'; reason: (typeof RESOLUTION_REASONS)[number]; comment?: string }
  | { type: 'reopen'; comment?: string }
  /** Its violations, and those that join it later, count in the other incident. */
  | { type: 'merge'; into: string; comment?: string };

/** Whom the responder's own commands are from. Nobody else may say what they say. */
export const RESPONDER_ACTOR = 'tocsin';

/**
 * What the responder says: that actions cut the incident's targets off, or do so no longer. `order` grows with all that the responder
 * does about the incident, so that what is older has no effect after what is younger.
 */
export type ContainmentCommandBody = { type: 'contain'; order: number; comment: string } | { type: 'release'; order: number; comment: string };

/** Value of `tocsin.commands`, keyed by the incident's id. */
export type IncidentCommand = (IncidentCommandBody | ContainmentCommandBody) & {
  schema: 1;
  /** Given by the caller as its idempotency key, or random. */
  id: string;
  target: 'incident';
  incident: string;
  /** Who says it. */
  actor: string;
  /** RFC 3339. */
  time: string;
};

export type IncidentCommandType = IncidentCommandBody['type'];

/** What an operator says about an action. */
export type ActionCommandBody =
  /** Bound to the plan that the operator saw: another plan needs another approval. */
  | { type: 'approve'; plan_hash: string; comment?: string }
  | { type: 'reject'; comment?: string }
  /** Undone now rather than when its lease ends; one that has not begun does not begin. */
  | { type: 'revert'; comment?: string }
  /** A new end of the lease, RFC 3339. */
  | { type: 'extend'; until: string; comment?: string };

/** Value of `tocsin.commands`, keyed by the action's id. */
export type ActionCommand = ActionCommandBody & {
  schema: 1;
  id: string;
  target: 'action';
  action: string;
  actor: string;
  /** Teams that the actor is known to belong to. */
  teams?: string[];
  time: string;
};

export type ActionCommandType = ActionCommandBody['type'];

/** Any value of `tocsin.commands`. */
export type Command = IncidentCommand | ActionCommand;

export const COMMENT_MAX = 2_000;
