import { setTimeout as sleep } from 'node:timers/promises';
import { retryDelay } from '../backoff.js';
import { LogUnavailable, RecordTooLarge, UnknownTopic } from '../errors.js';
import { partitionOf } from '../partitioner.js';
import type { LogRecord } from '../port.js';
import type { KafkaLogger, ProducerSession } from './client.js';

export interface AppenderDeps {
  topic: string;
  /** Upper bound on a record, and on what one round sends to one partition. */
  maxRecordBytes: number;
  /** An append that is not acknowledged after this time rejects. */
  timeoutMs: number;
  partitionCount(topic: string): Promise<number>;
  openProducer(): ProducerSession;
  /** More at once make the client slow. */
  maxRoundRecords: number;
  logger: KafkaLogger;
}

/** A record's share of a batch beside its own bytes: varint lengths, deltas and attributes. */
const RECORD_OVERHEAD = 24;
const HEADER_OVERHEAD = 8;
/** Upper bound on one round over all partitions. */
const ROUND_MAX_BYTES = 4 * 1024 * 1024;
/** Short beside the deadline, so that an append that can still succeed does. */
const RETRY_MAX_MS = 1_000;

interface Placed {
  partition: number;
  record: LogRecord;
  bytes: number;
}

/** One append call. States: waiting or in flight (settled false) → acknowledged, refused or out of time (settled). */
interface Call {
  placed: readonly Placed[];
  /** Index of the first record that is not acknowledged. */
  next: number;
  settled: boolean;
  deadline: number;
  settle(error?: unknown): void;
}

interface Round {
  records: Map<number, LogRecord[]>;
  parts: { call: Call; upTo: number }[];
}

/**
 * Appends to one topic by group commit: one round is in flight, and what is appended meanwhile goes out together in
 * the next. So calls keep their order, a slow broker makes rounds larger rather than more, and the idempotent
 * producer never sees two sends at once (which an early @platformatic/kafka answered by losing records).
 */
export class TopicAppender {
  readonly #deps: AppenderDeps;
  readonly #queue: Call[] = [];
  readonly #calls = new Set<Promise<void>>();
  #partitions: Promise<number> | undefined;
  #session: ProducerSession | undefined;
  #sending = false;
  #keyless = 0;

  constructor(deps: AppenderDeps) {
    this.#deps = deps;
  }

  async append(records: readonly LogRecord[]): Promise<void> {
    if (records.length === 0) return;
    const outcome = this.#append(records);
    this.#calls.add(outcome);
    try {
      await outcome;
    } finally {
      this.#calls.delete(outcome);
    }
  }

  /** Waits for the appends under way, at most until their deadlines. The driver takes no others meanwhile. */
  async close(): Promise<void> {
    await Promise.allSettled(this.#calls);
    this.#dropSession();
  }

  async #append(records: readonly LogRecord[]): Promise<void> {
    const sizes = records.map((record) => this.#sizeOf(record));
    const deadline = Date.now() + this.#deps.timeoutMs;
    const partitions = await this.#partitionCount(deadline);
    this.#keyless += 1;
    const placed = records.map((record, index) => ({
      record,
      bytes: sizes[index] as number,
      partition: record.key === null ? this.#keyless % partitions : partitionOf(record.key, partitions),
    }));
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => call.settle(this.#outOfTime()), deadline - Date.now());
      const call: Call = {
        placed,
        next: 0,
        settled: false,
        deadline,
        settle(error) {
          if (call.settled) return;
          call.settled = true;
          clearTimeout(timer);
          if (error === undefined) resolve();
          else reject(error as Error);
        },
      };
      this.#queue.push(call);
      if (!this.#sending) void this.#sendAll();
    });
  }

  #sizeOf(record: LogRecord): number {
    let bytes = RECORD_OVERHEAD + record.value.length + (record.key === null ? 0 : Buffer.byteLength(record.key));
    for (const [name, value] of Object.entries(record.headers)) {
      bytes += HEADER_OVERHEAD + Buffer.byteLength(name) + Buffer.byteLength(value);
    }
    const { topic, maxRecordBytes } = this.#deps;
    if (bytes > maxRecordBytes) throw new RecordTooLarge(topic, bytes, maxRecordBytes);
    return bytes;
  }

  /** All callers share one look-up, so that they go on in the order in which they came. */
  async #partitionCount(deadline: number): Promise<number> {
    for (let attempt = 0; ; attempt++) {
      try {
        this.#partitions ??= this.#deps.partitionCount(this.#deps.topic);
        return await withDeadline(this.#partitions, deadline, () => this.#outOfTime());
      } catch (error) {
        this.#partitions = undefined;
        if (error instanceof UnknownTopic) throw error;
        await this.#waitOrThrow(error, attempt, deadline);
      }
    }
  }

  async #sendAll(): Promise<void> {
    this.#sending = true;
    while (this.#queue.length > 0) {
      const round = this.#takeRound();
      if (round.parts.length > 0) await this.#sendRound(round);
    }
    this.#sending = false;
  }

  /** Takes from the front of the queue, in order, until a partition's batch or the round is full. */
  #takeRound(): Round {
    const round: Round = { records: new Map(), parts: [] };
    const perPartition = new Map<number, number>();
    let total = 0;
    let count = 0;
    for (let call = this.#queue[0]; call; call = this.#queue[0]) {
      let at = call.next;
      for (; !call.settled && at < call.placed.length; at++) {
        const { partition, record, bytes } = call.placed[at] as Placed;
        const batch = (perPartition.get(partition) ?? 0) + bytes;
        const full = batch > this.#deps.maxRecordBytes || total + bytes > ROUND_MAX_BYTES || count >= this.#deps.maxRoundRecords;
        if (full && count > 0) break;
        perPartition.set(partition, batch);
        total += bytes;
        count += 1;
        const records = round.records.get(partition);
        if (records) records.push(record);
        else round.records.set(partition, [record]);
      }
      if (at > call.next) round.parts.push({ call, upTo: at });
      if (!call.settled && at < call.placed.length) break;
      this.#queue.shift();
    }
    return round;
  }

  async #sendRound(round: Round): Promise<void> {
    try {
      await this.#sendUntil(round.records, Math.max(...round.parts.map(({ call }) => call.deadline)));
    } catch (error) {
      for (const { call } of round.parts) call.settle(error);
      return;
    }
    for (const { call, upTo } of round.parts) {
      call.next = upTo;
      if (upTo === call.placed.length) call.settle();
    }
  }

  /** Sends again, over a new session, until it is acknowledged, refused for good, or too late for all its callers. */
  async #sendUntil(records: Round['records'], deadline: number): Promise<void> {
    for (let attempt = 0; ; attempt++) {
      try {
        this.#session ??= this.#deps.openProducer();
        await withDeadline(this.#session.send(this.#deps.topic, records), deadline, () => this.#outOfTime());
        return;
      } catch (error) {
        this.#dropSession();
        if (error instanceof UnknownTopic) {
          this.#partitions = undefined;
          throw error;
        }
        await this.#waitOrThrow(error, attempt, deadline);
      }
    }
  }

  async #waitOrThrow(error: unknown, attempt: number, deadline: number): Promise<void> {
    const { topic, logger } = this.#deps;
    const delay = Math.min(RETRY_MAX_MS, retryDelay(undefined, attempt));
    if (Date.now() + delay >= deadline) throw error instanceof LogUnavailable ? error : this.#outOfTime(error);
    logger.debug({ topic, attempt, err: error }, 'Append failed, will try again.');
    await sleep(delay);
  }

  #outOfTime(cause?: unknown): LogUnavailable {
    const { topic, timeoutMs } = this.#deps;
    return new LogUnavailable(`Kafka did not acknowledge an append to "${topic}" within ${timeoutMs} ms.`, { cause });
  }

  #dropSession(): void {
    const session = this.#session;
    this.#session = undefined;
    session?.close().catch((error: unknown) => {
      this.#deps.logger.debug({ err: error }, 'Closing a producer failed.');
    });
  }
}

/** The operation goes on behind the back of whoever gave up: its outcome is dropped, never unhandled. */
async function withDeadline<T>(operation: Promise<T>, deadline: number, late: () => Error): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(late()), Math.max(0, deadline - Date.now()));
  });
  try {
    return await Promise.race([operation, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
