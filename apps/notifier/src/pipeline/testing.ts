import { violationKey, type Incident, type Violation } from '@tocsin/domain';
import { EventType, Topic, encodeEvent, openEmbeddedLog, topicSpecs, type EventLog, type StoredRecord } from '@tocsin/event-log';
import { parsePolicies, type Subscription as SubscriptionDocument } from '@tocsin/policy';
import { createLogger, Registry } from '@tocsin/runtime';
import { migrate, openStore, type Store } from '@tocsin/store';
import { buildViolation, httpReceiver, type HttpReceiver } from '@tocsin/testing';
import type { Channel } from '../channels/channel.js';
import { channelDeps, memoryOfProcess } from '../channels/testing.js';
import { webhook } from '../channels/webhook/webhook.js';
import { createNotifierMetrics } from '../metrics.js';
import type { Attempted } from './ledger.js';
import { Subscription } from './subscription.js';
import type { Watched } from './watch.js';

/** Subscriptions on an embedded log with a few partitions; everything opened is closed by `close`. */
export class Bench {
  readonly #registry = new Registry();
  readonly #metrics = createNotifierMetrics(this.#registry);
  readonly #running = new Set<Subscription>();
  readonly #receivers: HttpReceiver[] = [];
  readonly log: EventLog;
  readonly ledger: Attempted[] = [];
  readonly watched = new Map<string, Watched>();
  /** The fields of all warnings. */
  readonly warnings: object[] = [];

  readonly store: Store;

  private constructor(log: EventLog, store: Store) {
    this.log = log;
    this.store = store;
  }

  static async open(partitions = 3): Promise<Bench> {
    const log = await openEmbeddedLog({ file: ':memory:' });
    await log.ensureTopics(topicSpecs(partitions));
    const store = await openStore({ file: ':memory:' });
    await migrate(store);
    return new Bench(log, store);
  }

  async receiver(): Promise<HttpReceiver> {
    const opened = await httpReceiver();
    this.#receivers.push(opened);
    return opened;
  }

  async start(
    name: string,
    to: HttpReceiver | Channel,
    more: Partial<SubscriptionDocument['spec']> & { log?: EventLog } = {},
  ): Promise<Subscription> {
    const { log, ...spec } = more;
    const subscription = this.create(document(name, spec), to, log);
    this.#running.add(subscription);
    await subscription.start();
    return subscription;
  }

  /** Not started, and not stopped by `close`. */
  create(described: SubscriptionDocument, to: HttpReceiver | Channel, log = this.log): Subscription {
    const channel = 'send' in to ? to : webhook.create(webhook.config.parse({ url: to.url, timeout: '2s' }), channelDeps());
    const logger = createLogger('test', 'silent');
    logger.warn = (fields: object) => void this.warnings.push(fields);
    const deps = {
      log,
      store: this.store,
      logger,
      metrics: this.#metrics,
      concurrency: 4,
      maxRetryDelayMs: 50,
      now: () => Date.now(),
      memory: memoryOfProcess(),
      ledger: { note: (line: Attempted) => void this.ledger.push(line) },
      watch: { add: async (one: Watched) => void this.watched.set(one.name, one), remove: () => undefined },
    };
    return new Subscription(described, channel, deps);
  }

  async stop(subscription: Subscription): Promise<void> {
    this.#running.delete(subscription);
    await subscription.stop();
  }

  async push(violations: readonly Violation[]): Promise<void> {
    await this.log.append(
      Topic.Violations,
      violations.map((violation) =>
        encodeEvent(violationKey(violation), { id: violation.id, type: EventType.Violation, source: '/test', time: violation.time }, violation),
      ),
    );
  }

  async pushIncidents(incidents: readonly Incident[]): Promise<void> {
    await this.log.append(
      Topic.Incidents,
      incidents.map((incident) =>
        encodeEvent(
          incident.id,
          { id: `${incident.id}/${incident.version}`, type: EventType.Incident, source: '/test', time: incident.last_seen },
          incident,
        ),
      ),
    );
  }

  /** Bytes that are no event. */
  async pushPoison(key: string): Promise<void> {
    await this.log.append(Topic.Violations, [
      { key, value: Buffer.from('{'), headers: { ce_type: EventType.Violation, ce_id: 'x', ce_time: 'now' } },
    ]);
  }

  /** Resolves with the dead letters when there are so many. */
  async deadLetters(count: number): Promise<StoredRecord[]> {
    const found: StoredRecord[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const consumer = await this.log.consume({
      topic: Topic.DeadLetters,
      group: `dead-${Math.random()}`,
      onBatch: async ({ records }) => {
        found.push(...records);
        if (found.length >= count) resolve();
      },
    });
    await promise;
    await consumer.stop();
    return found;
  }

  async deadLetterCount(): Promise<number> {
    return (await this.log.offsets(Topic.DeadLetters)).reduce((sum, { start, end }) => sum + end - start, 0);
  }

  metric(name: string, labels: Record<string, string> = {}): Promise<number | undefined> {
    return metric(this.#registry, name, labels);
  }

  async close(): Promise<void> {
    for (const receiver of this.#receivers) await receiver.close();
    for (const subscription of this.#running) await subscription.stop();
    await this.log.close();
    await this.store.close();
  }
}

export async function metric(registry: Registry, name: string, labels: Record<string, string>): Promise<number | undefined> {
  const found = await registry.getSingleMetric(name)?.get();
  return found?.values.find((value) => Object.entries(labels).every(([key, label]) => value.labels[key] === label))?.value;
}

export function document(name: string, spec: Partial<SubscriptionDocument['spec']> = {}): SubscriptionDocument {
  const yaml = {
    apiVersion: 'tocsin.dev/v1',
    kind: 'Subscription',
    metadata: { name },
    spec: { events: 'violations', channel: { type: 'webhook' } },
  };
  const [parsed] = parsePolicies(JSON.stringify(yaml), 'test.yaml', {}).subscriptions;
  return { ...parsed!, spec: { ...parsed!.spec, ...spec } };
}

/** `n` violations of `workloads` workloads, in the order of their numbers. */
export function story(n: number, workloads = 5): Violation[] {
  return Array.from({ length: n }, (_, index) =>
    buildViolation({ message: String(index), workload: { namespace: 'shop', name: `w${index % workloads}` }, severity_id: index % 2 === 0 ? 3 : 5 }),
  );
}

/** The number of a violation that `story` made. */
export function numberOf({ body }: { body: Buffer }): number {
  const { data = {}, message = (data as Violation).message } = JSON.parse(body.toString()) as { data?: Partial<Violation>; message?: string };
  return Number(message);
}

/** A condition of things that do not say when they change. */
export async function eventually(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 2));
}
