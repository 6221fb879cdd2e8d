import type { Extension } from '@tocsin/extension';

/**
 * The extension point *rule kind*: a pure reducer over the matches of one group (one value of the rule's `groupBy`).
 *
 * The contract, held by `contract.ts`:
 * - `step` MUST be pure: no clock, no randomness, no mutation of its input; time comes from the match or the tick.
 * - The members that it names over time MUST depend on the *set* of matches only, not on the order in which they
 *   came (within the bounds of its state). This is what makes incidents independent of partitions and replicas.
 * - A match that came before MUST change nothing. A member MUST be named once.
 * - State MUST be JSON and bounded, whatever the sender does.
 */
export interface RuleKind<Config = unknown> extends Extension<Config, undefined, Reducer> {}

/** What a rule keeps of a violation that passed its filter. */
export interface Match {
  /** Violation id. */
  id: string;
  /** Event time, milliseconds since 1970. */
  t: number;
  /** `severity_id`. */
  s: number;
  /** Entities as `type:name`. */
  e: readonly string[];
  /** ATT&CK as `tactic/technique`, either may be empty. */
  a: readonly string[];
}

export interface Tick {
  /** The partition's event time: the latest seen. Milliseconds since 1970. */
  now: number;
}

/** JSON of the kind's own making; the engine only stores it. */
export type RuleState = unknown;

export interface Step {
  /** undefined: nothing worth keeping. */
  state: RuleState | undefined;
  /** Matches that belong to an incident from now on. */
  members: readonly Match[];
  /** Event time at which a tick should come; also how long the state matters. undefined: no need. */
  wakeAt: number | undefined;
}

export interface Reducer {
  step(state: RuleState | undefined, input: Match | Tick): Step;
  /** Completes "… because ": one clause for people, for example `5 or more matched within 5 min`. */
  readonly because: string;
}

export function isTick(input: Match | Tick): input is Tick {
  return 'now' in input;
}
