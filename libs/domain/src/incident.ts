import type { SeverityId } from './severity.js';
import type { Attack } from './violation.js';

/**
 * States of an incident: `open` → `acknowledged` → `contained` → `resolved`, and back to `open` when it recurs.
 * Only `open` is reached without an operator or an action.
 */
export type IncidentStatus = 'open' | 'acknowledged' | 'contained' | 'resolved';

/** What changed since the version before; receivers word their message by it. */
export type IncidentChange = 'opened' | 'updated' | 'escalated';

export interface EntityRef {
  type: 'workload' | 'pod' | 'container' | 'node' | 'user' | 'image' | 'address';
  /** For a namespaced entity `namespace/name`. */
  name: string;
}

export interface Incident {
  schema: 1;
  /** uuidv5 over rule, rule version, group and period. */
  id: string;
  /**
   * Grows with every change and is a function of what the incident holds, so that a replay gives the same content
   * under the same version. Versions may have gaps: changes of one batch are published as one.
   */
  version: number;
  change: IncidentChange;
  status: IncidentStatus;
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
  first_seen: string;
  last_seen: string;
  /** The earliest ones, up to `INCIDENT_EVIDENCE_INLINE`; the whole trail is in the store. */
  violations: { id: string; time: string }[];
}

export const INCIDENT_EVIDENCE_INLINE = 20;
/** A hostile sender must not grow a record without bound; what is cut is still in the evidence trail. */
export const INCIDENT_ENTITIES_MAX = 50;
