import {
  violationKey,
  type ContainmentCommandBody,
  type Incident,
  type IncidentCommand,
  type IncidentCommandBody,
  type Silence,
  type Violation,
} from '@tocsin/domain';
import { EventType, Topic, encodeEvent, type Batch, type EventLog, type LogRecord, type StoredRecord } from '@tocsin/event-log';
import {
  incidentHistory,
  incidentViolations,
  listIncidents,
  migrate,
  openStore,
  type Database,
  type Evidence,
  type HistoryEntry,
  type Store,
} from '@tocsin/store';
import { Registry } from 'prom-client';
import { createCorrelatorMetrics } from './metrics.js';
import { MemoryBudget } from './pipeline/bounds.js';
import { processCommands } from './pipeline/commands.js';
import { Mutings } from './pipeline/muting.js';
import { Partition, type CorrelatorTopic, type PartitionDeps } from './pipeline/partition.js';
import type { RuleSet } from './pipeline/rule-set.js';

export interface SimulationOptions {
  rules: RuleSet;
  silences?: readonly Silence[];
  /** As `correlator.grace`, milliseconds. */
  grace?: number;
  /** Where the clock stands, milliseconds since 1970. */
  startAt: number;
  /**
   * Of `openSimulationStore`. It serves simulations one after another, which saves making its tables for each; what the
   * one before left is thrown away. Absent: a store of its own.
   */
  store?: Store;
}

/** Who opens it closes it. */
export async function openSimulationStore(): Promise<Store> {
  const store = await openStore({ file: ':memory:' });
  await migrate(store);
  return store;
}

/** The correlator's, and what a simulation puts in beside; those of other services stay empty here. */
const TABLES = [
  'consumer_positions',
  'rule_states',
  'incidents',
  'incident_namespaces',
  'incident_violations',
  'incident_history',
  'silences',
  'incident_commands',
  'outbox',
  'violations',
  'dead_letters',
] as const satisfies readonly (keyof Database)[];

async function empty(store: Store): Promise<void> {
  await store.transaction(async (tx) => {
    for (const table of TABLES) await tx.deleteFrom(table).execute();
  });
}

const GRACE_MS = 5 * 60_000;
const MANY = 10_000;
/** What follows from one another without end would be a mistake of ours. */
const STEPS_MAX = 100_000;

/**
 * The correlator on a clock that is set: its partitions as they run in production, on a store in memory and a log that
 * hands over at once. For tests of policies, and of the correlator itself.
 */
export class Simulation {
  readonly #store: Store;
  readonly #ownStore: boolean;
  readonly #log = new DirectLog();
  readonly #deps: PartitionDeps;
  readonly #partitions = new Map<CorrelatorTopic, Partition>();
  #now: number;
  #commands = 0;

  private constructor(options: SimulationOptions, store: Store) {
    this.#store = store;
    this.#ownStore = options.store === undefined;
    this.#now = options.startAt;
    const mutings = new Mutings();
    mutings.setSilences(options.silences ?? []);
    this.#deps = {
      log: this.#log,
      store,
      metrics: createCorrelatorMetrics(new Registry()),
      rules: () => options.rules,
      mutings,
      bounds: { maxGroupsPerRule: MANY, newGroupsPerMinute: MANY, memory: new MemoryBudget(Infinity) },
      rememberIds: MANY,
      grace: options.grace ?? GRACE_MS,
      now: () => this.#now,
    };
  }

  static async open(options: SimulationOptions): Promise<Simulation> {
    if (options.store !== undefined) await empty(options.store);
    const store = options.store ?? (await openSimulationStore());
    const simulation = new Simulation(options, store);
    for (const topic of [Topic.Violations, Topic.Signals] as const) {
      simulation.#partitions.set(topic, (await Partition.open(topic, 0, simulation.#deps)).partition);
    }
    return simulation;
  }

  get now(): number {
    return this.#now;
  }

  /** All versions that were told, in their order. */
  get told(): readonly Incident[] {
    return this.#log.records(Topic.Incidents).map(({ value }) => JSON.parse(value.toString('utf8')) as Incident);
  }

  async feed(violations: readonly Violation[]): Promise<void> {
    const records = violations.map((violation) =>
      encodeEvent(violationKey(violation), { id: violation.id, type: EventType.Violation, source: '/simulation', time: violation.time }, violation),
    );
    await this.#log.append(Topic.Violations, records);
    await this.#handOver();
  }

  /** Says something about an incident, and gives what came of it. */
  async command(incident: string, body: IncidentCommandBody | ContainmentCommandBody, actor: string): Promise<'applied' | 'refused' | undefined> {
    const time = new Date(this.#now).toISOString();
    const command: IncidentCommand = { ...body, schema: 1, id: `command-${++this.#commands}`, target: 'incident', incident, actor, time };
    const record = encodeEvent(incident, { id: command.id, type: EventType.Command, source: '/simulation', time }, command);
    let outcome: 'applied' | 'refused' | undefined;
    await processCommands(toBatch(Topic.Commands, [{ ...record, offset: 0, timestamp: this.#now }]), {
      log: this.#log,
      store: this.#store,
      writer: () => ({ rules: this.#deps.rules(), mutings: this.#deps.mutings, now: time }),
      onChanged: () => undefined,
      onOutcome: (_command, came) => (outcome = came),
    });
    for (const partition of this.#partitions.values()) await partition.send();
    return outcome;
  }

  /** Lets time pass; whatever falls due on the way happens at its time. */
  async advanceTo(time: number): Promise<void> {
    for (let steps = 0; steps < STEPS_MAX; steps++) {
      const { overdue, next } = await this.#due();
      const nothing = next > time;
      this.#now = Math.max(this.#now, Math.min(time, next));
      if (overdue || !nothing) await this.#tend();
      if (nothing) break;
    }
    this.#now = Math.max(this.#now, time);
  }

  async incidents(): Promise<Incident[]> {
    return (await listIncidents(this.#store.db, {}, { limit: MANY })).items.toReversed();
  }

  async trail(id: string): Promise<Evidence[]> {
    return (await incidentViolations(this.#store.db, id, { limit: MANY })).items.toReversed();
  }

  async history(id: string): Promise<HistoryEntry[]> {
    return (await incidentHistory(this.#store.db, id, { limit: MANY })).items.toReversed();
  }

  async close(): Promise<void> {
    if (this.#ownStore) await this.#store.close();
  }

  async #handOver(): Promise<void> {
    for (;;) {
      const batches = [...this.#partitions].flatMap(([topic, partition]) => {
        const records = this.#log.takeNew(topic);
        return records.length === 0 ? [] : [{ partition, batch: toBatch(topic, records) }];
      });
      if (batches.length === 0) return;
      for (const { partition, batch } of batches) await partition.process(batch);
    }
  }

  async #tend(): Promise<void> {
    for (const partition of this.#partitions.values()) {
      await partition.sweepGroups();
      await partition.sweepIncidents();
    }
    await this.#handOver();
  }

  /** Whether something could happen by itself by now, and when something next may, after now. */
  async #due(): Promise<{ overdue: boolean; next: number }> {
    const waiting = await this.#store.db
      .selectFrom('incidents')
      .select(['due_at', 'muted'])
      .distinct()
      .where((eb) => eb.or([eb('due_at', 'is not', null), eb('muted', '=', 1)]))
      .execute();
    const timers = waiting.flatMap(({ due_at: due }) => (due === null ? [] : [Date.parse(due)]));
    const ticks = [...this.#partitions.values()].flatMap(({ nextTick }) => nextTick ?? []);
    const times = [...timers, ...ticks, ...this.#deps.mutings.boundaries];
    // What is muted is told as soon as nothing mutes it, which may be at any time.
    const overdue = waiting.some(({ muted }) => muted === 1) || times.some((time) => time <= this.#now);
    return { overdue, next: Math.min(Infinity, ...times.filter((time) => time > this.#now)) };
  }
}

function toBatch(topic: string, records: readonly StoredRecord[]): Batch {
  const highWatermark = (records.at(-1)?.offset ?? -1) + 1;
  return {
    topic,
    partition: 0,
    records,
    highWatermark,
    signal: new AbortController().signal,
    done: () => undefined,
    heartbeat: async () => undefined,
  };
}

/** A log with one partition for each topic that keeps records in memory and has no consumers. */
class DirectLog implements EventLog {
  readonly #topics = new Map<string, StoredRecord[]>();
  readonly #taken = new Map<string, number>();

  records(topic: string): readonly StoredRecord[] {
    return this.#topics.get(topic) ?? [];
  }

  takeNew(topic: string): StoredRecord[] {
    const records = this.records(topic).slice(this.#taken.get(topic) ?? 0);
    this.#taken.set(topic, this.records(topic).length);
    return records;
  }

  async append(topic: string, records: readonly LogRecord[]): Promise<void> {
    const kept = this.#topics.get(topic) ?? [];
    this.#topics.set(topic, kept);
    for (const record of records) kept.push({ ...record, offset: kept.length, timestamp: 0 });
  }

  async offsets(topic: string) {
    return [{ partition: 0, start: 0, end: this.records(topic).length }];
  }

  async consume(): Promise<never> {
    throw new Error('A simulation hands its records over itself.');
  }

  async ensureTopics(): Promise<void> {}

  async committed(): Promise<Map<number, number>> {
    return new Map();
  }

  async ping(): Promise<void> {}

  async close(): Promise<void> {}
}
