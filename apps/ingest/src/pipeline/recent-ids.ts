/**
 * Ids whose append has succeeded, for a while: what a sensor sends again is answered as accepted without being
 * appended again. A repeat that slips through is harmless, because everyone downstream drops repeats by id.
 */
export class RecentIds {
  readonly #maxIds: number;
  readonly #windowMs: number;
  /** In the order of their expiry, which is the order of insertion. */
  readonly #expiries = new Map<string, number>();

  constructor(maxIds: number, windowMs: number) {
    this.#maxIds = maxIds;
    this.#windowMs = windowMs;
  }

  has(id: string, nowMs: number): boolean {
    const expiry = this.#expiries.get(id);
    return expiry !== undefined && expiry > nowMs;
  }

  add(ids: Iterable<string>, nowMs: number): void {
    for (const id of ids) {
      this.#expiries.delete(id);
      this.#expiries.set(id, nowMs + this.#windowMs);
    }
    for (const [id, expiry] of this.#expiries) {
      if (this.#expiries.size <= this.#maxIds && expiry > nowMs) break;
      this.#expiries.delete(id);
    }
  }

  get size(): number {
    return this.#expiries.size;
  }
}
