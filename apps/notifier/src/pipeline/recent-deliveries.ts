/**
 * Deliveries of one partition that have ended, so that what the log gives again (after a failure further back in the
 * batch, or because a sensor sent twice) is not sent again. Bounded; two generations, so forgetting costs nothing.
 */
export class RecentDeliveries {
  readonly #capacity: number;
  #young = new Set<string>();
  #old = new Set<string>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  has(id: string): boolean {
    return this.#young.has(id) || this.#old.has(id);
  }

  add(id: string): void {
    this.#young.add(id);
    if (this.#young.size < this.#capacity / 2) return;
    this.#old = this.#young;
    this.#young = new Set();
  }
}
