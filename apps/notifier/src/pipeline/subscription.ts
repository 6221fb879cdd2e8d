import type { Digest } from '@tocsin/domain';
import { Topic, UndecodableRecord, directedFor, isFor, type Batch, type Consumer, type StoredRecord } from '@tocsin/event-log';
import { EVENT_VARIABLE, compileFilter, type Filter, type Subscription as SubscriptionDocument } from '@tocsin/policy';
import type { Store } from '@tocsin/store';
import type { Channel, ChannelMemory } from '../channels/channel.js';
import { readEvent, TOPIC_OF, type SubscribedEvent } from './event.js';
import { gatheringPlan } from './gathering/config.js';
import { Gathering } from './gathering/gathering.js';
import { giveUp } from './give-up.js';
import { History } from './history.js';
import { Lag } from './lag.js';
import { Poller } from './poller.js';
import { Health } from './health.js';
import { Sender, type SenderDeps, type Waiting } from './sender.js';
import type { Watch } from './watch.js';

export interface SubscriptionDeps extends Omit<SenderDeps, 'health'> {
  store: Store;
  memory: ChannelMemory;
  watch: Pick<Watch, 'add' | 'remove'>;
}

const BATCH_RECORDS = 200;
const REMEMBERED_PER_PARTITION = 5_000;
const REPORT_LAG_EVERY_MS = 10_000;
const GATHER_EVERY_MS = 1_000;

/**
 * One subscription: its own consumer group, so that a receiver in trouble delays nobody else. Per partition:
 * read → filter → leave out what is muted → drop repeats → send, in order per key → give up what the receiver refuses,
 * to the dead letters.
 * A failure that may pass leaves the batch unfinished: the partition pauses, then goes on with the same record.
 */
export class Subscription {
  readonly #document: SubscriptionDocument;
  readonly #channel: Channel;
  readonly #deps: SubscriptionDeps;
  readonly #filter: Filter | undefined;
  /** Nobody looks at the data of its events. */
  readonly #unread: boolean;
  readonly #sender: Sender;
  readonly #lag: Lag;
  readonly #histories = new Map<string, History>();
  readonly #gathering: Gathering | undefined;
  /** Partitions of its events that this process has. */
  readonly #assigned = new Set<number>();
  #digests: Consumer | undefined;
  #gatherRound: { timer: NodeJS.Timeout; running: Promise<void> } | undefined;
  readonly #labels: { subscription: string; channel: string };
  readonly #health = new Health();
  readonly #poller: Poller | undefined;
  #consumer: Consumer | undefined;
  #reporting: NodeJS.Timeout | undefined;

  constructor(document: SubscriptionDocument, channel: Channel, deps: SubscriptionDeps) {
    const { events, filter } = document.spec;
    this.#document = document;
    this.#channel = channel;
    this.#deps = deps;
    this.#labels = { subscription: this.name, channel: document.spec.channel.type };
    this.#filter = filter === undefined ? undefined : compileFilter(filter, EVENT_VARIABLE[events]);
    this.#sender = new Sender(channel, this.#labels, { ...deps, health: this.#health });
    this.#lag = new Lag(this.name, deps.metrics, () => deps.now());
    this.#poller = channel.poll === undefined ? undefined : new Poller(this.name, channel.poll, deps);
    const plan = gatheringPlan(document.spec);
    this.#unread = channel.contentOnly === true && this.#filter === undefined && plan === undefined;
    this.#gathering = plan === undefined ? undefined : new Gathering(this.name, events, plan, deps);
  }

  get name(): string {
    return this.#document.metadata.name;
  }

  get channel(): Channel {
    return this.#channel;
  }

  get #topic(): string {
    return TOPIC_OF[this.#document.spec.events];
  }

  get #group(): string {
    return `notifier.${this.name}`;
  }

  async start(): Promise<void> {
    const { channel, events } = this.#document.spec;
    await this.#deps.watch.add({ name: this.name, channel: channel.type, events, health: this.#health, behind: () => this.#lag.behind });
    this.#consumer = await this.#deps.log.consume({
      topic: this.#topic,
      group: this.#group,
      maxBatchRecords: BATCH_RECORDS,
      onBatch: (batch) => this.#process(batch),
      onAssigned: async (partition) => void this.#assigned.add(partition),
      onRevoked: async (partition) => {
        this.#assigned.delete(partition);
        this.#gathering?.forget(partition);
        this.#histories.delete(`${this.#topic}/${partition}`);
        this.#lag.remove(partition);
      },
    });
    await this.#startGathering();
    this.#poller?.start();
    this.#reporting = setInterval(() => void this.#reportLag(), REPORT_LAG_EVERY_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#reporting);
    try {
      await this.#poller?.stop();
      clearTimeout(this.#gatherRound?.timer);
      await this.#gatherRound?.running;
      await this.#digests?.stop();
      await this.#consumer?.stop();
    } finally {
      this.#lag.close();
      this.#deps.watch.remove({ name: this.name, health: this.#health });
      await this.#channel.close();
    }
  }

  async #process(batch: Batch): Promise<void> {
    const history = this.#historyOf(`${batch.topic}/${batch.partition}`);
    const pending = new Set<StoredRecord>(batch.records);
    const end = (record: StoredRecord, event?: SubscribedEvent): void => {
      pending.delete(record);
      history.end(record.offset, event?.delivery.id);
    };
    try {
      const waiting = await this.#admit(batch, history, end);
      const telling = await this.#gather(batch, waiting, end);
      this.#progress(batch, pending);
      if (telling.length > 0) await this.#sender.send(telling, batch, history, ({ record, event }) => end(record, event));
    } finally {
      const first = this.#progress(batch, pending);
      const last = first === undefined ? batch.records.at(-1) : batch.records[batch.records.indexOf(first) - 1];
      if (last !== undefined) {
        batch.done(last.offset);
        history.forgetUpTo(last.offset);
      }
    }
  }

  /** The events to send; the other records have ended: not wanted, muted, repeated, undecodable, or before, when the log gives them again. */
  async #admit(batch: Batch, history: History, end: (record: StoredRecord) => void): Promise<Waiting[]> {
    const { deliveries } = this.#deps.metrics;
    const waiting: Waiting[] = [];
    // What this batch will have delivered, if all goes well; it never outlives the batch, for it may not go well.
    const ahead = new History(Infinity);
    for (const record of batch.records) {
      // What is for another group alone is as if it were not there.
      if (history.ended(record.offset) || !isFor(record, this.#group)) {
        end(record);
        continue;
      }
      const event = await this.#read(record, batch);
      if (event === undefined) {
        end(record);
      } else if (directedFor(record) === 'drill' || directedFor(record) === 'redrive') {
        // It is for this subscription, whatever its filter says by now.
        waiting.push({ record, event });
      } else if (batch.topic === Topic.Digests) {
        // Digests of all subscriptions are on one topic; each tells its own.
        if ((event.data as Digest).subscription !== this.name || history.knows(event)) end(record);
        else waiting.push({ record, event });
      } else if (this.#filter?.test(event.data) === false) {
        deliveries.inc({ ...this.#labels, result: 'filtered' });
        end(record);
      } else if (event.muted && !this.#document.spec.includeMuted) {
        deliveries.inc({ ...this.#labels, result: 'muted' });
        end(record);
      } else if (directedFor(record) === undefined && (history.knows(event) || ahead.knows(event))) {
        deliveries.inc({ ...this.#labels, result: 'repeated' });
        end(record);
      } else {
        ahead.delivered(event);
        waiting.push({ record, event });
      }
    }
    return waiting;
  }

  /** What is left to be told one by one; the others are gathered. */
  async #gather(batch: Batch, waiting: readonly Waiting[], end: (record: StoredRecord) => void): Promise<readonly Waiting[]> {
    if (this.#gathering === undefined || batch.topic !== this.#topic || waiting.length === 0) return waiting;
    const directed = waiting.filter(({ record }) => directedFor(record) !== undefined);
    const { tell, gathered } = await this.#gathering.split(
      batch,
      waiting.filter(({ record }) => directedFor(record) === undefined),
    );
    for (const { record } of gathered) {
      this.#deps.metrics.deliveries.inc({ ...this.#labels, result: 'gathered' });
      end(record);
    }
    return [...directed, ...tell];
  }

  async #startGathering(): Promise<void> {
    const gathering = this.#gathering;
    if (gathering === undefined) return;
    this.#digests = await this.#deps.log.consume({
      topic: Topic.Digests,
      group: `${this.#group}.digests`,
      maxBatchRecords: BATCH_RECORDS,
      onBatch: (batch) => this.#process(batch),
    });
    const round = (): void => {
      const running = gathering.round(this.#assigned.has(0)).catch((error: unknown) => {
        this.#deps.logger.warn({ ...this.#labels, err: error }, 'Digests could not be made; it will be tried again.');
      });
      const timer = setTimeout(() => void running.then(() => this.#gatherRound !== undefined && round()), GATHER_EVERY_MS).unref();
      this.#gatherRound = { timer, running };
    };
    round();
  }

  /** Undefined when the record is no event; it is with the dead letters then. */
  async #read(record: StoredRecord, batch: Batch): Promise<SubscribedEvent | undefined> {
    try {
      return readEvent(record, batch.topic === Topic.Digests ? 'digests' : this.#document.spec.events, this.name, this.#unread);
    } catch (error) {
      if (!(error instanceof UndecodableRecord)) throw error;
      const { log, metrics, now } = this.#deps;
      await giveUp(log, batch, { record, reason: 'undecodable', message: error.message, subscription: this.name, failed: undefined, now: now() });
      metrics.deliveries.inc({ ...this.#labels, result: 'dead' });
      return undefined;
    }
  }

  #historyOf(place: string): History {
    let history = this.#histories.get(place);
    if (history === undefined) this.#histories.set(place, (history = new History(REMEMBERED_PER_PARTITION)));
    return history;
  }

  /** Notes how far the partition is; returns the first record that has not ended. */
  #progress(batch: Batch, pending: ReadonlySet<StoredRecord>): StoredRecord | undefined {
    const [first] = pending;
    const last = batch.records.at(-1) as StoredRecord;
    const end = batch.highWatermark;
    const next = first?.offset ?? last.offset + 1;
    const oldest = next >= end ? undefined : (first ?? last).timestamp;
    if (batch.topic === this.#topic) this.#lag.set(batch.partition, { next, end, oldest });
    return first;
  }

  async #reportLag(): Promise<void> {
    try {
      this.#lag.grown(await this.#deps.log.offsets(this.#topic));
    } catch {
      // The log is away: its driver says so, and the age of what is known still grows.
      this.#lag.grown([]);
    }
  }
}
