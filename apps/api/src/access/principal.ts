/** From the least to the most: each may do what those before it may. */
export const ROLES = ['viewer', 'operator', 'approver', 'admin'] as const;

/**
 * - `viewer` reads all but the bytes of evidence and the audit.
 * - `operator` works on incidents, makes silences, looks at evidence, and stops all actions.
 * - `approver` decides about actions: approves, rejects, reverts, extends, and lets them begin again.
 * - `admin` makes tokens, and releases legal holds.
 */
export type Role = (typeof ROLES)[number];

export function mayAct(has: Role, needed: Role): boolean {
  return ROLES.indexOf(has) >= ROLES.indexOf(needed);
}

/** Who asks, as far as access control can tell. */
export interface Principal {
  /** Stands in the history and in the audit. */
  actor: string;
  role: Role;
  /** How it is known: nobody asked, the configured token, an API token, a session of a browser, or a login elsewhere. */
  kind: 'local' | 'bootstrap' | 'token' | 'session' | 'oidc';
  /** Approval needs one. */
  person: boolean;
  /** Who shares a rate limit with whom. */
  id: string;
  /** Approvers may be named by team. */
  teams: readonly string[];
  /** The only operations that it may do, by `operationId`; undefined: all that its role may. */
  operations?: readonly string[];
}
