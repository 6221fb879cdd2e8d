import type { EventLog } from '@tocsin/event-log';
import type { Logger } from '@tocsin/runtime';
import type { Channel, ChannelMemory } from '../channels/channel.js';
import { appendSaid } from './callbacks.js';

export interface PollerDeps {
  log: EventLog;
  logger: Logger;
  memory: ChannelMemory;
  /** Milliseconds since 1970. */
  now(): number;
}

/** Name in the channel's memory of the time before which no replica asks again. */
const NEXT = 'poll.next';

/**
 * Asks a receiver that cannot call what was said there, every so often. Whichever replica first moves the time of the
 * next round on does this one; when it dies in between, the next round has what it did not bring.
 */
export class Poller {
  readonly #subscription: string;
  readonly #poll: NonNullable<Channel['poll']>;
  readonly #deps: PollerDeps;
  readonly #stop = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();

  constructor(subscription: string, poll: NonNullable<Channel['poll']>, deps: PollerDeps) {
    this.#subscription = subscription;
    this.#poll = poll;
    this.#deps = deps;
  }

  start(): void {
    this.#timer = setTimeout(() => {
      this.#round = this.round().finally(() => {
        if (!this.#stop.signal.aborted) this.start();
      });
    }, this.#poll.everyMs).unref();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    clearTimeout(this.#timer);
    await this.#round;
  }

  /** Never rejects. */
  async round(): Promise<void> {
    const { log, logger, now } = this.#deps;
    try {
      if (await this.#taken(now())) await appendSaid(log, this.#subscription, await this.#poll.run(this.#stop.signal));
    } catch (error) {
      if (this.#stop.signal.aborted) return;
      logger.warn({ subscription: this.#subscription, err: error }, 'What was said at the receiver could not be asked for; it will be tried again.');
    }
  }

  /** Whether this replica does the round. */
  async #taken(now: number): Promise<boolean> {
    const { memory } = this.#deps;
    const next = await memory.get(NEXT);
    // Each replica has a timer of its own: a round that is due within a moment is due.
    if (next !== undefined && Number(next) > now + this.#poll.everyMs / 10) return false;
    return memory.put(NEXT, String(now + this.#poll.everyMs), next);
  }
}
