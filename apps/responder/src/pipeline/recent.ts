/** The last texts that were added, at least half of the capacity; two generations, so that forgetting costs nothing. */
export class Recent {
  readonly #capacity: number;
  #young = new Set<string>();
  #old = new Set<string>();

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  has(text: string): boolean {
    return this.#young.has(text) || this.#old.has(text);
  }

  add(text: string): void {
    this.#young.add(text);
    if (this.#young.size < this.#capacity / 2) return;
    this.#old = this.#young;
    this.#young = new Set();
  }
}
