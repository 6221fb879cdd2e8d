import type { Extension } from '@tocsin/extension';

/**
 * The extension point *rule kind*: a pure reducer over the matches of one group (one value of the rule's `groupBy`).
 *
 * The contract, held by `contract.ts`:
 * - `step` MUST be pure: no clock, no randomness; time comes from the match or the tick. It owns the state that it is
 *   given and MAY change it in place; the engine keeps only what it returns.
 * - The members that it names over time MUST depend on the *set* of matches only, not on the order in which they came,
 *   as long as they come within `grace` of one another's event time and within the bounds of its state. This is what
 *   makes incidents independent of partitions and replicas.
 * - A match whose id is still held MUST change nothing. One that was forgotten MAY be named again: the engine counts a
 *   member of an incident once.
 * - State MUST be JSON and bounded, whatever the sender does; `forgotten` says what was dropped for want of room.
 */
export interface RuleKind<Config = unknown> extends Extension<Config, RuleKindDeps, Reducer> {
  /** What `Match.k` holds for this kind. */
  readonly input: MatchKey;
}

/**
 * What a match carries as `k`, next to the group:
 * - `none`: the empty text.
 * - `rule`: the name of the rule that it came through, one of `rules` (its own name where it has a `filter`).
 * - `field`: the value of the rule's `condition.field`; matches without a value are left out by the engine.
 */
export type MatchKey = 'none' | 'rule' | 'field';

export interface RuleKindDeps {
  /** How far out of order matches may come and still be counted exactly, milliseconds. */
  grace: number;
}

/** What a rule keeps of a violation that passed its filter. Short names: a window may hold a million of these. */
export interface Match {
  /** Violation id. */
  id: string;
  /** Event time, milliseconds since 1970. */
  t: number;
  /** `severity_id`. */
  s: number;
  /** See `MatchKey`. */
  k: string;
  /** Entities and ATT&CK as one text, opaque to the kind. */
  d: string;
  /** Values that rules chained to this one group by, by path; absent when none is. Opaque to the kind. */
  c?: Record<string, string>;
}

/** Event time has passed `now`: whatever comes with an earlier time is late. Milliseconds since 1970. */
export interface Tick {
  now: number;
}

/** JSON of the kind's own making; the engine only stores it. */
export type RuleState = unknown;

export interface Step {
  /** undefined: nothing worth keeping. */
  state: RuleState | undefined;
  /** Matches that belong to an incident from now on. */
  members: readonly Match[];
  /** Event time from which a tick is wanted; also how long the state matters. undefined: no need. */
  wakeAt: number | undefined;
  /** Matches that the state could not hold any more though they might have counted. */
  forgotten?: number;
}

export interface Reducer {
  step(state: RuleState | undefined, input: Match | Tick): Step;
  /** Completes "… because ": one clause for people, for example `5 or more matched within 5 min`. */
  readonly because: string;
  /** True when a tick may name members (something did *not* happen); else ticks only let it forget. */
  readonly namesOnTick?: boolean;
  /**
   * Every member is named before event time has passed its own by this, milliseconds. Rules that are chained to this one
   * need it as their `grace`.
   */
  readonly lag: number;
}

export function isTick(input: Match | Tick): input is Tick {
  return 'now' in input;
}
