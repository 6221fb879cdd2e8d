import type { StoredRecord } from '@tocsin/event-log';

/**
 * Keys of which the receiver wants the next event later, and all others now. Events of such a key wait, so that their
 * order stays; those of others pass, as far as the partition's batch reaches.
 */
export class HeldKeys {
  readonly #now: () => number;
  /** Until when, by key; a record without a key stands for itself. */
  readonly #until = new Map<string | number, number>();

  constructor(now: () => number) {
    this.#now = now;
  }

  hold(record: StoredRecord, untilMs: number): void {
    this.#until.set(keyOf(record), untilMs);
  }

  has(record: StoredRecord): boolean {
    const key = keyOf(record);
    const until = this.#until.get(key);
    if (until === undefined) return false;
    if (until > this.#now()) return true;
    this.#until.delete(key);
    return false;
  }

  /** Milliseconds until the first of them may be tried again. */
  get waitMs(): number {
    const now = this.#now();
    let first = Infinity;
    for (const [key, until] of this.#until) {
      if (until > now) first = Math.min(first, until - now);
      else this.#until.delete(key);
    }
    return first === Infinity ? 0 : first;
  }
}

function keyOf({ key, offset }: StoredRecord): string | number {
  return key ?? offset;
}
