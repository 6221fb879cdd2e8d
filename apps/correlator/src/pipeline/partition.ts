import type { Violation } from '@tocsin/domain';
import {
  EventType,
  Topic,
  UndecodableRecord,
  appendDeadLetters,
  deadLetter,
  decodeEvent,
  encodeEvent,
  type Batch,
  type EventLog,
  type LogRecord,
  type StoredRecord,
} from '@tocsin/event-log';
import {
  addRuleHits,
  advancePosition,
  deleteOutbox,
  deleteRuleStates,
  loadRuleStates,
  readPosition,
  saveRuleStates,
  takeOutbox,
  type Queryable,
  type Store,
} from '@tocsin/store';
import type { CorrelatorMetrics } from '../metrics.js';
import type { Bounds } from './bounds.js';
import { degradedViolations } from './degraded.js';
import { Engine, type Effects, type Signal } from './engine.js';
import { Groups } from './groups.js';
import { Hits } from './hits.js';
import { writeMembers, type WriterDeps } from './incident-writer.js';
import type { Mutings } from './muting.js';
import { RecentIds } from './recent-ids.js';
import type { RuleSet } from './rule-set.js';
import { sweepIncidents } from './sweep.js';

/** Consumer groups by topic, also the names of the positions in the store. */
export const CORRELATOR_GROUPS = { [Topic.Violations]: 'correlator.violations', [Topic.Signals]: 'correlator.signals' } as const;

export type CorrelatorTopic = keyof typeof CORRELATOR_GROUPS;

export interface PartitionDeps {
  log: EventLog;
  store: Store;
  metrics: CorrelatorMetrics;
  /** The rules in force now; another set after a reload. */
  rules(): RuleSet;
  mutings: Mutings;
  bounds: Bounds;
  /** How many ids back a repeated record is recognised. */
  rememberIds: number;
  /** How far out of order violations may come, milliseconds. */
  grace: number;
  now(): number;
}

/** Another replica has taken the partition over; what this one holds of it is void. */
export class Fenced extends Error {
  override readonly name = 'Fenced';
}

const OUTBOX_STEP = 500;
/** Without a match the position is written only now and then: reading those records again changes nothing. */
const IDLE_POSITION_RECORDS = 10_000;

/**
 * One partition of violations or signals in this replica's hands.
 *
 * State, incidents, outgoing changes and the offset after the batch are written in one transaction, whose
 * compare-and-set on the offset fails when another replica has moved on. Then the outgoing changes are appended to the
 * log and taken out of the outbox; a crash in between appends them again, with the same ids and versions.
 */
export class Partition {
  readonly #deps: PartitionDeps;
  readonly #topic: CorrelatorTopic;
  readonly #group: string;
  readonly #partition: number;
  /** Whose records in the outbox it tells, and the home of incidents that begin here. */
  readonly home: string;
  readonly #recent: RecentIds;
  #rules: RuleSet;
  #groups: Groups;
  #hits = new Hits();
  /** What the store holds; the next transaction must find it unchanged. */
  #stored: number | undefined;
  /** The next offset to be processed; at or after `#stored`. */
  #next = 0;
  /** The latest event time seen. */
  #watermark = 0;
  /** Our clock when the last record came. */
  #arrived = 0;
  #unsent = true;
  #stale = false;
  #turn: Promise<void> = Promise.resolve();

  private constructor(topic: CorrelatorTopic, partition: number, deps: PartitionDeps) {
    this.#deps = deps;
    this.#topic = topic;
    this.#group = CORRELATOR_GROUPS[topic];
    this.#partition = partition;
    this.home = `${topic}/${partition}`;
    this.#recent = new RecentIds(deps.rememberIds);
    this.#rules = deps.rules();
    this.#groups = new Groups(this.#rules, deps.bounds, deps.now);
  }

  /** Loads what the last owner left. Reading resumes some way back, only to learn the recent ids again. */
  static async open(topic: CorrelatorTopic, partition: number, deps: PartitionDeps): Promise<{ partition: Partition; resumeAt: number | undefined }> {
    const opened = new Partition(topic, partition, deps);
    await opened.#load();
    await opened.#sendOutbox();
    return { partition: opened, resumeAt: opened.#stored === undefined ? undefined : Math.max(0, opened.#stored - deps.rememberIds) };
  }

  /** When a group wants to know that nothing came, by our clock. */
  get nextTick(): number | undefined {
    const due = this.#groups.nextTick;
    return due === undefined || this.#watermark === 0 ? due : Math.max(due, this.#arrived + due - this.#watermark);
  }

  /**
   * Event time while nothing comes: it goes on from the last event as our clock does. So news of an hour ago, from a sensor that was cut
   * off, are not taken for late because it is later here. Where nothing is known of the last event it is our clock.
   */
  get #eventTime(): number {
    const now = this.#deps.now();
    return this.#watermark === 0 ? now : Math.min(now, this.#watermark + now - this.#arrived);
  }

  /** Gives up what it holds in memory; it is not used afterwards. */
  close(): Promise<void> {
    return this.#turn.then(() => this.#groups.close());
  }

  async #load(): Promise<void> {
    const { store, rules, bounds, now } = this.#deps;
    this.#stored = await readPosition(store.db, this.#group, this.#topic, this.#partition);
    this.#next = this.#stored ?? 0;
    this.#groups.close();
    this.#rules = rules();
    this.#groups = new Groups(this.#rules, bounds, now);
    await loadRuleStates(store.db, this.#topic, this.#partition, (rows) => this.#groups.load(rows));
    this.#groups.loaded();
    this.#hits = new Hits();
    this.#unsent = true;
    this.#stale = false;
  }

  /** Rejecting means that nothing of the batch counts; it must come again. */
  async process(batch: Batch): Promise<void> {
    const added: string[] = [];
    await this.#exclusively(async () => {
      try {
        await this.#process(batch, added);
      } catch (error) {
        this.#recent.forget(added);
        throw error;
      }
    });
  }

  /** Tells what waits in the outbox, which others may have put there. */
  send(): Promise<void> {
    return this.#exclusively(async () => {
      this.#unsent = true;
      await this.#sendOutbox();
    });
  }

  /** What time alone brings about in windows: nothing can join some any more, and what should have happened has not. */
  async sweepGroups(): Promise<void> {
    await this.#exclusively(async () => {
      this.#groups.expire();
      const engine = this.#engine();
      if (await this.#isSilent()) engine.tick(this.#eventTime);
      // What matched and came to nothing here waits for the next offset, but not for long.
      await this.#finish(this.#next, engine.effects, this.#hits.any ? () => Promise.resolve(false) : undefined);
    });
  }

  /** What time alone brings about in incidents: they resolve, or what waited is told. */
  async sweepIncidents(): Promise<void> {
    await this.#exclusively(() => this.#finish(this.#next, this.#engine().effects, (tx, writer) => sweepIncidents(tx, this.home, writer)));
  }

  /** One at a time; after a failure the memory may be ahead of the store, so it is loaded again first. */
  #exclusively(work: () => Promise<void>): Promise<void> {
    const run = this.#turn.then(async () => {
      if (this.#stale) await this.#load();
      this.#stale = true;
      const rules = this.#deps.rules();
      if (rules !== this.#rules) this.#groups.adopt((this.#rules = rules));
      await work();
      this.#stale = false;
    });
    this.#turn = run.catch(() => undefined);
    return run;
  }

  #engine(): Engine {
    const { grace, metrics } = this.#deps;
    const now = this.#timeText();
    return new Engine({
      rules: this.#rules,
      groups: this.#groups,
      keyed: this.#topic === Topic.Violations,
      grace,
      onMatch: ({ name }) => {
        metrics.matches.inc({ rule: name });
        this.#hits.matched(name, now);
      },
    });
  }

  async #process(batch: Batch, added: string[]): Promise<void> {
    await this.#sendOutbox();
    const engine = this.#engine();
    const poison: LogRecord[] = [];
    let next = this.#next;
    for (const record of batch.records) {
      this.#see(record);
      const id = record.headers['ce_id'] ?? '';
      const fresh = this.#recent.add(id);
      if (fresh) added.push(id);
      if (record.offset < this.#next) continue;
      next = record.offset + 1;
      if (!fresh) {
        this.#deps.metrics.duplicates.inc();
        continue;
      }
      // Before what moves event time on: how far it moves within a batch must not matter.
      engine.tick(Math.min(this.#watermark, this.#deps.now()));
      try {
        this.#take(record, engine);
      } catch (error) {
        if (!(error instanceof UndecodableRecord)) throw error;
        poison.push(this.#poison(record, error));
      }
    }
    engine.tick(Math.min(this.#watermark, this.#deps.now()));
    if (poison.length > 0) await appendDeadLetters(this.#deps.log, poison);
    await this.#finish(next, engine.effects);
  }

  /** Records that were processed before a restart tell how far event time is, too. */
  #see({ headers }: StoredRecord): void {
    this.#arrived = this.#deps.now();
    const time = Date.parse(headers['ce_time'] ?? '');
    if (Number.isFinite(time)) this.#watermark = Math.max(this.#watermark, time);
  }

  #take(record: StoredRecord, engine: Engine): void {
    if (this.#topic === Topic.Signals) {
      const signal = decodeEvent<Signal>(record, EventType.Signal);
      engine.signal(signal);
      return;
    }
    const violation = decodeEvent<Violation>(record, EventType.Violation);
    const time = Date.parse(violation.time);
    if (Date.parse(violation.received_time) - time > this.#deps.grace) this.#deps.metrics.late.inc();
    engine.violation(violation);
  }

  async #finish(next: number, effects: Effects, alsoWrite?: (tx: Queryable, writer: WriterDeps) => Promise<boolean>): Promise<void> {
    const { log, metrics } = this.#deps;
    const lost = this.#groups.degraded.take();
    for (const { rule, cause, count } of lost) {
      metrics.evicted.inc({ rule, cause }, count);
      this.#hits.add(rule, 'evicted', count);
    }
    for (const { rule } of effects.signals) this.#hits.add(rule, 'signals');
    // Signals go out before the offset moves: should we stop in between, they come again with the same ids.
    if (effects.signals.length > 0) await log.append(Topic.Signals, effects.signals.map(toSignalRecord));
    await this.#store(next, effects, alsoWrite);
    await this.#sendOutbox();
    // What was lost for want of room becomes a violation of our own, and so an incident.
    if (lost.length > 0) await log.append(Topic.Violations, degradedViolations(lost, this.home, this.#deps.now()));
  }

  async #store(next: number, { members }: Effects, alsoWrite?: (tx: Queryable, writer: WriterDeps) => Promise<boolean>): Promise<void> {
    const idle = members.size === 0 && !this.#groups.changed && alsoWrite === undefined;
    if (idle && next - (this.#stored ?? 0) < IDLE_POSITION_RECORDS) {
      this.#next = next;
      return;
    }
    const { store, metrics, mutings } = this.#deps;
    const changes = this.#groups.takeChanges();
    const writer: WriterDeps = { rules: this.#rules, mutings, now: this.#timeText() };
    const { changed, swept } = await store.transaction(async (tx) => {
      if (!(await advancePosition(tx, this.#group, this.#topic, this.#partition, this.#stored, next))) {
        throw new Fenced(`Partition ${this.home} has another owner.`);
      }
      await saveRuleStates(tx, this.#topic, this.#partition, changes.saved);
      await deleteRuleStates(tx, this.#topic, this.#partition, changes.removed);
      const changed = await writeMembers(tx, this.home, members, writer);
      for (const incident of changed) if (incident.change === 'opened') this.#hits.add(incident.rule.name, 'incidents');
      await addRuleHits(tx, this.home, this.#hits.take(), writer.now);
      return { changed, swept: (await alsoWrite?.(tx, writer)) === true };
    });
    this.#stored = next;
    this.#next = next;
    this.#unsent ||= changed.length > 0 || swept;
    for (const incident of changed) {
      mutings.note(incident, this.#rules);
      metrics.incidentChanges.inc({ change: incident.change });
    }
  }

  async #sendOutbox(): Promise<void> {
    while (this.#unsent) {
      const rows = await takeOutbox(this.#deps.store.db, this.home, OUTBOX_STEP);
      for (const topic of new Set(rows.map((row) => row.topic))) {
        await this.#deps.log.append(
          topic,
          rows.filter((row) => row.topic === topic),
        );
      }
      await deleteOutbox(
        this.#deps.store.db,
        rows.map((row) => row.id),
      );
      this.#unsent = rows.length === OUTBOX_STEP;
    }
  }

  /**
   * Whether our clock may stand in for event time: something waits for that time, and no record is left that could
   * bring an earlier one. When the log does not answer, it may not.
   */
  async #isSilent(): Promise<boolean> {
    const due = this.#groups.nextTick;
    if (due === undefined || due > this.#eventTime) return false;
    const offsets = await this.#deps.log.offsets(this.#topic);
    const end = offsets.find(({ partition }) => partition === this.#partition)?.end;
    return end !== undefined && end <= this.#next;
  }

  #timeText(): string {
    return new Date(this.#deps.now()).toISOString();
  }

  #poison(record: StoredRecord, error: UndecodableRecord): LogRecord {
    const time = this.#timeText();
    return deadLetter(record, {
      stage: 'correlate',
      reason: 'undecodable',
      message: error.message,
      component: this.#group,
      attempts: 1,
      firstTime: time,
      lastTime: time,
      origin: { topic: this.#topic, partition: this.#partition, offset: record.offset },
    });
  }
}

function toSignalRecord(signal: Signal): LogRecord {
  const { rule, ruleVersion, groupKey, match } = signal;
  return encodeEvent(
    JSON.stringify([rule, groupKey]),
    {
      // A violation may reach a rule through several that it is chained to.
      id: `${match.id}/${rule}/${ruleVersion}/${match.k}`,
      type: EventType.Signal,
      source: '/tocsin/correlator',
      time: new Date(match.t).toISOString(),
    },
    signal,
  );
}
