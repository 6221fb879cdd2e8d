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

/** Value of `tocsin.commands`, keyed by the incident's id. */
export type IncidentCommand = IncidentCommandBody & {
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

export const COMMENT_MAX = 2_000;
