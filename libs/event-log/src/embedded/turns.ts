/**
 * Lets one caller through per turn of the event loop, so that many partitions with work share it with sockets and
 * timers instead of reading one after another in the same turn.
 */
export class Turns {
  readonly #waiting: (() => void)[] = [];
  #running = false;

  next(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
      if (!this.#running) this.#run();
    });
  }

  #run(): void {
    this.#running = true;
    setImmediate(() => {
      this.#waiting.shift()?.();
      if (this.#waiting.length > 0) this.#run();
      else this.#running = false;
    });
  }
}
