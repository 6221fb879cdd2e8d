import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 10;

/** Waits for conditions that change when something was received, and says what it waited for when that never comes. */
export class Waiter {
  readonly #limitMs: number;
  readonly #waiting = new Set<() => void>();

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /** Looks at the conditions again. */
  changed(): void {
    for (const check of [...this.#waiting]) check();
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    if (condition()) return;
    await new Promise<void>((resolve, reject) => {
      const check = (): void => {
        if (condition()) finish(resolve);
      };
      const timer = setTimeout(() => finish(() => reject(new Error(`Waited in vain for ${what}.`))), this.#limitMs);
      const finish = (settle: () => void): void => {
        clearTimeout(timer);
        this.#waiting.delete(check);
        settle();
      };
      this.#waiting.add(check);
    });
  }

  /** For conditions that have to be asked for. */
  async eventually(condition: () => Promise<boolean>, what: string): Promise<void> {
    const end = Date.now() + this.#limitMs;
    while (!(await condition())) {
      if (Date.now() > end) throw new Error(`Waited in vain for ${what}.`);
      await delay(POLL_MS);
    }
  }
}
