import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { violationKey, type Incident, type Violation } from '@tocsin/domain';
import { EventType, Topic, encodeEvent, openEmbeddedLog, topicSpecs, type Consumer, type EventLog } from '@tocsin/event-log';
import { buildRegistry } from '@tocsin/extension';
import { createLogger, createMetrics } from '@tocsin/runtime';
import { listIncidents, migrate, openStore, takeOutbox, type Store } from '@tocsin/store';
import { buildViolation } from '@tocsin/testing';
import { createCorrelatorMetrics } from '../metrics.js';
import { ruleKinds } from '../rules/index.js';
import { Correlator } from './correlator.js';
import { CORRELATOR_GROUPS, type CorrelatorTopic } from './partition.js';
import { compileRule, type RuleDefinition } from './rule.js';
import { RuleIndex } from './rule-index.js';

const WORKLOAD = ['cluster', 'workload.namespace', 'workload.name'];

function rule(name: string, parts: Partial<RuleDefinition> = {}): RuleDefinition {
  return { name, title: name, severity: 4, filter: 'true', groupBy: WORKLOAD, attacks: [], kind: 'single', kindConfig: {}, ...parts };
}

const shells = rule('shells', { filter: 'violation.name == "shell"' });
const burst = rule('burst', { kind: 'event_count', kindConfig: { timespan: 60_000, condition: { gte: 3 } } });
const byUser = rule('by-user', {
  kind: 'event_count',
  kindConfig: { timespan: 60_000, condition: { gte: 4 } },
  groupBy: ['cluster', 'user.name'],
  filter: 'has(violation.user)',
});

/** Seconds after the start of the story. */
function at(seconds: number, parts: Partial<Violation> = {}): Violation {
  return buildViolation({ time: new Date(Date.UTC(2026, 8, 14, 14, 0, 0) + seconds * 1000).toISOString(), ...parts });
}

describe('correlator', () => {
  let log: EventLog;
  let store: Store;
  let running: { stop(): Promise<void> }[];

  beforeEach(async () => {
    running = [];
    await open(4);
  });
  afterEach(async () => {
    for (const replica of running) await replica.stop();
    await log.close();
    await store.close();
  });

  async function open(partitions: number): Promise<void> {
    log = await openEmbeddedLog({ file: ':memory:' });
    await log.ensureTopics(topicSpecs(partitions));
    store = await openStore({ file: ':memory:' });
    await migrate(store);
  }

  async function start(rules: RuleDefinition[], using: EventLog = log): Promise<{ stop(): Promise<void> }> {
    const kinds = buildRegistry('rule kind', ruleKinds);
    const compiled = rules.map((definition) => compileRule(definition, kinds));
    const correlator = new Correlator({
      log: using,
      store,
      metrics: createCorrelatorMetrics(createMetrics('test', '0')),
      rules: new Map(compiled.map((one) => [one.name, one])),
      index: new RuleIndex(compiled),
      rememberIds: 1000,
      maxGroupsPerRule: 1000,
      now: () => Date.now(),
      logger: createLogger('test', 'silent'),
    });
    const consumers: Consumer[] = [];
    for (const topic of Object.keys(CORRELATOR_GROUPS) as CorrelatorTopic[]) {
      consumers.push(
        await log.consume({
          topic,
          group: CORRELATOR_GROUPS[topic],
          maxBatchRecords: 7,
          onAssigned: (partition) => correlator.assigned(topic, partition),
          onRevoked: (partition) => correlator.revoked(topic, partition),
          onBatch: (batch) => correlator.process(topic, batch),
        }),
      );
    }
    const replica = { stop: async () => void (await Promise.all(consumers.map((consumer) => consumer.stop()))) };
    running.push(replica);
    return replica;
  }

  async function push(...violations: Violation[]): Promise<void> {
    await log.append(
      Topic.Violations,
      violations.map((violation) =>
        encodeEvent(violationKey(violation), { id: violation.id, type: EventType.Violation, source: '/test', time: violation.time }, violation),
      ),
    );
  }

  async function caughtUp(): Promise<void> {
    for (const topic of [Topic.Violations, Topic.Signals] as const) {
      await until(async () => {
        const committed = await log.committed(CORRELATOR_GROUPS[topic], topic);
        return (await log.offsets(topic)).every(({ partition, end }) => end === 0 || committed.get(partition) === end);
      });
    }
  }

  async function incidents(): Promise<Incident[]> {
    await caughtUp();
    return (await listIncidents(store.db, {}, { limit: 500 })).items.toSorted((a, b) => (a.id < b.id ? -1 : 1));
  }

  it('opens an incident that says what it holds and why', async () => {
    await start([shells]);
    const violation = at(1, { name: 'shell', pod: { name: 'web-1' }, attacks: [{ tactic: 'execution', technique: 'T1059' }] });
    await push(violation, at(2, { name: 'other' }));
    const [incident, ...others] = await incidents();
    expect(others).toEqual([]);
    expect(incident).toMatchObject({
      version: 1,
      status: 'open',
      title: 'shells (shop/web)',
      reason: '1 violation matched rule "shells", and one match is enough.',
      count: 1,
      first_seen: violation.time,
      violations: [{ id: violation.id, time: violation.time }],
      attacks: [{ tactic: 'execution', technique: 'T1059' }],
      entities: [
        { type: 'pod', name: 'shop/web-1' },
        { type: 'workload', name: 'shop/web' },
      ],
    });
  });

  it('absorbs repeats of a group and publishes each version once', async () => {
    await start([shells]);
    for (let n = 0; n < 5; n++) await push(at(n, { name: 'shell' }));
    const [incident] = await incidents();
    expect(incident).toMatchObject({ count: 5, version: 5 });
    const versions = (await published()).map((change) => change.version);
    expect(new Set(versions).size).toBe(versions.length);
    expect(Math.max(...versions)).toBe(5);
  });

  it('counts a violation that lies on the log twice once', async () => {
    await start([shells, burst]);
    await push(at(1, { name: 'shell' }), at(1, { name: 'shell' }), at(2, { name: 'x' }));
    await push(at(1, { name: 'shell' }));
    expect((await incidents()).map(({ rule: { name }, count }) => [name, count])).toEqual([['shells', 1]]);
  });

  it('counts a group across partitions', async () => {
    await start([byUser]);
    await push(...Array.from({ length: 8 }, (_, n) => at(n, { workload: { namespace: 'shop', name: `w${n}` }, user: { name: 'eve' } })));
    expect((await incidents()).map(({ count, group }) => [count, group])).toEqual([[8, { cluster: 'test', 'user.name': 'eve' }]]);
  });

  it('goes on after a restart as if nothing had happened', async () => {
    const first = await start([shells, burst, byUser]);
    const story = Array.from({ length: 60 }, (_, n) =>
      at(n, { name: n % 3 === 0 ? 'shell' : 'x', workload: { namespace: 'shop', name: `w${n % 5}` }, user: { name: `u${n % 2}` } }),
    );
    await push(...story.slice(0, 31));
    await caughtUp();
    await first.stop();
    await push(...story.slice(31));
    await start([shells, burst, byUser]);
    const interrupted = await incidents();
    await log.close();
    await store.close();
    await open(1);
    await start([shells, burst, byUser]);
    await push(...story);
    expect(await incidents()).toEqual(interrupted.map((incident) => ({ ...incident, change: expect.any(String) })));
  });

  it('neither loses nor repeats when appending the changes fails', async () => {
    let failures = 3;
    const flaky: EventLog = Object.assign(Object.create(log) as EventLog, {
      append: (topic: string, records: never) =>
        topic === Topic.Incidents && failures-- > 0 ? Promise.reject(new Error('away')) : log.append(topic, records),
    });
    await start([shells], flaky);
    await push(at(1, { name: 'shell' }), at(2, { name: 'shell' }));
    const [incident] = await incidents();
    expect(incident).toMatchObject({ count: 2 });
    expect((await published()).at(-1)).toMatchObject({ count: 2 });
    expect(await takeOutbox(store.db, `${Topic.Violations}/0`, 10)).toEqual([]);
  });

  it('puts what it cannot read to the dead letters and goes on', async () => {
    await start([shells]);
    const violation = at(1, { name: 'shell' });
    await log.append(Topic.Violations, [
      { key: violationKey(violation), value: Buffer.from('{'), headers: { ce_type: EventType.Violation, ce_id: 'broken' } },
    ]);
    await push(violation);
    expect(await incidents()).toHaveLength(1);
    expect((await log.offsets(Topic.DeadLetters)).reduce((sum, { end }) => sum + end, 0)).toBe(1);
  });

  async function published(): Promise<Incident[]> {
    const changes: Incident[] = [];
    const consumer = await log.consume({
      topic: Topic.Incidents,
      group: `reader-${Math.random()}`,
      onBatch: async (batch) => void changes.push(...batch.records.map((record) => JSON.parse(record.value.toString()) as Incident)),
    });
    const total = (await log.offsets(Topic.Incidents)).reduce((sum, { end }) => sum + end, 0);
    await until(async () => changes.length >= total);
    await consumer.stop();
    return changes;
  }
});

async function until(condition: () => Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}
