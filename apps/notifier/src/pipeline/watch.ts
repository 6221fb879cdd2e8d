import { randomUUID } from 'node:crypto';
import { Topic, type EventLog } from '@tocsin/event-log';
import type { Logger } from '@tocsin/runtime';
import {
  getSubscriptionState,
  lockSubscriptionStates,
  pruneSubscriptionStates,
  putSubscriptionLags,
  putSubscriptionStates,
  subscriptionStates,
  type Store,
  type SubscriptionState,
} from '@tocsin/store';
import type { NotifierMetrics } from '../metrics.js';
import { LOOK_AGAIN_MS, type Health } from './health.js';
import { noticeOf } from './notice.js';
import { stand, type DisableSettings, type Seen } from './standing.js';

export interface WatchDeps {
  store: Store;
  log: EventLog;
  logger: Logger;
  metrics: NotifierMetrics;
  settings: DisableSettings;
  now(): number;
}

/** How far a subscription is behind in this process. */
export interface Behind {
  events: number;
  /** When the log took the oldest event that waits, milliseconds since 1970. */
  oldestMs: number | undefined;
}

export interface Watched {
  name: string;
  channel: string;
  events: string;
  health: Health;
  behind(): Behind;
}

/** Replicas that said nothing for so long are gone; a subscription that none served for so long was deleted. */
const MEMBER_GONE_MS = 120_000;
const SUBSCRIPTION_GONE_MS = 86_400_000;

/**
 * Tells all replicas how each subscription does, and hears from them whether it is to be served: the state is in the
 * store, so that it survives restarts, and commands of operators reach every replica within seconds. While the store is
 * away everything goes on as it last was.
 */
export class Watch {
  readonly #deps: WatchDeps;
  readonly #member = randomUUID();
  readonly #watched = new Map<string, Watched>();
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> = Promise.resolve();
  #failed = false;

  constructor(deps: WatchDeps) {
    this.#deps = deps;
  }

  /** Resolves when it is known whether the subscription is to be served; it is while the store does not say. Never rejects. */
  async add(watched: Watched): Promise<void> {
    const { store, logger } = this.#deps;
    this.#watched.set(watched.name, watched);
    try {
      const state = await getSubscriptionState(store.db, watched.name);
      if (state !== undefined) watched.health.set(state.state, false);
    } catch (error) {
      logger.warn({ err: error, subscription: watched.name }, 'Whether the subscription is stopped is not known; it is served until the store says.');
    }
  }

  remove({ name, health }: Pick<Watched, 'name' | 'health'>): void {
    // Its successor of the same name may be there already.
    if (this.#watched.get(name)?.health === health) {
      this.#watched.delete(name);
      this.#deps.metrics.disabled.remove({ subscription: name });
    }
  }

  start(): void {
    this.#timer = setInterval(() => void this.round(), LOOK_AGAIN_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.round();
  }

  /** Never rejects. Rounds come one after another. */
  round(): Promise<void> {
    this.#round = this.#round.then(() => this.#tell());
    return this.#round;
  }

  async #tell(): Promise<void> {
    const { store, log, logger, now, settings } = this.#deps;
    const watched = [...this.#watched.values()];
    if (watched.length === 0) return;
    const seen = new Map(watched.map(({ name, health }) => [name, health.take()]));
    try {
      const nowMs = now();
      const standing = (before: ReadonlyMap<string, SubscriptionState>) =>
        watched.map((one) => ({ one, ...stand(before.get(one.name) ?? fresh(one, nowMs), seen.get(one.name) as Seen, nowMs, settings) }));
      // Told before it is so: a notice that is told twice has one id, one that is not told is missing.
      const known = new Map((await subscriptionStates(store.db)).map((state) => [state.subscription, state]));
      const notices = standing(known).flatMap(({ change, state }) => (change === undefined ? [] : [noticeOf(change, state)]));
      if (notices.length > 0) await log.append(Topic.Violations, notices);
      const stood = await store.transaction(async (tx) => {
        const locked = await lockSubscriptionStates(
          tx,
          watched.map(({ name }) => name),
        );
        const after = standing(locked);
        await putSubscriptionStates(
          tx,
          after.map(({ one, state }) => ({ ...state, channel: one.channel, events: one.events })),
        );
        return after;
      });
      for (const { one, state, change, probe } of stood) this.#follow(one, state, change, probe);
      await this.#tellLags(watched, nowMs);
      this.#failed = false;
    } catch (error) {
      for (const { name, health } of watched) health.giveBack(seen.get(name) as Seen);
      if (!this.#failed) logger.warn({ err: error }, 'How subscriptions do could not be told to the other replicas; it will be tried again.');
      this.#failed = true;
    }
  }

  #follow({ name, health }: Watched, state: SubscriptionState, change: 'disabled' | 'enabled' | undefined, probe: boolean): void {
    const { logger, metrics } = this.#deps;
    health.set(state.state, probe);
    metrics.disabled.set({ subscription: name }, state.state === 'active' ? 0 : 1);
    const fields = { subscription: name, reason: state.reason };
    if (change === 'disabled') logger.error(fields, 'The subscription was disabled; its events wait on the log, and it is tried now and then.');
    if (change === 'enabled') logger.info(fields, 'The subscription is served again.');
  }

  async #tellLags(watched: readonly Watched[], nowMs: number): Promise<void> {
    const { store } = this.#deps;
    const at = (ms: number): string => new Date(ms).toISOString();
    await putSubscriptionLags(
      store.db,
      watched.map(({ name, behind }) => {
        const { events, oldestMs } = behind();
        return { subscription: name, member: this.#member, events, oldestAt: oldestMs === undefined ? null : at(oldestMs), seenAt: at(nowMs) };
      }),
    );
    await pruneSubscriptionStates(store.db, at(nowMs - MEMBER_GONE_MS), at(nowMs - SUBSCRIPTION_GONE_MS));
  }
}

function fresh({ name, channel, events }: Watched, nowMs: number): SubscriptionState {
  const at = new Date(nowMs).toISOString();
  return {
    ...{ subscription: name, channel, events, state: 'active', since: at, actor: 'tocsin', reason: '' },
    ...{ failingSince: null, lastSuccess: null, lastErrorAt: null, lastErrorReason: '', lastError: '', pausedUntil: null, probeAt: null },
    seenAt: at,
  };
}
