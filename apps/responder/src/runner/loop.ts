import type { Logger } from '@tocsin/runtime';

export interface LoopOptions {
  /** For the log. */
  name: string;
  /** Resolves to whether there may be more to do at once. */
  work(): Promise<boolean>;
  /** How long it rests when there is nothing to do, and after a failure; milliseconds. */
  restMs: number;
  logger: Logger;
}

/** Does its work again and again, one at a time: at once while there is more, else after a rest or when woken. */
export class Loop {
  readonly #options: LoopOptions;
  #running: Promise<void> | undefined;
  #stopped = false;
  #woken = false;
  #wake: (() => void) | undefined;

  constructor(options: LoopOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  wake(): void {
    this.#woken = true;
    this.#wake?.();
  }

  /** What is being done ends first. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#wake?.();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { name, work, logger } = this.#options;
    while (!this.#stopped) {
      this.#woken = false;
      let more = false;
      try {
        more = await work();
      } catch (error) {
        logger.warn({ err: error, loop: name }, 'It did not work, and is tried again.');
      }
      if (!more) await this.#rest();
    }
  }

  async #rest(): Promise<void> {
    if (this.#woken || this.#stopped) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#wake = resolve;
    const timer = setTimeout(resolve, this.#options.restMs);
    await promise;
    clearTimeout(timer);
    this.#wake = undefined;
  }
}
