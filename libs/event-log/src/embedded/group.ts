import { pause, retryDelay } from '../backoff.js';
import type { Batch, Consumer, ConsumeOptions, StoredRecord } from '../port.js';

/** What a group needs of the log. */
export interface GroupLog {
  start(topic: string, partition: number): number;
  end(topic: string, partition: number): number;
  read(topic: string, partition: number, from: number, limit: number): StoredRecord[];
  position(group: string, topic: string, partition: number): number | undefined;
  commit(group: string, topic: string, partition: number, next: number): void;
}

const DEFAULT_MAX_BATCH_RECORDS = 500;

interface Member {
  options: ConsumeOptions;
  runners: Map<number, PartitionRunner>;
}

/** A consumer group of one topic: its members share the partitions, and hand over only between batches. */
export class Group {
  readonly topic: string;
  readonly #log: GroupLog;
  readonly #name: string;
  readonly #partitions: number;
  readonly #members: Member[] = [];
  #rebalancing: Promise<void> = Promise.resolve();

  constructor(log: GroupLog, topic: string, name: string, partitions: number) {
    this.topic = topic;
    this.#log = log;
    this.#name = name;
    this.#partitions = partitions;
  }

  async join(options: ConsumeOptions): Promise<Consumer> {
    const member: Member = { options, runners: new Map() };
    this.#members.push(member);
    // Partitions move when their batch in flight has ended; the new member need not wait for that.
    void this.#rebalance();
    let stopped: Promise<void> | undefined;
    return { stop: () => (stopped ??= this.#leave(member)) };
  }

  async stopAll(): Promise<void> {
    for (const member of [...this.#members]) await this.#leave(member);
  }

  wake(): void {
    for (const member of this.#members) for (const runner of member.runners.values()) runner.wake();
  }

  async #leave(member: Member): Promise<void> {
    const index = this.#members.indexOf(member);
    if (index >= 0) this.#members.splice(index, 1);
    await Promise.all([...member.runners.values()].map((runner) => runner.stop()));
    member.runners.clear();
    await this.#rebalance();
  }

  /** One at a time: first every partition that changes hands is given up, then taken. */
  #rebalance(): Promise<void> {
    this.#rebalancing = this.#rebalancing.then(async () => {
      const wanted = new Map<number, Member>();
      for (let partition = 0; partition < this.#partitions; partition++) {
        const member = this.#members[partition % Math.max(1, this.#members.length)];
        if (member !== undefined) wanted.set(partition, member);
      }
      const released = this.#members.flatMap((member) =>
        [...member.runners].filter(([partition]) => wanted.get(partition) !== member).map(async ([partition, runner]) => {
          await runner.stop();
          member.runners.delete(partition);
        }),
      );
      await Promise.all(released);
      for (const [partition, member] of wanted) {
        if (member.runners.has(partition) || !this.#members.includes(member)) continue;
        member.runners.set(partition, new PartitionRunner(this.#log, this.#name, partition, member.options));
      }
    });
    return this.#rebalancing;
  }
}

/**
 * One partition in one member's hands: assigned → (read → handle → commit)* → revoked. A failed batch is read again
 * after its back-off, from the first record that is not done.
 */
class PartitionRunner {
  readonly #log: GroupLog;
  readonly #group: string;
  readonly #partition: number;
  readonly #options: ConsumeOptions;
  readonly #stop = new AbortController();
  readonly #ended: Promise<void>;
  #wake: (() => void) | undefined;

  constructor(log: GroupLog, group: string, partition: number, options: ConsumeOptions) {
    this.#log = log;
    this.#group = group;
    this.#partition = partition;
    this.#options = options;
    this.#ended = this.#run();
  }

  wake(): void {
    this.#wake?.();
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.wake();
    await this.#ended;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let next = await this.#assigned();
    let failures = 0;
    while (!signal.aborted) {
      const records = this.#read(next);
      if (records.length === 0) {
        await this.#nextRecord(next);
        continue;
      }
      const outcome = await this.#handle(records);
      if (outcome.done > next) {
        next = outcome.done;
        this.#log.commit(this.#group, this.#options.topic, this.#partition, next);
      }
      if (outcome.failed) await pause(retryDelay(outcome.error, failures++), signal);
      else failures = 0;
      // Appends, timers and sockets get their turn between batches.
      await new Promise((resolve) => setImmediate(resolve));
    }
    if (next >= 0) await this.#revoked();
  }

  /** Where to begin; -1 when the partition was taken away before the assignment succeeded. */
  async #assigned(): Promise<number> {
    const { topic, from, onAssigned } = this.#options;
    for (let attempt = 0; !this.#stop.signal.aborted; attempt++) {
      try {
        const position = await onAssigned?.(this.#partition);
        const resumeAt = position?.resumeAt ?? this.#log.position(this.#group, topic, this.#partition);
        if (resumeAt !== undefined) return resumeAt;
        return from === 'latest' ? this.#log.end(topic, this.#partition) : this.#log.start(topic, this.#partition);
      } catch (error) {
        await pause(retryDelay(error, attempt), this.#stop.signal);
      }
    }
    return -1;
  }

  async #revoked(): Promise<void> {
    try {
      await this.#options.onRevoked?.(this.#partition);
    } catch {
      // The partition is gone either way; its next owner starts from what is committed.
    }
  }

  #read(from: number): StoredRecord[] {
    return this.#log.read(this.#options.topic, this.#partition, from, this.#options.maxBatchRecords ?? DEFAULT_MAX_BATCH_RECORDS);
  }

  /** Waits until there may be a record at or after the offset. */
  async #nextRecord(from: number): Promise<void> {
    if (this.#log.end(this.#options.topic, this.#partition) > from && this.#read(from).length > 0) return;
    if (this.#stop.signal.aborted) return;
    await new Promise<void>((resolve) => (this.#wake = resolve));
    this.#wake = undefined;
  }

  async #handle(records: readonly StoredRecord[]): Promise<{ done: number; failed: boolean; error?: unknown }> {
    let done = -1;
    const batch: Batch = {
      topic: this.#options.topic,
      partition: this.#partition,
      records,
      highWatermark: this.#log.end(this.#options.topic, this.#partition),
      signal: this.#stop.signal,
      done: (offset) => {
        done = Math.max(done, offset + 1);
      },
      heartbeat: () => Promise.resolve(),
    };
    try {
      await this.#options.onBatch(batch);
      return { done: (records.at(-1) as StoredRecord).offset + 1, failed: false };
    } catch (error) {
      return { done, failed: true, error };
    }
  }
}
