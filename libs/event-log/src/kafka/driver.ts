import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionOptions as TlsOptions } from 'node:tls';
import { retryDelay } from '../backoff.js';
import { LogUnavailable, TopicMismatch, UnknownTopic } from '../errors.js';
import type { Consumer, ConsumeOptions, EventLog, LogRecord, TopicOffsets, TopicSpec } from '../port.js';
import { TopicAppender } from './appender.js';
import type { ClientConfig, KafkaClient, KafkaLogger, SaslOptions } from './client.js';
import { GroupConsumer } from './group-consumer.js';

export interface KafkaLogOptions {
  /** host:port of some brokers; the others are found through them. */
  brokers: readonly string[];
  /** Seen in the broker's logs and quotas, for example `tocsin-correlator`. */
  clientId: string;
  /** Both pass the same conformance suite. */
  client: 'kafkajs' | 'platformatic';
  ssl?: boolean | TlsOptions;
  sasl?: SaslOptions;
  /** Of the topics created here. Default: the broker's. */
  replicationFactor?: number;
  /** MUST NOT exceed the brokers' `message.max.bytes` less 1 KiB. Default 1 MiB less 1 KiB. */
  maxRecordBytes?: number;
  /** After this time without an acknowledgement an append rejects with `LogUnavailable`. Default 10,000. */
  appendTimeoutMs?: number;
  /** After this time without a heartbeat the group takes a member for dead. Default 30,000. */
  sessionTimeoutMs?: number;
  logger?: KafkaLogger;
}

const DEFAULT_MAX_RECORD_BYTES = 1024 * 1024 - 1024;
const DEFAULT_APPEND_TIMEOUT_MS = 10_000;
const DEFAULT_SESSION_TIMEOUT_MS = 30_000;
/** For questions to the cluster: long enough for a broker to restart. */
const ASK_TIMEOUT_MS = 20_000;
const ASK_RETRY_MAX_MS = 1_000;
/** The broker's own default for new topics. */
const BROKER_DEFAULT = -1;
/** How long consume() waits to know where "latest" is; the join goes on behind it. */
const POSITION_WAIT_MS = 10_000;

const silent: KafkaLogger = { debug: () => undefined, info: () => undefined, warn: () => undefined };

/** Opens the event log on Kafka. Does not connect yet, so that a service can start before its brokers. */
export async function openKafkaLog(options: KafkaLogOptions): Promise<EventLog> {
  const config: ClientConfig = {
    brokers: options.brokers,
    clientId: options.clientId,
    ssl: options.ssl ?? false,
    logger: options.logger ?? silent,
    ...(options.sasl === undefined ? {} : { sasl: options.sasl }),
  };
  return new KafkaLog(await createClient(options.client, config), options);
}

/** Only the client in use is loaded. */
async function createClient(name: KafkaLogOptions['client'], config: ClientConfig): Promise<KafkaClient> {
  if (name === 'kafkajs') return (await import('./kafkajs.js')).createKafkajsClient(config);
  return (await import('./platformatic.js')).createPlatformaticClient(config);
}

class KafkaLog implements EventLog {
  readonly #client: KafkaClient;
  readonly #options: KafkaLogOptions;
  readonly #logger: KafkaLogger;
  readonly #appenders = new Map<string, TopicAppender>();
  readonly #consumers = new Set<Consumer>();
  #closed: Promise<void> | undefined;

  constructor(client: KafkaClient, options: KafkaLogOptions) {
    this.#client = client;
    this.#options = options;
    this.#logger = options.logger ?? silent;
  }

  async append(topic: string, records: readonly LogRecord[]): Promise<void> {
    this.#requireOpen();
    let appender = this.#appenders.get(topic);
    if (!appender) {
      appender = new TopicAppender({
        topic,
        maxRecordBytes: this.#options.maxRecordBytes ?? DEFAULT_MAX_RECORD_BYTES,
        maxRoundRecords: this.#client.maxSendRecords,
        timeoutMs: this.#options.appendTimeoutMs ?? DEFAULT_APPEND_TIMEOUT_MS,
        partitionCount: (name) => this.#client.partitionCount(name),
        openProducer: () => this.#client.openProducer(),
        logger: this.#logger,
      });
      this.#appenders.set(topic, appender);
    }
    await appender.append(records);
  }

  async consume(options: ConsumeOptions): Promise<Consumer> {
    this.#requireOpen();
    await this.#ask(() => this.#client.partitionCount(options.topic));
    this.#requireOpen();
    const consumer = new GroupConsumer({
      client: this.#client,
      options,
      sessionTimeoutMs: this.#options.sessionTimeoutMs ?? DEFAULT_SESSION_TIMEOUT_MS,
      logger: this.#logger,
    });
    let stopped: Promise<void> | undefined;
    const handle: Consumer = {
      stop: () => (stopped ??= consumer.stop().finally(() => this.#consumers.delete(handle))),
    };
    this.#consumers.add(handle);
    // What is appended after consume() resolved is after "latest".
    if (options.from === 'latest') await Promise.race([consumer.positioned, sleep(POSITION_WAIT_MS, undefined, { ref: false })]);
    return handle;
  }

  async ensureTopics(topics: readonly TopicSpec[]): Promise<void> {
    this.#requireOpen();
    const missing: TopicSpec[] = [];
    for (const topic of topics) if (!(await this.#hasAsSpecified(topic))) missing.push(topic);
    if (missing.length === 0) return;
    await this.#ask(() => this.#client.createTopics(missing, this.#options.replicationFactor ?? BROKER_DEFAULT));
    for (const topic of missing) {
      // A topic is known to the controller first, and to the brokers a moment later.
      await this.#ask(async () => {
        if (!(await this.#hasAsSpecified(topic))) throw new LogUnavailable(`Topic "${topic.name}" was created but is not known to the brokers yet.`);
      });
    }
  }

  async offsets(topic: string): Promise<TopicOffsets[]> {
    this.#requireOpen();
    return await this.#ask(() => this.#client.offsets(topic));
  }

  async committed(group: string, topic: string): Promise<Map<number, number>> {
    this.#requireOpen();
    return await this.#ask(async () => await this.#client.committed(group, topic, await this.#client.partitionCount(topic)));
  }

  async ping(signal?: AbortSignal): Promise<void> {
    this.#requireOpen();
    signal?.throwIfAborted();
    const aborted = Promise.withResolvers<never>();
    const abort = (): void => aborted.reject(new LogUnavailable('Kafka did not answer in time.', { cause: signal?.reason }));
    signal?.addEventListener('abort', abort, { once: true });
    try {
      await Promise.race([this.#client.ping(), aborted.promise]);
    } finally {
      signal?.removeEventListener('abort', abort);
    }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    // Handlers may still append while they end, so the consumers go first.
    await Promise.all([...this.#consumers].map((consumer) => consumer.stop()));
    await Promise.all([...this.#appenders.values()].map((appender) => appender.close()));
    await this.#client.close();
  }

  #requireOpen(): void {
    if (this.#closed && this.#consumers.size === 0) throw new LogUnavailable('The event log is closed.');
  }

  /** False when the topic is missing. */
  async #hasAsSpecified(topic: TopicSpec): Promise<boolean> {
    try {
      const found = await this.#ask(() => this.#client.partitionCount(topic.name));
      if (found !== topic.partitions) throw new TopicMismatch(topic.name, found, topic.partitions);
      return true;
    } catch (error) {
      if (error instanceof UnknownTopic) return false;
      throw error;
    }
  }

  /** Asks again while the failure may pass. */
  async #ask<T>(question: () => Promise<T>): Promise<T> {
    const deadline = Date.now() + ASK_TIMEOUT_MS;
    for (let attempt = 0; ; attempt++) {
      try {
        return await question();
      } catch (error) {
        const delay = Math.min(ASK_RETRY_MAX_MS, retryDelay(undefined, attempt));
        if (error instanceof UnknownTopic || error instanceof TopicMismatch || this.#closed || Date.now() + delay > deadline) throw error;
        this.#logger.debug({ attempt, err: error }, 'Kafka did not answer, will ask again.');
        await sleep(delay);
      }
    }
  }
}
