import { Counter, Gauge, type Registry } from 'prom-client';
import type { AppName } from './config.js';
import type { Logger } from './logger.js';

/** What whoever watches the policy documents calls. */
export interface PolicyListener<T> {
  /** The documents are valid as a whole. MAY come again for the same ones. */
  onValid(set: T): void;
  /** They have mistakes, or cannot be read; what was in force stays. MAY come again with the same mistakes. */
  onInvalid(error: Error): void;
}

export interface PolicyReloadOptions<T> {
  app: AppName;
  logger: Logger;
  metrics: Registry;
  /** Begins to watch; resolves to what ends it. */
  watch(listener: PolicyListener<T>): StopWatching | Promise<StopWatching>;
  /**
   * Brings a set in force and resolves to what changed, as fields for the log; undefined when nothing did. Called for
   * one set at a time: of those that come meanwhile, only the last. A set for which it rejects is tried again.
   */
  apply(set: T): Promise<object | undefined>;
}

type StopWatching = () => void | Promise<void>;

const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 30_000;

/**
 * Keeps an app's policies in force as their documents are: applies whole valid sets only, tells mistakes once, counts.
 * Resolves when the documents are watched. `stop` lets what is being applied end, and applies nothing more.
 */
export async function followPolicies<T>(options: PolicyReloadOptions<T>): Promise<{ stop(): Promise<void> }> {
  const reload = new PolicyReload(options);
  const stopWatching = await options.watch({
    onValid: (set) => reload.onValid(set),
    onInvalid: (error) => reload.onInvalid(error),
  });
  return {
    async stop() {
      const ended = reload.stop();
      await stopWatching();
      await ended;
    },
  };
}

class PolicyReload<T> implements PolicyListener<T> {
  readonly #options: PolicyReloadOptions<T>;
  readonly #metrics: PolicyMetrics;
  /** The last valid set that is not in force yet. */
  #next: { set: T } | undefined;
  #busy = false;
  #working: Promise<void> | undefined;
  #retry: NodeJS.Timeout | undefined;
  #failures = 0;
  /** The mistakes of the documents as they are now. */
  #mistakes: string | undefined;
  #stopped = false;

  constructor(options: PolicyReloadOptions<T>) {
    this.#options = options;
    this.#metrics = createPolicyMetrics(options.metrics);
    // A service starts with valid documents only.
    this.#metrics.successful.set({ app: options.app }, 1);
  }

  onValid(set: T): void {
    this.#mistakes = undefined;
    this.#next = { set };
    this.#begin();
  }

  onInvalid({ message }: Error): void {
    if (message === this.#mistakes) return;
    this.#mistakes = message;
    this.#count('invalid');
    const { app, logger } = this.#options;
    logger.error({ app }, `The changed policies have mistakes; those from before stay in force.\n${message}`);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#retry);
    await this.#working;
  }

  #begin(): void {
    clearTimeout(this.#retry);
    if (this.#stopped || this.#busy) return;
    this.#busy = true;
    this.#working = this.#work();
  }

  /** Never rejects. `#busy` ends in the same turn in which no further set was found, or one that comes then would be left lying. */
  async #work(): Promise<void> {
    let ok = true;
    while (ok && this.#next !== undefined && !this.#stopped) ok = await this.#apply(this.#next);
    this.#busy = false;
  }

  async #apply(found: { set: T }): Promise<boolean> {
    const { app, logger, apply } = this.#options;
    this.#next = undefined;
    try {
      const changed = await apply(found.set);
      this.#failures = 0;
      this.#count('applied');
      if (changed !== undefined) logger.info({ app, ...changed }, 'Changed policies are in force.');
      return true;
    } catch (error) {
      this.#count('failed');
      logger.error({ app, err: error }, 'Changed policies could not be brought in force and will be tried again.');
      this.#next ??= found;
      const pauseMs = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** this.#failures++);
      if (!this.#stopped) this.#retry = setTimeout(() => this.#begin(), pauseMs).unref();
      return false;
    }
  }

  #count(result: 'applied' | 'invalid' | 'failed'): void {
    const { app } = this.#options;
    this.#metrics.reloads.inc({ app, result });
    this.#metrics.successful.set({ app }, result === 'applied' && this.#mistakes === undefined ? 1 : 0);
  }
}

type PolicyMetrics = ReturnType<typeof createPolicyMetrics>;

/** One process may run several apps, and each follows the documents by itself. */
function createPolicyMetrics(registry: Registry) {
  const registers = [registry];
  const reloadsName = 'tocsin_policy_reloads_total';
  const successfulName = 'tocsin_policy_last_reload_successful';
  return {
    reloads:
      (registry.getSingleMetric(reloadsName) as Counter<'app' | 'result'> | undefined) ??
      new Counter({
        name: reloadsName,
        help: 'Changes of policy documents while running: applied, invalid (what was in force stays) or failed (to be tried again).',
        labelNames: ['app', 'result'],
        registers,
      }),
    successful:
      (registry.getSingleMetric(successfulName) as Gauge<'app'> | undefined) ??
      new Gauge({ name: successfulName, help: '1 when the policy documents as they are now are in force, else 0.', labelNames: ['app'], registers }),
  };
}
