/** Does something at once and then at intervals, never twice at a time. */
export class Repeating {
  readonly #everyMs: number;
  readonly #work: () => Promise<void>;
  #timer: NodeJS.Timeout | undefined;
  #working: Promise<void> = Promise.resolve();

  /** `work` MUST NOT reject. */
  constructor(everyMs: number, work: () => Promise<void>) {
    this.#everyMs = everyMs;
    this.#work = work;
  }

  start(): void {
    this.#working = this.#work();
    void this.#working.then(() => {
      this.#timer = setTimeout(() => this.start(), this.#everyMs).unref();
    });
  }

  async stop(): Promise<void> {
    await this.#working;
    clearTimeout(this.#timer);
  }
}
