import { pause, retryDelay } from '../backoff.js';
import { type FetchPosition, type KafkaLogger, type Member, OffsetOutOfRange } from './client.js';
import type { PartitionRunner } from './partition-runner.js';

export interface FetcherDeps {
  member: Member;
  runners: ReadonlyMap<number, PartitionRunner>;
  from: 'earliest' | 'latest';
  signal: AbortSignal;
  logger: KafkaLogger;
}

/** How long a broker may hold a fetch that finds nothing. */
const IDLE_WAIT_MS = 500;
/**
 * When partitions are left out since their handlers are behind: they must not wait long for the next fetch, which goes out
 * only when this one is answered. Doubles with each fetch that finds nothing, since a handler may also be stuck for hours.
 */
const BUSY_WAIT_MIN_MS = 3;
const BUSY_WAIT_MAX_MS = 50;
const RETRY_MAX_MS = 2_000;

/**
 * Fetches for all partitions of an assignment: one request at a time to each broker, for those partitions that it
 * leads and that want records. A partition whose handler is behind is left out, which is all the back-pressure
 * there is.
 */
export class Fetcher {
  readonly #deps: FetcherDeps;
  /** Brokers with a fetch under way, or resting after a failed one. */
  readonly #busy = new Set<number>();
  #busyWaitMs = BUSY_WAIT_MIN_MS;
  #wake: (() => void) | undefined;
  #awake = false;

  constructor(deps: FetcherDeps) {
    this.#deps = deps;
    deps.signal.addEventListener('abort', () => this.wake(), { once: true });
  }

  wake(): void {
    this.#awake = true;
    this.#wake?.();
  }

  async run(): Promise<void> {
    const { signal, logger } = this.#deps;
    for (let failures = 0; !signal.aborted;) {
      this.#awake = false;
      try {
        for (const [node, wanting] of await this.#wantingByLeader(failures > 0)) {
          if (this.#busy.has(node)) continue;
          this.#busy.add(node);
          void this.#fetch(node, wanting).finally(() => {
            this.#busy.delete(node);
            this.wake();
          });
        }
        failures = 0;
      } catch (error) {
        logger.debug({ err: error }, 'Finding the leaders of partitions failed, will try again.');
        await pause(Math.min(RETRY_MAX_MS, retryDelay(undefined, failures++)), signal);
        continue;
      }
      if (!this.#awake && !signal.aborted) await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  async #wantingByLeader(refresh: boolean): Promise<Map<number, PartitionRunner[]>> {
    const leaders = await this.#deps.member.leaders(refresh);
    const byLeader = new Map<number, PartitionRunner[]>();
    for (const [partition, runner] of this.#deps.runners) {
      if (runner.wants === undefined) continue;
      const leader = leaders.get(partition);
      if (leader === undefined || leader < 0) throw new Error(`Partition ${partition} has no leader.`);
      const group = byLeader.get(leader);
      if (group) group.push(runner);
      else byLeader.set(leader, [runner]);
    }
    return byLeader;
  }

  async #fetch(node: number, runners: readonly PartitionRunner[]): Promise<void> {
    const { member, signal, logger } = this.#deps;
    const positions: FetchPosition[] = runners.map((runner) => ({ partition: runner.partition, offset: runner.wants ?? 0 }));
    const maxWaitMs = runners.length === this.#deps.runners.size ? IDLE_WAIT_MS : this.#busyWaitMs;
    try {
      const found = await member.fetch(node, positions, maxWaitMs);
      const empty = found.every(({ records }) => records.length === 0);
      this.#busyWaitMs = empty ? Math.min(BUSY_WAIT_MAX_MS, this.#busyWaitMs * 2) : BUSY_WAIT_MIN_MS;
      for (const fetched of found) this.#deps.runners.get(fetched.partition)?.offer(fetched);
    } catch (error) {
      if (signal.aborted) return;
      logger.debug({ node, err: error }, 'A fetch failed, will try again.');
      try {
        if (error instanceof OffsetOutOfRange) await this.#moveIntoRange(positions);
        else await member.leaders(true);
      } catch (recovery) {
        logger.debug({ node, err: recovery }, 'Recovering from a failed fetch failed, will try again.');
      }
      await pause(retryDelay(undefined, 0), signal);
    }
  }

  /** Retention may have deleted what a slow group had not read, or a topic was created anew. */
  async #moveIntoRange(positions: readonly FetchPosition[]): Promise<void> {
    const { member, from, runners, logger } = this.#deps;
    const partitions = positions.map(({ partition }) => partition);
    const [earliest, latest] = await Promise.all([member.listOffsets(partitions, 'earliest'), member.listOffsets(partitions, 'latest')]);
    for (const { partition, offset } of positions) {
      const first = earliest.get(partition) ?? 0;
      const end = latest.get(partition) ?? 0;
      if (offset >= first && offset <= end) continue;
      const next = offset < first || from === 'earliest' ? first : end;
      logger.warn({ partition, offset, first, end, next }, 'The offset to read does not exist on the log any more; going on elsewhere.');
      runners.get(partition)?.moveTo(next);
    }
  }
}
