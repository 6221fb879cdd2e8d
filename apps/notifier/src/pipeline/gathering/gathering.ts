import { EventType, Topic, encodeEvent, type Batch, type EventLog } from '@tocsin/event-log';
import type { Logger } from '@tocsin/runtime';
import {
  advanceGathered,
  deleteGroupRow,
  deleteIdleGroups,
  deleteOutbox,
  dueGroups,
  lockGroup,
  putGroup,
  putOutbox,
  readGathered,
  takeOutbox,
  type Queryable,
  type Store,
} from '@tocsin/store';
import type { Digest } from '@tocsin/domain';
import type { NotifierMetrics } from '../../metrics.js';
import type { SubscribedEvent } from '../event.js';
import type { Waiting } from '../sender.js';
import type { GatheringPlan } from './config.js';
import { nextDigest, type ToldState } from './digest.js';
import { groupOf } from './group-of.js';
import { emptyGathered, fateOf, withStep, type Gathered } from './ranges.js';
import { StormGauge } from './storm.js';
import { afterTelling, emptyTally, withEvent, type Tally } from './tally.js';

export interface GatheringDeps {
  store: Store;
  log: EventLog;
  logger: Logger;
  metrics: NotifierMetrics;
  /** Milliseconds since 1970. */
  now(): number;
}

/** More severe than anything: none is told by itself. */
const NONE = 7;
const TOLD = -1;
const GROUPS_A_ROUND = 100;
const FORGET_AFTER_MS = 7 * 24 * 3_600_000;
const FORGET_EVERY_MS = 3_600_000;

/**
 * What a subscription tells of many events at once. Events are taken out of the stream and counted in the store, in one
 * transaction with how far the partition was looked at, so that each counts once whatever crashes. Whoever has partition 0
 * makes digests of what is due; they go to `tocsin.digests` by way of the outbox, and from there to the channel as every
 * event does, with retries, order and dead letters.
 */
export class Gathering {
  readonly #subscription: string;
  readonly #events: Digest['events'];
  readonly #plan: GatheringPlan;
  readonly #deps: GatheringDeps;
  readonly #gauge: StormGauge;
  /** Of events that storms leave alone, lest they make one of their own. */
  readonly #severe: StormGauge;
  readonly #partitions = new Map<number, { gathered: Gathered; stored: number | undefined }>();
  #forgotAt = 0;

  constructor(subscription: string, events: Digest['events'], plan: GatheringPlan, deps: GatheringDeps) {
    this.#subscription = subscription;
    this.#events = events;
    this.#plan = plan;
    this.#deps = deps;
    const above = plan.kind === 'storm' ? plan.above : Infinity;
    this.#gauge = new StormGauge(above);
    this.#severe = new StormGauge(above);
  }

  /** The process has, or no longer has, the partition: what is known of it is read anew when it comes back. */
  forget(partition: number): void {
    this.#partitions.delete(partition);
  }

  /** Divides what is to be told into what goes on one by one and what was gathered. Durable when it resolves. */
  async split(batch: Batch, waiting: readonly Waiting[]): Promise<{ tell: Waiting[]; gathered: Waiting[] }> {
    const place = await this.#place(batch.partition);
    const [tell, taken]: [Waiting[], Waiting[]] = [[], []];
    const added = new Map<string, Waiting[]>();
    let next = place.gathered;
    for (const item of waiting) {
      const { offset, timestamp } = item.record;
      const { severityId } = item.event.delivery.event;
      const before = fateOf(place.gathered, offset, severityId);
      if (before !== undefined) {
        (before === 'told' ? tell : taken).push(item);
        continue;
      }
      const { gather, individually } = this.#decide(timestamp, severityId);
      next = withStep(next, offset, offset + 1, gather, individually);
      if (!gather || severityId >= individually) {
        tell.push(item);
        continue;
      }
      taken.push(item);
      const group = this.#groupOf(item.event);
      const items = added.get(group);
      if (items === undefined) added.set(group, [item]);
      else items.push(item);
    }
    // Also where all is told one by one: what was told must not be counted as well when it comes again after a crash.
    if (next.to > place.gathered.to) await this.#keep(batch.partition, place, next, added);
    return { tell, gathered: taken };
  }

  /** Makes digests of what is due and tells them. `mine`: whether this process has partition 0. Rejects when store or log are away. */
  async round(mine: boolean): Promise<void> {
    if (!mine) return;
    const { store, now } = this.#deps;
    await this.#publish();
    for (const group of await dueGroups(store.db, this.#subscription, iso(now()), GROUPS_A_ROUND)) {
      await store.transaction((tx) => this.#tell(tx, group));
    }
    await this.#publish();
    if (now() - this.#forgotAt < FORGET_EVERY_MS) return;
    this.#forgotAt = now();
    await deleteIdleGroups(store.db, this.#subscription, iso(now() - FORGET_AFTER_MS));
  }

  async #place(partition: number): Promise<{ gathered: Gathered; stored: number | undefined }> {
    const known = this.#partitions.get(partition);
    if (known !== undefined) return known;
    const row = await readGathered(this.#deps.store.db, this.#subscription, partition);
    const read =
      row === undefined ? { gathered: emptyGathered(), stored: undefined } : { gathered: JSON.parse(row.state) as Gathered, stored: row.nextOffset };
    this.#partitions.set(partition, read);
    return read;
  }

  #decide(timestamp: number, severityId: number): { gather: boolean; individually: number } {
    if (this.#plan.kind === 'group') return { gather: true, individually: NONE };
    const { individually } = this.#plan;
    const storm = this.#gauge.add(timestamp);
    const severe = severityId >= individually && this.#severe.add(timestamp);
    return { gather: storm, individually: severe ? NONE : individually };
  }

  #groupOf({ data }: SubscribedEvent): string {
    return this.#plan.kind === 'group' ? groupOf(data, this.#plan.by) : '{}';
  }

  async #keep(
    partition: number,
    place: { stored: number | undefined },
    next: Gathered,
    added: ReadonlyMap<string, readonly Waiting[]>,
  ): Promise<void> {
    const { store, now, metrics } = this.#deps;
    const time = now();
    const kept = await store.transaction(async (tx) => {
      const state = { nextOffset: next.to, state: JSON.stringify(next) };
      if (!(await advanceGathered(tx, this.#subscription, partition, place.stored, state))) return false;
      for (const [group, items] of [...added].toSorted(([a], [b]) => (a < b ? -1 : 1))) await this.#add(tx, partition, group, items, time);
      return true;
    });
    this.#partitions.delete(partition);
    if (!kept) throw new Error('Another process gathers this partition now.');
    this.#partitions.set(partition, { gathered: next, stored: next.to });
    metrics.gathered.inc(
      { subscription: this.#subscription },
      [...added.values()].reduce((sum, items) => sum + items.length, 0),
    );
  }

  async #add(tx: Queryable, partition: number, group: string, items: readonly Waiting[], now: number): Promise<void> {
    const rows = await lockGroup(tx, this.#subscription, group);
    const own = rows.find((row) => row.partition === partition);
    const told = rows.find((row) => row.partition === TOLD);
    const before = own === undefined ? emptyTally() : (JSON.parse(own.state) as Tally);
    const tally = items.reduce(
      (sum, { event }) => withEvent(sum, { events: this.#events, data: event.data } as Parameters<typeof withEvent>[1]),
      before,
    );
    const dueAt = own?.dueAt ?? iso(this.#dueAt(told === undefined ? undefined : (JSON.parse(told.state) as ToldState), now));
    await putGroup(tx, this.#subscription, group, { partition, state: JSON.stringify(tally), dueAt }, iso(now));
  }

  #dueAt(told: ToldState | undefined, now: number): number {
    const plan = this.#plan;
    if (plan.kind === 'storm') return now + plan.everyMs;
    return Math.max(now + plan.waitMs, told === undefined ? -Infinity : Date.parse(told.at) + plan.intervalMs);
  }

  async #tell(tx: Queryable, group: string): Promise<void> {
    const now = this.#deps.now();
    const rows = await lockGroup(tx, this.#subscription, group);
    if (!rows.some(({ dueAt }) => dueAt !== null && dueAt <= iso(now))) return;
    const told = rows.find(({ partition }) => partition === TOLD);
    const tallies = rows
      .filter(({ partition }) => partition !== TOLD)
      .map(({ partition, state }) => ({ partition, tally: JSON.parse(state) as Tally }));
    const open = tallies.some(({ tally }) => Object.keys(tally.open).length > 0);
    const some = tallies.some(({ tally }) => tally.count > 0);
    const before = told === undefined ? undefined : (JSON.parse(told.state) as ToldState);
    if (!some && !open) {
      if (told !== undefined) await putGroup(tx, this.#subscription, group, { ...told, dueAt: null }, iso(now));
      return;
    }
    const { digest, told: after } = nextDigest({
      subscription: this.#subscription,
      events: this.#events,
      kind: this.#plan.kind,
      group,
      tallies: tallies.map(({ tally }) => tally),
      told: before,
      now: iso(now),
    });
    for (const { partition, tally } of tallies) {
      const left = afterTelling(tally);
      if (this.#plan.kind === 'storm' || Object.keys(left.open).length === 0) await deleteGroupRow(tx, this.#subscription, group, partition);
      else await putGroup(tx, this.#subscription, group, { partition, state: JSON.stringify(left), dueAt: null }, iso(now));
    }
    const repeatMs = this.#plan.kind === 'group' && open ? this.#plan.repeatMs : undefined;
    const dueAt = repeatMs === undefined ? null : iso(now + repeatMs);
    await putGroup(tx, this.#subscription, group, { partition: TOLD, state: JSON.stringify(after), dueAt }, iso(now));
    const { key, value, headers } = encodeEvent(
      this.#subscription,
      { id: digest.id, type: EventType.Digest, source: '/tocsin/notifier', time: digest.time },
      digest,
    );
    await putOutbox(tx, this.#outbox, [{ topic: Topic.Digests, key, value, headers }]);
    this.#deps.metrics.digests.inc({ subscription: this.#subscription, reason: digest.reason });
  }

  get #outbox(): string {
    return `digests/${this.#subscription}`;
  }

  /** A crash in between appends them again, with the same ids. */
  async #publish(): Promise<void> {
    const { store, log } = this.#deps;
    const rows = await takeOutbox(store.db, this.#outbox, GROUPS_A_ROUND);
    if (rows.length === 0) return;
    await log.append(
      Topic.Digests,
      rows.map(({ key, value, headers }) => ({ key, value, headers })),
    );
    await deleteOutbox(
      store.db,
      rows.map(({ id }) => id),
    );
  }
}

function iso(ms: number): string {
  return new Date(ms).toISOString();
}
