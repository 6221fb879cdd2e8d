import type { SeverityId } from './severity.js';

/** Most values that are named for one question; the others are counted together. */
export const DIGEST_TOP = 10;

/** How often a value came; in a list the most frequent come first. */
export interface Counted {
  value: string;
  count: number;
}

/** Who stands out among the events of a digest. `others` counts those whose value is not named, so that the sum is `count`. */
export interface TopTalkers {
  values: Counted[];
  others: number;
}

/**
 * One message for many events of a subscription: value of `tocsin.digests`, keyed by the subscription. Every event that is
 * not told by itself counts in exactly one of them.
 */
export interface Digest {
  schema: 1;
  /** uuidv5 over the subscription, the group and its number. */
  id: string;
  subscription: string;
  /** What it stands for. */
  events: 'violations' | 'incidents' | 'actions';
  /**
   * - `storm`: more came than are told one by one.
   * - `group`: the subscription tells by groups.
   * - `repeat`: nothing is new, but incidents of the group are unresolved.
   */
  reason: 'storm' | 'group' | 'repeat';
  /** One sentence for people. */
  summary: string;
  /** Field and value of what the events have in common; empty for a storm. */
  group: Record<string, string>;
  /** How many events, exactly; 0 for a repeat. */
  count: number;
  /** The worst. */
  severity_id: SeverityId;
  /** Events by severity, OCSF captions in lower case; their sum is `count`. */
  severities: Record<string, number>;
  /** By the name of the rule or of the type of action, and by workload. */
  names: TopTalkers;
  workloads: TopTalkers;
  /** Incidents of the group that are not resolved; absent where events are no incidents, or there is no group. */
  unresolved?: number;
  /** Ids of the first events, for looking them up. */
  sample: string[];
  /** Of the events, RFC 3339. */
  first_seen: string;
  last_seen: string;
  /** When it was made, RFC 3339. */
  time: string;
}
