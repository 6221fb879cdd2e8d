/**
 * The last ids of one partition, to drop what comes twice: a sensor or a service that got no answer sends again, and
 * the same id then lies on the same partition twice. The memory is bounded; what repeats later than that is counted
 * again in windows (never twice in an incident's evidence).
 */
export class RecentIds {
  readonly #capacity: number;
  #young = new Set<string>();
  #old = new Set<string>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** False when the id was there. */
  add(id: string): boolean {
    if (this.#young.has(id) || this.#old.has(id)) return false;
    this.#young.add(id);
    // Two generations: forgetting is dropping a whole set, and at least `capacity` / 2 ids are always remembered.
    if (this.#young.size >= this.#capacity / 2) {
      this.#old = this.#young;
      this.#young = new Set();
    }
    return true;
  }

  /** Takes ids back whose processing failed: they will come again. */
  forget(ids: readonly string[]): void {
    for (const id of ids) if (!this.#young.delete(id)) this.#old.delete(id);
  }
}
