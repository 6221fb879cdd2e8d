import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Digest, Violation } from '@tocsin/domain';
import { Topic, openEmbeddedLog, topicSpecs, type Batch, type EventLog, type StoredRecord } from '@tocsin/event-log';
import { createLogger, Registry } from '@tocsin/runtime';
import { migrate, openStore, type Store } from '@tocsin/store';
import { buildIncident, buildViolation } from '@tocsin/testing';
import fc from 'fast-check';
import { createNotifierMetrics } from '../../metrics.js';
import { eventually } from '../testing.js';
import type { Waiting } from '../sender.js';
import type { GatheringPlan } from './config.js';
import { Gathering } from './gathering.js';

const BEGIN = Date.parse('2026-09-14T14:00:00.000Z');
const STORM: GatheringPlan = { kind: 'storm', above: 10, everyMs: 60_000, individually: 5 };
const GROUP: GatheringPlan = { kind: 'group', by: ['workload.namespace'], waitMs: 30_000, intervalMs: 300_000, repeatMs: 3_600_000 };

describe('gathering', () => {
  let store: Store;
  let log: EventLog;
  let now: number;
  const digests = new Map<string, Digest>();
  let repeats = 0;
  beforeEach(async () => {
    store = await openStore({ file: ':memory:' });
    await migrate(store);
    log = await openEmbeddedLog({ file: ':memory:' });
    await log.ensureTopics(topicSpecs(1));
    now = BEGIN;
    digests.clear();
    repeats = 0;
    await log.consume({
      topic: Topic.Digests,
      group: 'test',
      onBatch: async ({ records }) => {
        for (const { value } of records) {
          const digest = JSON.parse(value.toString()) as Digest;
          if (digests.has(digest.id)) repeats++;
          digests.set(digest.id, digest);
        }
      },
    });
  });
  afterEach(async () => {
    await log.close();
    await store.close();
  });

  const open = (plan: GatheringPlan, events: Digest['events'] = 'violations'): Gathering =>
    new Gathering('soc', events, plan, {
      store,
      log,
      logger: createLogger('test', 'silent'),
      metrics: createNotifierMetrics(new Registry()),
      now: () => now,
    });

  function item(offset: number, data: Pick<Violation, 'severity_id'>, timestamp = now): Waiting {
    const record = { offset, timestamp, key: null, value: Buffer.alloc(0), headers: {} } satisfies StoredRecord;
    return { record, event: { data, delivery: { event: { severityId: data.severity_id } } } } as unknown as Waiting;
  }
  const batchOf = (partition: number, items: readonly Waiting[]): Batch =>
    ({ topic: Topic.Violations, partition, records: items.map(({ record }) => record) }) as unknown as Batch;
  const split = (gathering: Gathering, partition: number, items: readonly Waiting[]) => gathering.split(batchOf(partition, items), items);
  const counts = (): number => [...digests.values()].reduce((sum, { count }) => sum + count, 0);
  const told = (count: number): Promise<void> => eventually(() => digests.size === count);

  it('tells one by one what is no storm, and a storm by its counts', async () => {
    const gathering = open(STORM);
    const items = Array.from({ length: 30 }, (_, offset) =>
      item(offset, buildViolation({ name: offset % 3 === 0 ? 'miner' : 'shell', severity_id: 3 })),
    );
    const { tell, gathered } = await split(gathering, 0, items);
    expect([tell.length, gathered.length]).toEqual([10, 20]);
    await gathering.round(true);
    expect(digests.size).toBe(0);
    now += 60_000;
    await gathering.round(true);
    await told(1);
    const [digest] = digests.values();
    expect(digest).toMatchObject({
      subscription: 'soc',
      events: 'violations',
      reason: 'storm',
      count: 20,
      severity_id: 3,
      severities: { medium: 20 },
      group: {},
    });
    expect(digest?.names.values.map(({ count }) => count).reduce((a, b) => a + b)).toBe(20);
  });

  it('lets the severe through, as long as they are few', async () => {
    const gathering = open(STORM);
    const items = Array.from({ length: 100 }, (_, offset) => item(offset, buildViolation({ severity_id: offset % 2 === 0 ? 5 : 3 })));
    const { tell, gathered } = await split(gathering, 0, items);
    expect(tell.filter(({ event }) => event.delivery.event.severityId === 5)).toHaveLength(10);
    expect(tell.length + gathered.length).toBe(100);
  });

  it('is one digest, whatever partitions it comes from, made by one process', async () => {
    const gathering = open({ ...STORM, above: 1 });
    for (const partition of [0, 1, 2])
      await split(
        gathering,
        partition,
        Array.from({ length: 5 }, (_, offset) => item(offset, buildViolation())),
      );
    now += 60_000;
    await gathering.round(false);
    await gathering.round(true);
    await told(1);
    expect(counts()).toBe(14);
  });

  it('counts each event once, whatever crashes and comes again', async () => {
    const stories = fc.array(
      fc.record({ size: fc.integer({ min: 1, max: 40 }), seconds: fc.integer({ min: 0, max: 30 }), crash: fc.boolean(), again: fc.nat(60) }),
      {
        minLength: 1,
        maxLength: 12,
      },
    );
    let story = 0;
    await fc.assert(
      fc.asyncProperty(stories, async (steps) => {
        // Stories share the store, on a partition of their own.
        const partition = ++story;
        const before = counts();
        let gathering = open(STORM);
        const items: Waiting[] = [];
        const individually = new Set<number>();
        for (const { size, seconds, crash, again } of steps) {
          now += seconds * 1_000;
          const from = Math.max(0, items.length - (crash ? again : 0));
          for (let index = 0; index < size; index++) items.push(item(items.length, buildViolation({ severity_id: index % 7 === 0 ? 5 : 2 })));
          // After a crash the log gives again what was not committed.
          if (crash) gathering = open(STORM);
          const { tell } = await split(gathering, partition, items.slice(from));
          for (const { record } of tell) individually.add(record.offset);
          if (crash) await gathering.round(true);
        }
        now += 120_000;
        await gathering.round(true);
        await gathering.round(true);
        await eventually(() => counts() - before + individually.size === items.length);
      }),
      {
        numRuns: 40,
        // What had been told one by one was counted as well when it came again after a crash.
        examples: [
          [
            [
              { size: 3, seconds: 0, crash: false, again: 0 },
              { size: 3, seconds: 0, crash: false, again: 0 },
              { size: 5, seconds: 0, crash: true, again: 0 },
              { size: 1, seconds: 0, crash: true, again: 11 },
              { size: 2, seconds: 6, crash: false, again: 0 },
            ],
          ],
        ],
      },
    );
    expect(repeats).toBe(0);
  }, 60_000);

  it('refuses to count what another process counts', async () => {
    const [one, two] = [open({ ...STORM, above: 1 }), open({ ...STORM, above: 1 })];
    const items = Array.from({ length: 10 }, (_, offset) => item(offset, buildViolation()));
    await split(one, 0, items.slice(0, 5));
    await split(two, 0, items.slice(0, 8));
    await expect(split(one, 0, items.slice(5))).rejects.toThrow('Another process');
    // Then it looks at what there is.
    await split(one, 0, items.slice(5));
    now += 60_000;
    await one.round(true);
    await told(1);
    // Each of the two told one before it saw a storm.
    expect(counts()).toBe(8);
  });

  it('tells a digest again with the same id when the process crashed before it was known to be told', async () => {
    const gathering = open({ ...STORM, above: 1 });
    await split(
      gathering,
      0,
      Array.from({ length: 5 }, (_, offset) => item(offset, buildViolation())),
    );
    now += 60_000;
    const failing = new Gathering(
      'soc',
      'violations',
      { ...STORM, above: 1 },
      {
        store,
        log: { ...log, append: () => Promise.reject(new Error('away')) } as unknown as EventLog,
        logger: createLogger('test', 'silent'),
        metrics: createNotifierMetrics(new Registry()),
        now: () => now,
      },
    );
    await expect(failing.round(true)).rejects.toThrow('away');
    await gathering.round(true);
    await told(1);
    expect(counts()).toBe(4);
  });

  describe('by groups', () => {
    const of = (namespace: string, parts: Partial<Violation> = {}) => buildViolation({ workload: { namespace, name: 'web' }, ...parts });

    it('waits for more, then tells at intervals, each group by itself', async () => {
      const gathering = open(GROUP);
      await split(gathering, 0, [item(0, of('shop')), item(1, of('pay')), item(2, of('shop'))]);
      now += 29_000;
      await gathering.round(true);
      expect(digests.size).toBe(0);
      now += 1_000;
      await gathering.round(true);
      await told(2);
      expect(new Set([...digests.values()].map(({ group, count }) => `${group['workload.namespace']} ${count}`))).toEqual(
        new Set(['pay 1', 'shop 2']),
      );
      await split(gathering, 0, [item(3, of('shop'))]);
      now += 299_000;
      await gathering.round(true);
      expect(digests.size).toBe(2);
      now += 1_000;
      await gathering.round(true);
      await told(3);
      expect(counts()).toBe(4);
    });

    it('reminds of incidents that are not resolved, and stops when they are', async () => {
      const gathering = open({ ...GROUP, by: ['rule.name'] }, 'incidents');
      const incident = buildIncident({ first_seen: new Date(BEGIN).toISOString() });
      await split(gathering, 0, [item(0, incident)]);
      now += 30_000;
      await gathering.round(true);
      await told(1);
      now += 3_600_000;
      await gathering.round(true);
      await told(2);
      expect([...digests.values()].map(({ reason, count, unresolved }) => [reason, count, unresolved])).toEqual([
        ['group', 1, 1],
        ['repeat', 0, 1],
      ]);
      await split(gathering, 0, [item(1, buildIncident({ ...incident, version: 2, status: 'resolved', change: 'resolved' }))]);
      now += 300_000;
      await gathering.round(true);
      await told(3);
      for (let hour = 0; hour < 3; hour++) {
        now += 3_600_000;
        await gathering.round(true);
      }
      expect([...digests.values()].at(-1)).toMatchObject({ reason: 'group', count: 1, unresolved: 0 });
      expect(digests.size).toBe(3);
    });
  });
});
