import { Session } from 'node:inspector/promises';

/**
 * Which parts of our own code ran, by V8's block coverage: what an input reaches that none reached before makes it worth
 * mutating further.
 */
export class Coverage {
  readonly #session = new Session();
  readonly #prefix: string;

  /** `prefix`: URL below which code counts. */
  constructor(prefix: string) {
    this.#prefix = prefix;
  }

  async start(): Promise<void> {
    this.#session.connect();
    await this.#session.post('Profiler.enable');
    await this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true });
  }

  /** Parts that ran since the last call. */
  async taken(): Promise<Set<string>> {
    const { result } = await this.#session.post('Profiler.takePreciseCoverage');
    const parts = new Set<string>();
    for (const { url, functions } of result) {
      if (!url.startsWith(this.#prefix) || url.includes('/node_modules/')) continue;
      for (const { ranges } of functions) {
        for (const { startOffset, endOffset, count } of ranges) if (count > 0) parts.add(`${url}:${startOffset}-${endOffset}`);
      }
    }
    return parts;
  }

  stop(): void {
    this.#session.disconnect();
  }
}
