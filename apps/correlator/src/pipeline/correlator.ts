import { RetryLater, Topic, type Batch, type Position } from '@tocsin/event-log';
import type { Logger } from '@tocsin/runtime';
import { Fenced, Partition, type CorrelatorTopic, type PartitionDeps } from './partition.js';

const SWEEP_EVERY_MS = 30_000;
/** Time for the group to settle before a fenced partition is tried again, if it is still ours at all. */
const FENCED_RETRY_MS = 1_000;

/** The partitions that this replica owns, of violations and of signals. */
export class Correlator {
  readonly #deps: PartitionDeps & { logger: Logger };
  readonly #partitions: Record<CorrelatorTopic, Map<number, Partition>> = { [Topic.Violations]: new Map(), [Topic.Signals]: new Map() };
  #sweeping: NodeJS.Timeout | undefined;

  constructor(deps: PartitionDeps & { logger: Logger }) {
    this.#deps = deps;
  }

  start(): void {
    this.#sweeping = setInterval(() => void this.#sweep(), SWEEP_EVERY_MS).unref();
  }

  stop(): void {
    clearInterval(this.#sweeping);
  }

  async assigned(topic: CorrelatorTopic, partition: number): Promise<Position> {
    const { partition: opened, resumeAt } = await Partition.open(topic, partition, this.#deps);
    this.#partitions[topic].set(partition, opened);
    return resumeAt === undefined ? {} : { resumeAt };
  }

  async revoked(topic: CorrelatorTopic, partition: number): Promise<void> {
    this.#partitions[topic].delete(partition);
  }

  async process(topic: CorrelatorTopic, batch: Batch): Promise<void> {
    const partition = this.#partitions[topic].get(batch.partition);
    if (partition === undefined) throw new Error(`Partition ${topic}/${batch.partition} is not assigned.`);
    const { metrics } = this.#deps;
    const end = metrics.batchSeconds.startTimer({ topic });
    try {
      await partition.process(batch);
    } catch (error) {
      if (!(error instanceof Fenced)) throw error;
      metrics.fenced.inc();
      throw new RetryLater(FENCED_RETRY_MS, error.message, { cause: error });
    }
    metrics.records.inc({ topic }, batch.records.length);
    end();
  }

  async #sweep(): Promise<void> {
    for (const partitions of Object.values(this.#partitions)) {
      for (const partition of partitions.values()) {
        await partition.sweep().catch((error: unknown) => this.#deps.logger.warn({ err: error }, 'Old groups could not be dropped, will retry.'));
      }
    }
  }
}
