/** What the state of correlation may take, so that a hostile sender of ever new groups cannot exhaust the process. */
export interface Bounds {
  /** Groups that one rule keeps per partition; beyond it the least recently changed is dropped. */
  maxGroupsPerRule: number;
  /** New groups that one rule takes per partition and minute, so that a flood does not push out all that is kept. */
  newGroupsPerMinute: number;
  /** Of all partitions of this process. */
  memory: MemoryBudget;
}

/** An estimate in bytes, shared by all partitions of a process. */
export class MemoryBudget {
  readonly limit: number;
  used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }

  get exceeded(): boolean {
    return this.used > this.limit;
  }
}

/** Why something was not counted though it might have mattered: `groups`, `memory`, `new_groups` are the bounds above, `window` is a rule kind's own. */
export type DegradedCause = 'groups' | 'memory' | 'new_groups' | 'window';

/** How much was lost for want of room, by rule and cause; it is never silent. */
export class Degraded {
  readonly #counts = new Map<string, Map<DegradedCause, number>>();

  add(rule: string, cause: DegradedCause, count: number): void {
    let causes = this.#counts.get(rule);
    if (causes === undefined) this.#counts.set(rule, (causes = new Map<DegradedCause, number>()));
    causes.set(cause, (causes.get(cause) ?? 0) + count);
  }

  take(): { rule: string; cause: DegradedCause; count: number }[] {
    const taken = [...this.#counts].flatMap(([rule, causes]) => [...causes].map(([cause, count]) => ({ rule, cause, count })));
    this.#counts.clear();
    return taken;
  }
}

const MINUTE_MS = 60_000;

/** Counts new groups per rule and minute of our clock. */
export class NewGroupQuota {
  readonly #perMinute: number;
  readonly #taken = new Map<string, { minute: number; count: number }>();

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** False when the rule has had its share of this minute. */
  take(rule: string, now: number): boolean {
    const minute = Math.floor(now / MINUTE_MS);
    const taken = this.#taken.get(rule);
    if (taken?.minute !== minute) this.#taken.set(rule, { minute, count: 1 });
    else if (taken.count >= this.#perMinute) return false;
    else taken.count++;
    return true;
  }
}
