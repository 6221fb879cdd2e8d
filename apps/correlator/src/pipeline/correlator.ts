import { RetryLater, Topic, type Batch, type Position } from '@tocsin/event-log';
import type { Logger } from '@tocsin/runtime';
import { activeSilences, dueIncidents, mutedIncidents, openIncidentsOfRules, outboxOwners } from '@tocsin/store';
import type { Silence } from '@tocsin/domain';
import { processCommands } from './commands.js';
import { Fenced, Partition, type CorrelatorTopic, type PartitionDeps } from './partition.js';

export interface CorrelatorDeps extends PartitionDeps {
  logger: Logger;
  /** Of the policy documents in force. */
  documentSilences(): readonly Silence[];
}

const TEND_EVERY_MS = 1_000;
/** Windows are looked through more rarely: most of what is in them waits for events. */
const SWEEP_GROUPS_EVERY = 10;
/** Time for the group to settle before a fenced partition is tried again, if it is still ours at all. */
const FENCED_RETRY_MS = 1_000;
/** Bounds what one look at the store may bring; the next look brings the rest. */
const LOOK_MAX = 500;
/** More open incidents than these do not inhibit others. */
const INHIBITING_MAX = 10_000;

/** The partitions that this replica owns, of violations and of signals, and what operators say about any incident. */
export class Correlator {
  readonly #deps: CorrelatorDeps;
  readonly #partitions: Record<CorrelatorTopic, Map<number, Partition>> = { [Topic.Violations]: new Map(), [Topic.Signals]: new Map() };
  #timer: NodeJS.Timeout | undefined;
  #tended = 0;
  #tending: Promise<void> = Promise.resolve();

  constructor(deps: CorrelatorDeps) {
    this.#deps = deps;
  }

  async start(): Promise<void> {
    await this.refresh();
    const next = (): void => {
      this.#timer = setTimeout(() => {
        this.#tending = this.tend().catch((error: unknown) =>
          this.#deps.logger.warn({ err: error }, 'Incidents could not be looked after, will retry.'),
        );
        void this.#tending.finally(next);
      }, TEND_EVERY_MS).unref();
    };
    next();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#tending;
    clearTimeout(this.#timer);
  }

  async assigned(topic: CorrelatorTopic, partition: number): Promise<Position> {
    const { partition: opened, resumeAt } = await Partition.open(topic, partition, this.#deps);
    this.#partitions[topic].set(partition, opened);
    return resumeAt === undefined ? {} : { resumeAt };
  }

  async revoked(topic: CorrelatorTopic, partition: number): Promise<void> {
    const owned = this.#partitions[topic].get(partition);
    this.#partitions[topic].delete(partition);
    await owned?.close();
  }

  owns(topic: CorrelatorTopic, partition: number): boolean {
    return this.#partitions[topic].has(partition);
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

  async commands(batch: Batch): Promise<void> {
    const { log, store, mutings, metrics, logger } = this.#deps;
    await processCommands(batch, {
      log,
      store,
      writer: () => ({ rules: this.#deps.rules(), mutings, now: this.#timeText() }),
      onOutcome: ({ type }, outcome) => metrics.commands.inc({ type, outcome }),
      // Those of other replicas are found by them within a second.
      onChanged: (homes) => {
        for (const partition of this.#owned()) {
          if (homes.has(partition.home))
            partition.send().catch((error: unknown) => logger.warn({ err: error }, 'A change waits to be told, will retry.'));
        }
      },
    });
    metrics.records.inc({ topic: Topic.Commands }, batch.records.length);
  }

  /** Learns the silences and the incidents that inhibit others. */
  async refresh(): Promise<void> {
    const { store, mutings, rules, documentSilences } = this.#deps;
    mutings.setSilences([...documentSilences(), ...(await activeSilences(store.db, this.#timeText()))]);
    const inhibiting = [...rules().inhibiting];
    mutings.setInhibiting(inhibiting.length === 0 ? [] : await openIncidentsOfRules(store.db, inhibiting, INHIBITING_MAX));
  }

  /** What time alone brings about. One look at the store serves all partitions, so that a quiet system stays quiet. */
  async tend(): Promise<void> {
    await this.refresh();
    const { store, mutings, rules } = this.#deps;
    const owned = this.#owned();
    if (owned.length === 0) return;
    const homes = owned.map(({ home }) => home);
    const now = this.#timeText();
    const waiting = new Set(await outboxOwners(store.db, homes));
    const due = new Set((await dueIncidents(store.db, homes, now, LOOK_MAX)).map(({ home }) => home));
    for await (const { incident, home } of this.#muted(homes)) if (mutings.of(incident, rules(), now).length === 0) due.add(home);
    const sweepAll = this.#tended++ % SWEEP_GROUPS_EVERY === 0;
    for (const partition of owned) {
      await this.#despiteFencing(async () => {
        if (sweepAll) await partition.sweepGroups();
        if (due.has(partition.home)) await partition.sweepIncidents();
        else if (waiting.has(partition.home)) await partition.send();
      });
    }
  }

  /** All of them, some at a time: of many that stay muted, the first must not hide the others. */
  async *#muted(homes: readonly string[]): AsyncGenerator<Awaited<ReturnType<typeof mutedIncidents>>[number]> {
    let after = '';
    for (;;) {
      const page = await mutedIncidents(this.#deps.store.db, homes, LOOK_MAX, after);
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < LOOK_MAX) return;
      after = last.incident.id;
    }
  }

  /** A partition that was taken over is its new owner's to look after. */
  async #despiteFencing(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      if (!(error instanceof Fenced)) throw error;
      this.#deps.metrics.fenced.inc();
    }
  }

  #owned(): Partition[] {
    return Object.values(this.#partitions).flatMap((partitions) => [...partitions.values()]);
  }

  #timeText(): string {
    return new Date(this.#deps.now()).toISOString();
  }
}
