import { LogUnavailable, openKafkaLog, RecordTooLarge, UnknownTopic, type EventLog, type LogRecord } from '@tocsin/event-log';
import { duration, resolveSecret, secretRef } from '@tocsin/extension';
import { z } from 'zod';
import type { Channel, ChannelDeps, ChannelKind, Delivery, Outcome } from '../channel.js';
import { messageOf } from '../message.js';

const kafkaConfig = z.strictObject({
  /** Bootstrap servers, host:port. */
  brokers: z.array(z.string().regex(/^[^\s:]+:\d+$|^\[[0-9a-fA-F:]+\]:\d+$/, 'expected host:port')).min(1),
  /** It must exist. */
  topic: z
    .string()
    .regex(/^[a-zA-Z0-9._-]{1,249}$/, 'is not the name of a topic')
    .refine((name) => !name.startsWith('tocsin.'), "is one of Tocsin's own, which would be told what it tells"),
  /** `subject`: the incident, the action, or the workload of a violation, so that what is told of it stays in order. */
  key: z.enum(['subject', 'none']).default('subject'),
  ssl: z.boolean().default(false),
  sasl: z
    .strictObject({ mechanism: z.enum(['plain', 'scram-sha-256', 'scram-sha-512']), username: z.string().min(1), password: secretRef })
    .optional(),
  /** How long the brokers may take to acknowledge a batch. */
  timeout: duration.default(30_000),
});
type KafkaConfig = z.infer<typeof kafkaConfig>;

/** Another topic, in another cluster or the same; written idempotently, acknowledged by all in-sync replicas. */
export const kafka: ChannelKind<KafkaConfig> = {
  type: 'kafka',
  summary: 'Writes to a topic of Apache Kafka.',
  takesFormat: true,
  config: kafkaConfig,
  create: (config, deps) => new KafkaTopic(config, deps),
};

class KafkaTopic implements Channel {
  readonly takes = 'stream';
  readonly #config: KafkaConfig;
  readonly #deps: ChannelDeps;
  #log: Promise<EventLog> | undefined;

  constructor(config: KafkaConfig, deps: ChannelDeps) {
    this.#config = config;
    this.#deps = deps;
  }

  async send(batch: readonly Delivery[], signal: AbortSignal): Promise<Outcome[]> {
    const outcome = await this.#append(batch, signal);
    if (outcome.ok || outcome.reason !== 'too_large' || batch.length === 1) return batch.map(() => outcome);
    // One of them is too large, and which one shows when they go by themselves; the rest keep their order.
    const outcomes: Outcome[] = [];
    for (const delivery of batch) {
      const before = outcomes.at(-1);
      const waits = before !== undefined && !before.ok && before.retry;
      outcomes.push(waits ? before : await this.#append([delivery], signal));
    }
    return outcomes;
  }

  async close(): Promise<void> {
    const log = await this.#log?.catch(() => undefined);
    this.#log = undefined;
    await log?.close();
  }

  async #append(batch: readonly Delivery[], signal: AbortSignal): Promise<Outcome> {
    const { topic, timeout } = this.#config;
    const limit = AbortSignal.any([signal, AbortSignal.timeout(timeout)]);
    const late = Promise.withResolvers<Outcome>();
    const giveUp = (): void =>
      late.resolve({ ok: false, retry: true, reason: 'timeout', message: `${this.#where}: no acknowledgement within ${timeout} ms` });
    limit.addEventListener('abort', giveUp, { once: true });
    try {
      if (limit.aborted) giveUp();
      const appending = this.#opened().then(async (log): Promise<Outcome> => {
        await log.append(
          topic,
          batch.map((delivery) => this.#recordOf(delivery)),
        );
        return { ok: true };
      });
      return await Promise.race([appending.catch((error: unknown) => this.#failure(error)), late.promise]);
    } finally {
      limit.removeEventListener('abort', giveUp);
    }
  }

  get #where(): string {
    return `${this.#config.topic} at ${this.#config.brokers[0]}`;
  }

  #opened(): Promise<EventLog> {
    const opening = (this.#log ??= this.#open());
    opening.catch(() => (this.#log = undefined));
    return opening;
  }

  async #open(): Promise<EventLog> {
    const { brokers, ssl, sasl } = this.#config;
    for (const broker of brokers) await this.#assertAllowed(broker.slice(0, broker.lastIndexOf(':')));
    return openKafkaLog({
      brokers,
      client: 'platformatic',
      clientId: `tocsin-notifier-${this.#deps.subscription}`,
      logger: this.#deps.logger,
      ssl,
      ...(sasl !== undefined && { sasl: { ...sasl, password: await resolveSecret(sasl.password) } }),
    });
  }

  /** Brokers name one another's addresses, so the first look is all that can be done here. */
  async #assertAllowed(host: string): Promise<void> {
    this.#deps.egress.assertHost(host);
    await this.#deps.egress.assertName(host);
  }

  #failure(error: unknown): Outcome {
    const message = `${this.#where}: ${error instanceof Error ? error.message : String(error)}`;
    if (error instanceof RecordTooLarge) return { ok: false, retry: false, reason: 'too_large', message };
    if (error instanceof UnknownTopic) return { ok: false, retry: true, reason: 'config', message: `${message}; create it` };
    if (error instanceof Error && error.name === 'EgressBlocked')
      return { ok: false, retry: true, reason: 'blocked', message: `${message}; see notifier.egress.allow` };
    return { ok: false, retry: true, reason: error instanceof LogUnavailable ? 'connection' : 'config', message };
  }

  #recordOf(delivery: Delivery): LogRecord {
    const { id, event, content } = delivery;
    return {
      key: this.#config.key === 'none' ? null : subjectOf(delivery),
      value: content.body,
      headers: {
        'tocsin-delivery': id,
        'tocsin-subscription': delivery.subscription,
        ce_specversion: '1.0',
        ce_id: event.id,
        ce_type: event.type,
        ce_source: event.source,
        ce_time: event.time,
        'content-type': content.mediaType,
      },
    };
  }
}

function subjectOf(delivery: Delivery): string {
  const { told, facts } = messageOf(delivery, undefined);
  if (told.events !== 'violations') return facts.id;
  return [facts.cluster, facts.namespace, facts.workload].map((part) => part ?? '').join('/');
}
