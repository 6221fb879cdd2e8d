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
  addIncidentViolations,
  advancePosition,
  deleteOutbox,
  deleteRuleStates,
  getIncidents,
  loadRuleStates,
  putOutbox,
  readPosition,
  saveRuleStates,
  takeOutbox,
  upsertIncidents,
  type Store,
} from '@tocsin/store';
import type { CorrelatorMetrics } from '../metrics.js';
import { Groups } from './groups.js';
import { addMembers, incidentIdOf } from './incident.js';
import { toMatch, type Signal } from './match.js';
import { RecentIds } from './recent-ids.js';
import { countsHere, groupOf, type CompiledRule, type Group } from './rule.js';
import type { RuleIndex } from './rule-index.js';
import type { Match } from '../rules/rule-kind.js';

/** Consumer groups by topic, also the names of the positions in the store. */
export const CORRELATOR_GROUPS = { [Topic.Violations]: 'correlator.violations', [Topic.Signals]: 'correlator.signals' } as const;

export type CorrelatorTopic = keyof typeof CORRELATOR_GROUPS;

export interface PartitionDeps {
  log: EventLog;
  store: Store;
  metrics: CorrelatorMetrics;
  rules: ReadonlyMap<string, CompiledRule>;
  index: RuleIndex;
  /** How many ids back a repeated record is recognised. */
  rememberIds: number;
  maxGroupsPerRule: number;
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
  readonly #owner: string;
  readonly #recent: RecentIds;
  #groups: Groups;
  /** What the store holds; the next transaction must find it unchanged. */
  #stored: number | undefined;
  /** The next offset to be processed; at or after `#stored`. */
  #next = 0;
  #unsent = true;
  #stale = false;
  #turn: Promise<void> = Promise.resolve();

  private constructor(topic: CorrelatorTopic, partition: number, deps: PartitionDeps) {
    this.#deps = deps;
    this.#topic = topic;
    this.#group = CORRELATOR_GROUPS[topic];
    this.#partition = partition;
    this.#owner = `${topic}/${partition}`;
    this.#recent = new RecentIds(deps.rememberIds);
    this.#groups = new Groups(deps.rules, deps.maxGroupsPerRule, deps.metrics, deps.now);
  }

  /** Loads what the last owner left. Reading resumes some way back, only to learn the recent ids again. */
  static async open(topic: CorrelatorTopic, partition: number, deps: PartitionDeps): Promise<{ partition: Partition; resumeAt: number | undefined }> {
    const opened = new Partition(topic, partition, deps);
    await opened.#load();
    await opened.#sendOutbox();
    return { partition: opened, resumeAt: opened.#stored === undefined ? undefined : Math.max(0, opened.#stored - deps.rememberIds) };
  }

  async #load(): Promise<void> {
    const { store, rules, maxGroupsPerRule, metrics, now } = this.#deps;
    this.#stored = await readPosition(store.db, this.#group, this.#topic, this.#partition);
    this.#next = this.#stored ?? 0;
    this.#groups = new Groups(rules, maxGroupsPerRule, metrics, now);
    this.#groups.load(await loadRuleStates(store.db, this.#topic, this.#partition));
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

  /** Forgets groups that nothing can join any more. */
  async sweep(): Promise<void> {
    await this.#exclusively(async () => {
      this.#groups.expire();
      if (this.#groups.changed) await this.#store(this.#next, new Map());
    });
  }

  /** One at a time; after a failure the memory may be ahead of the store, so it is loaded again first. */
  #exclusively(work: () => Promise<void>): Promise<void> {
    const run = this.#turn.then(async () => {
      if (this.#stale) await this.#load();
      this.#stale = true;
      await work();
      this.#stale = false;
    });
    this.#turn = run.catch(() => undefined);
    return run;
  }

  async #process(batch: Batch, added: string[]): Promise<void> {
    await this.#sendOutbox();
    const signals: LogRecord[] = [];
    const poison: LogRecord[] = [];
    const members = new Map<string, { rule: CompiledRule; group: Group; matches: Match[] }>();
    const count = (rule: CompiledRule, group: Group, match: Match): void => {
      for (const member of this.#groups.step(rule, group, match)) {
        const id = incidentIdOf(rule, group, member);
        const entry = members.get(id);
        if (entry === undefined) members.set(id, { rule, group, matches: [member] });
        else entry.matches.push(member);
      }
    };
    let next = this.#next;
    for (const record of batch.records) {
      const id = record.headers['ce_id'] ?? '';
      const fresh = this.#recent.add(id);
      if (fresh) added.push(id);
      if (record.offset < this.#next) continue;
      next = record.offset + 1;
      if (!fresh) {
        this.#deps.metrics.duplicates.inc();
        continue;
      }
      try {
        if (this.#topic === Topic.Signals) this.#countSignal(record, count);
        else this.#correlate(decodeEvent<Violation>(record, EventType.Violation), signals, count);
      } catch (error) {
        if (!(error instanceof UndecodableRecord)) throw error;
        poison.push(this.#poison(record, error));
      }
    }
    if (poison.length > 0) await appendDeadLetters(this.#deps.log, poison);
    // Signals go out before the offset moves: should we stop in between, they come again with the same ids.
    if (signals.length > 0) await this.#deps.log.append(Topic.Signals, signals);
    await this.#store(next, members);
    await this.#sendOutbox();
  }

  #correlate(violation: Violation, signals: LogRecord[], count: (rule: CompiledRule, group: Group, match: Match) => void): void {
    let match: Match | undefined;
    this.#deps.index.match(violation, (rule) => {
      match ??= toMatch(violation);
      this.#deps.metrics.matches.inc({ rule: rule.name });
      const group = groupOf(rule, violation);
      if (countsHere(rule, violation)) count(rule, group, match);
      else signals.push(toSignal(rule, group, match, violation));
    });
  }

  #countSignal(record: StoredRecord, count: (rule: CompiledRule, group: Group, match: Match) => void): void {
    const signal = decodeEvent<Signal>(record, EventType.Signal);
    const rule = this.#deps.rules.get(signal.rule);
    // A rule that was changed or removed since is counted anew from its own matches.
    if (rule === undefined || rule.version !== signal.ruleVersion) return;
    count(rule, { values: signal.group, key: signal.groupKey }, signal.match);
  }

  async #store(next: number, members: ReadonlyMap<string, { rule: CompiledRule; group: Group; matches: Match[] }>): Promise<void> {
    const idle = members.size === 0 && !this.#groups.changed;
    if (idle && next - (this.#stored ?? 0) < IDLE_POSITION_RECORDS) {
      this.#next = next;
      return;
    }
    const { store, metrics } = this.#deps;
    const changes = this.#groups.takeChanges();
    let opened = 0;
    await store.transaction(async (tx) => {
      if (!(await advancePosition(tx, this.#group, this.#topic, this.#partition, this.#stored, next))) {
        throw new Fenced(`Partition ${this.#owner} has another owner.`);
      }
      await saveRuleStates(tx, this.#topic, this.#partition, changes.saved);
      await deleteRuleStates(tx, this.#topic, this.#partition, changes.removed);
      if (members.size === 0) return;
      const before = await getIncidents(tx, [...members.keys()]);
      const after = [...members].map(([id, { rule, group, matches }]) => addMembers(id, before.get(id), rule, group, matches));
      opened = after.length - before.size;
      await upsertIncidents(tx, after);
      await addIncidentViolations(
        tx,
        [...members].flatMap(([id, { matches }]) =>
          matches.map((match) => ({ incidentId: id, violationId: match.id, time: new Date(match.t).toISOString() })),
        ),
      );
      await putOutbox(
        tx,
        this.#owner,
        after.map((incident) => ({
          topic: Topic.Incidents,
          ...encodeEvent(
            incident.id,
            { id: `${incident.id}/${incident.version}`, type: EventType.Incident, source: '/tocsin/correlator', time: incident.last_seen },
            incident,
          ),
        })),
      );
    });
    this.#stored = next;
    this.#next = next;
    this.#unsent ||= members.size > 0;
    metrics.incidentsOpened.inc(opened);
  }

  async #sendOutbox(): Promise<void> {
    while (this.#unsent) {
      const rows = await takeOutbox(this.#deps.store.db, this.#owner, OUTBOX_STEP);
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

  #poison(record: StoredRecord, error: UndecodableRecord): LogRecord {
    const time = new Date(this.#deps.now()).toISOString();
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

function toSignal(rule: CompiledRule, group: Group, match: Match, violation: Violation): LogRecord {
  const signal: Signal = { rule: rule.name, ruleVersion: rule.version, group: group.values, groupKey: group.key, match };
  return encodeEvent(
    JSON.stringify([rule.name, group.key]),
    { id: `${violation.id}/${rule.name}/${rule.version}`, type: EventType.Signal, source: '/tocsin/correlator', time: violation.time },
    signal,
  );
}
