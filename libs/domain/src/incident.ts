import type { SeverityId } from './severity.js';
import type { Attack } from './violation.js';

/**
 * States of an incident:
 *
 * - `open`: nobody has taken it up. Every incident begins here, and comes back here when it recurs or an operator reopens it.
 * - `acknowledged`: somebody is on it.
 * - `contained`: an action cuts its targets off, such as a quarantine. `acknowledged_by` says whether somebody is on it, too.
 * - `resolved`: done, by an operator, by quiet (`resolveAfter` of its rule) or by a merge into another incident.
 */
export type IncidentStatus = 'open' | 'acknowledged' | 'contained' | 'resolved';

/**
 * What changed since the version before; receivers word their message by it. `unmuted`: what had muted it ended while it was
 * still open, so that now everybody is told.
 */
export type IncidentChange =
  | 'opened'
  | 'updated'
  | 'escalated'
  | 'de_escalated'
  | 'acknowledged'
  | 'assigned'
  | 'noted'
  | 'resolved'
  | 'reopened'
  | 'merged'
  | 'muted'
  | 'unmuted'
  | 'contained'
  | 'released';

export interface EntityRef {
  type: 'workload' | 'pod' | 'container' | 'node' | 'user' | 'image' | 'address';
  /** For a namespaced entity `namespace/name`. */
  name: string;
}

/** Why an incident ended. `quiet` and `merged` are ours, the others are an operator's. */
export type ResolutionReason = 'true_positive' | 'benign' | 'false_positive' | 'duplicate' | 'other' | 'quiet' | 'merged';

/** The reasons that an operator may give, as every triage tool has them. */
export const RESOLUTION_REASONS = ['true_positive', 'benign', 'false_positive', 'duplicate', 'other'] as const satisfies readonly ResolutionReason[];

export interface Resolution {
  reason: ResolutionReason;
  comment?: string;
  /** Who resolved it; `tocsin` when it was we. */
  by: string;
  /** RFC 3339. */
  time: string;
}

/** What keeps an incident from being told and acted on. It forms all the same, and says who is to blame. */
export interface Muting {
  /** `silence`: `id` is the silence's; `inhibition`: `id` is the incident that inhibits it. */
  by: 'silence' | 'inhibition';
  id: string;
  /** The silence's comment, or the inhibiting incident's title. */
  comment: string;
}

export interface Containment {
  /** Grows with what the responder says. */
  order: number;
  /** Since when at least one of its targets is cut off, RFC 3339; absent while none is. */
  since?: string;
}

export interface Incident {
  schema: 1;
  /** uuidv5 over rule, what it groups by, group and period. */
  id: string;
  /** Grows with every change. Versions may have gaps: changes of one batch are published as one. */
  version: number;
  change: IncidentChange;
  status: IncidentStatus;
  /** `version` is of the conditions that the latest members met; the trail has it for each. */
  rule: { name: string; version: string; title: string };
  title: string;
  /** One sentence that says why this incident exists, for people. */
  reason: string;
  severity_id: SeverityId;
  /** Empty when the rule groups across clusters. */
  cluster: string;
  /** The values of the rule's `groupBy` fields. */
  group: Record<string, string>;
  entities: EntityRef[];
  attacks: Attack[];
  /** Number of violations in it. */
  count: number;
  /** How many of them came later than the correlator waits for (`correlator.grace`). */
  late: number;
  first_seen: string;
  last_seen: string;
  /** The earliest ones, up to `INCIDENT_EVIDENCE_INLINE`; the whole trail is in the store. */
  violations: { id: string; time: string }[];
  /** By an operator. */
  assignee?: string;
  acknowledged_by?: string;
  /** Present while `resolved`. */
  resolution?: Resolution;
  /** The incident that this one was merged into; what joins this one counts there. */
  merged_into?: string;
  /** What the responder last said of its targets. It outlives a resolution: what is reopened may still be cut off. */
  containment?: Containment;
  /** Present while it is not to be told. */
  muted?: Muting[];
  /** When this version was made, RFC 3339. */
  updated_at: string;
  /** The last version that was told to subscriptions, and when; absent when none was. Repeats may wait, see `suppress`. */
  told?: { version: number; time: string };
  /** Who made this change; absent when the correlator did. */
  actor?: string;
  /** What the actor said about this change. */
  comment?: string;
}

export const INCIDENT_EVIDENCE_INLINE = 20;
/** A hostile sender must not grow a record without bound; what is cut is still in the evidence trail. */
export const INCIDENT_ENTITIES_MAX = 50;
