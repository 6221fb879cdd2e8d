import { pause, retryDelay } from '../backoff.js';
import type { ConsumeOptions, Consumer } from '../port.js';
import type { KafkaClient, KafkaLogger, Member } from './client.js';
import { Committer } from './committer.js';
import { Fetcher } from './fetcher.js';
import { PartitionRunner } from './partition-runner.js';

export interface GroupConsumerDeps {
  client: KafkaClient;
  options: ConsumeOptions;
  sessionTimeoutMs: number;
  logger: KafkaLogger;
}

const DEFAULT_MAX_BATCH_RECORDS = 500;
const REJOIN_MAX_MS = 3_000;
/** The part of the session that handlers have to end in at a rebalance, before the group goes on without them. */
const DRAIN_SHARE = 0.6;

/** What the member holds between two joins. */
interface Assignment {
  member: Member;
  abort: AbortController;
  runners: Map<number, PartitionRunner>;
  committer: Committer;
  /** Ends when nothing is left to fetch or commit for it. */
  release: AbortController;
}

/**
 * A consumer of one topic in one group, over as many memberships as it takes. Each join is preceded by giving up
 * everything (handlers end, offsets are committed, `onRevoked`), as Kafka's eager protocol wants, so that the next
 * owner of a partition never overlaps with us.
 */
export class GroupConsumer implements Consumer {
  readonly #deps: GroupConsumerDeps;
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  readonly #positioned = Promise.withResolvers<void>();
  /** Handlers that did not end in time at a rebalance, by partition. */
  readonly #stragglers = new Map<number, Promise<void>>();
  #assignment: Assignment | undefined;
  #givingUp: Promise<void> = Promise.resolve();

  constructor(deps: GroupConsumerDeps) {
    this.#deps = deps;
    this.#running = this.#run();
  }

  /** Resolves when this member knows for the first time where its partitions begin. */
  get positioned(): Promise<void> {
    return this.#positioned.promise;
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
  }

  /** One membership after the other, until stopped. */
  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    const { topic, group } = this.#deps.options;
    const stopped = new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    for (let failures = 0; !signal.aborted;) {
      const lost = Promise.withResolvers<unknown>();
      let joined = false;
      const member = this.#openMember(lost.resolve);
      const over = await Promise.race([
        member.join().then(
          () => {
            joined = true;
            return lost.promise;
          },
          (error: unknown) => error,
        ),
        lost.promise,
        stopped,
      ]);
      await this.#giveUp(signal.aborted ? undefined : this.#drainLimit());
      await member.leave();
      if (signal.aborted) break;
      failures = joined ? 0 : failures + 1;
      this.#deps.logger.info({ topic, group, err: over }, 'Lost the membership of a consumer group, will join again.');
      await pause(Math.min(REJOIN_MAX_MS, retryDelay(undefined, failures)), signal);
    }
    this.#positioned.resolve();
    await Promise.all(this.#stragglers.values());
  }

  #openMember(onLost: (error: unknown) => void): Member {
    const { client, options, sessionTimeoutMs } = this.#deps;
    const member: Member = client.openMember({
      topic: options.topic,
      group: options.group,
      sessionTimeoutMs,
      heartbeatIntervalMs: Math.min(3_000, sessionTimeoutMs / 10),
      rebalanceTimeoutMs: sessionTimeoutMs * 2,
      beforeJoin: () => this.#giveUp(this.#drainLimit()),
      onAssigned: (partitions) => this.#take(member, partitions),
      onLost,
    });
    return member;
  }

  #drainLimit(): number {
    return this.#deps.sessionTimeoutMs * DRAIN_SHARE;
  }

  #take(member: Member, partitions: readonly number[]): void {
    if (this.#stopping.signal.aborted) return;
    const { options, logger } = this.#deps;
    const abort = new AbortController();
    const release = new AbortController();
    const runners = new Map<number, PartitionRunner>();
    const committer = new Committer({ commit: (offsets) => member.commit(offsets), signal: release.signal, logger });
    const from = options.from ?? 'earliest';
    const fetcher = new Fetcher({ member, runners, from, signal: abort.signal, logger });
    const starts = retriable(() => this.#startOffsets(member, partitions));
    for (const partition of partitions) {
      runners.set(
        partition,
        new PartitionRunner({
          partition,
          options,
          maxBatchRecords: options.maxBatchRecords ?? DEFAULT_MAX_BATCH_RECORDS,
          signal: abort.signal,
          predecessor: this.#stragglers.get(partition),
          startOffset: async (wanted) => (await starts()).get(wanted) ?? 0,
          onProgress: (moved, offset) => {
            if (!release.signal.aborted) committer.mark(moved, offset);
          },
          onHungry: () => fetcher.wake(),
          logger,
        }),
      );
    }
    this.#assignment = { member, abort, release, runners, committer };
    void fetcher.run();
    if (partitions.length === 0) this.#positioned.resolve();
    logger.debug({ topic: options.topic, group: options.group, partitions }, 'Got partitions.');
  }

  /** Where each partition begins as far as the log knows. */
  async #startOffsets(member: Member, partitions: readonly number[]): Promise<Map<number, number>> {
    const starts = await member.committed(partitions);
    const fresh = partitions.filter((partition) => !starts.has(partition));
    if (fresh.length > 0) {
      const from = this.#deps.options.from ?? 'earliest';
      const listed = await member.listOffsets(fresh, from);
      // Committed at once, since "latest" would be a later place after a crash, with records lost in between.
      if (from === 'latest') await member.commit(listed);
      for (const [partition, offset] of listed) starts.set(partition, offset);
    }
    this.#positioned.resolve();
    return starts;
  }

  /** Ends the handlers, commits, and forgets the assignment. Without a limit it waits for handlers as long as they take. */
  async #giveUp(limitMs?: number): Promise<void> {
    await this.#givingUp;
    const assignment = this.#assignment;
    if (!assignment) return;
    this.#assignment = undefined;
    this.#givingUp = this.#release(assignment, limitMs);
    await this.#givingUp;
  }

  async #release(assignment: Assignment, limitMs: number | undefined): Promise<void> {
    assignment.abort.abort();
    const runners = [...assignment.runners.values()];
    const ended = Promise.all(runners.map((runner) => runner.ended));
    const limit = new AbortController();
    await Promise.race([ended, ...(limitMs === undefined ? [] : [pause(limitMs, limit.signal)])]);
    limit.abort();
    for (const { partition, ended: end } of runners) this.#watchStraggler(partition, end);
    assignment.release.abort();
    await assignment.committer.flush();
  }

  #watchStraggler(partition: number, ended: Promise<void>): void {
    const both = Promise.all([this.#stragglers.get(partition), ended]).then(() => {
      if (this.#stragglers.get(partition) === both) this.#stragglers.delete(partition);
    });
    this.#stragglers.set(partition, both);
  }
}

/** One shared attempt at a time, tried anew by whoever asks after it failed. */
function retriable<T>(operation: () => Promise<T>): () => Promise<T> {
  let attempt: Promise<T> | undefined;
  return () => {
    attempt ??= operation().catch((error: unknown) => {
      attempt = undefined;
      throw error;
    });
    return attempt;
  };
}
