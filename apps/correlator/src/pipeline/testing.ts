import { violationKey, type Incident, type Violation } from '@tocsin/domain';
import { EventType, Topic, encodeEvent, openEmbeddedLog, topicSpecs, type Consumer, type EventLog } from '@tocsin/event-log';
import { createLogger, createMetrics } from '@tocsin/runtime';
import { listIncidents, migrate, openStore, type Store } from '@tocsin/store';
import { buildViolation } from '@tocsin/testing';
import { createCorrelatorMetrics } from '../metrics.js';
import { ruleKindRegistry } from '../policies.js';
import { MemoryBudget } from './bounds.js';
import { COMMANDS_GROUP } from './commands.js';
import { Correlator } from './correlator.js';
import { Mutings } from './muting.js';
import { CORRELATOR_GROUPS, type CorrelatorTopic } from './partition.js';
import { type RuleDefinition } from './rule.js';
import { compileRules, type RuleSet } from './rule-set.js';

export const MINUTE = 60_000;
export const HOUR = 60 * MINUTE;
export const GRACE = 5 * MINUTE;
export const WORKLOAD = ['cluster', 'workload.namespace', 'workload.name'];

/** When the stories of the tests begin. */
export const START = Date.UTC(2026, 8, 14, 14);

/** A rule that a test can read: what is not said is plain and valid. */
export function rule(name: string, parts: Partial<RuleDefinition> = {}): RuleDefinition {
  return {
    name,
    title: name,
    severity: 4,
    escalate: [],
    filter: parts.rules === undefined ? 'true' : undefined,
    rules: [],
    generate: true,
    groupBy: WORKLOAD,
    aliases: {},
    suppress: undefined,
    resolveAfter: undefined,
    reopenWithin: 24 * HOUR,
    inhibits: [],
    attacks: [],
    kind: 'single',
    ...parts,
    kindConfig: parts.kind === undefined ? {} : ruleKindRegistry.get(parts.kind)?.config.parse(parts.kindConfig ?? {}),
  };
}

export function ruleSet(...definitions: RuleDefinition[]): RuleSet {
  return compileRules(definitions, ruleKindRegistry, GRACE);
}

/** Seconds after the start of the story. */
export function at(seconds: number, parts: Partial<Violation> = {}): Violation {
  const time = new Date(START + seconds * 1000).toISOString();
  return buildViolation({ time, received_time: time, ...parts });
}

/** Correlators on one embedded log and one store in memory. */
export class Stage {
  log!: EventLog;
  store!: Store;
  #running: { stop(): Promise<void> }[] = [];

  async open(partitions: number): Promise<void> {
    this.log = await openEmbeddedLog({ file: ':memory:' });
    await this.log.ensureTopics(topicSpecs(partitions));
    this.store = await openStore({ file: ':memory:' });
    await migrate(this.store);
  }

  async close(): Promise<void> {
    for (const replica of this.#running) await replica.stop();
    this.#running = [];
    await this.log.close();
    await this.store.close();
  }

  /** A replica; `rules` may be exchanged while it runs. */
  async start(
    rules: () => RuleSet,
    options: { log?: EventLog; maxBatchRecords?: number; now?: () => number } = {},
  ): Promise<{ correlator: Correlator; stop(): Promise<void> }> {
    const correlator = new Correlator({
      log: options.log ?? this.log,
      store: this.store,
      metrics: createCorrelatorMetrics(createMetrics('test', '0')),
      rules,
      mutings: new Mutings(),
      documentSilences: () => [],
      bounds: { maxGroupsPerRule: 1000, newGroupsPerMinute: 100_000, memory: new MemoryBudget(1e9) },
      rememberIds: 1000,
      grace: GRACE,
      now: options.now ?? (() => Date.now()),
      logger: createLogger('test', 'silent'),
    });
    const from = this.log;
    const maxBatchRecords = options.maxBatchRecords ?? 7;
    const consumers: Consumer[] = [];
    for (const topic of Object.keys(CORRELATOR_GROUPS) as CorrelatorTopic[]) {
      consumers.push(
        await from.consume({
          topic,
          group: CORRELATOR_GROUPS[topic],
          maxBatchRecords,
          onAssigned: (partition) => correlator.assigned(topic, partition),
          onRevoked: (partition) => correlator.revoked(topic, partition),
          onBatch: (batch) => correlator.process(topic, batch),
        }),
      );
    }
    consumers.push(await from.consume({ topic: Topic.Commands, group: COMMANDS_GROUP, onBatch: (batch) => correlator.commands(batch) }));
    const stop = async (): Promise<void> => void (await Promise.all(consumers.map((consumer) => consumer.stop())));
    this.#running.push({ stop });
    return { correlator, stop };
  }

  async push(...violations: Violation[]): Promise<void> {
    await this.log.append(
      Topic.Violations,
      violations.map((violation) =>
        encodeEvent(violationKey(violation), { id: violation.id, type: EventType.Violation, source: '/test', time: violation.time }, violation),
      ),
    );
  }

  /** Signals may beget signals, so that all must stand still at one look. */
  async caughtUp(): Promise<void> {
    const topics = [...(Object.entries(CORRELATOR_GROUPS) as [string, string][]), [Topic.Commands, COMMANDS_GROUP] as const];
    await until(async () => {
      const still = await Promise.all(
        topics.map(async ([topic, group]) => {
          const committed = await this.log.committed(group, topic);
          return (await this.log.offsets(topic)).every(({ partition, end }) => end === 0 || committed.get(partition) === end);
        }),
      );
      return still.every(Boolean);
    });
  }

  async incidents(): Promise<Incident[]> {
    await this.caughtUp();
    return (await listIncidents(this.store.db, {}, { limit: 5_000 })).items.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  /** Everything on the topic of incidents. */
  async told(): Promise<Incident[]> {
    const changes: Incident[] = [];
    const consumer = await this.log.consume({
      topic: Topic.Incidents,
      group: `reader-${Math.random()}`,
      onBatch: async (batch) => void changes.push(...batch.records.map((record) => JSON.parse(record.value.toString()) as Incident)),
    });
    const total = (await this.log.offsets(Topic.Incidents)).reduce((sum, { end }) => sum + end, 0);
    await until(async () => changes.length >= total);
    await consumer.stop();
    return changes;
  }
}

/** What an incident holds, without when and in how many steps it came to hold it. */
export function outcome({ version: _v, change: _c, updated_at: _u, told: _t, ...incident }: Incident): unknown {
  return incident;
}

export async function until(condition: () => Promise<boolean> | boolean): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}
