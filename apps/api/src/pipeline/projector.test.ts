import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Violation } from '@tocsin/domain';
import { EventType, Topic, deadLetter, encodeEvent, openEmbeddedLog, topicSpecs, type Batch, type EventLog, type LogRecord } from '@tocsin/event-log';
import { createLogger, createMetrics } from '@tocsin/runtime';
import { getDeadLetter, getViolation, listDeadLetters, listViolations, migrate, openStore, type Store } from '@tocsin/store';
import { buildViolation } from '@tocsin/testing';
import { createApiMetrics } from '../metrics.js';
import { projectDeadLetters, projectViolations, type ProjectorDeps } from './projector.js';

const NOW = Date.UTC(2026, 8, 14, 15);

function recordOf(violation: { [Field in keyof Violation]?: unknown }): LogRecord {
  return encodeEvent('k', { id: String(violation.id), type: EventType.Violation, source: '/test', time: '2026-09-14T14:02:11.123Z' }, violation);
}

function batchOf(topic: string, records: readonly LogRecord[]): Batch {
  return {
    topic,
    partition: 2,
    records: records.map((record, index) => ({ ...record, offset: 40 + index, timestamp: NOW })),
    highWatermark: 40 + records.length,
    signal: AbortSignal.any([]),
    done: () => undefined,
    heartbeat: async () => undefined,
  };
}

describe('projector', () => {
  let log: EventLog;
  let store: Store;
  let deps: ProjectorDeps;
  beforeEach(async () => {
    log = await openEmbeddedLog({ file: ':memory:' });
    await log.ensureTopics(topicSpecs(1));
    store = await openStore({ file: ':memory:' });
    await migrate(store);
    deps = { log, store, clock: { now: () => NOW }, logger: createLogger('test', 'silent'), metrics: createApiMetrics(createMetrics('test', '0')) };
  });
  afterEach(async () => {
    await log.close();
    await store.close();
  });
  const deadLetters = async (): Promise<number> => (await log.offsets(Topic.DeadLetters))[0]!.end;

  it('stores violations, and once when a batch comes again', async () => {
    const violations = [buildViolation(), buildViolation({ name: 'Other', workload: {} })];
    const batch = batchOf(Topic.Violations, violations.map(recordOf));
    await projectViolations(batch, deps);
    await projectViolations(batch, deps);
    expect((await listViolations(store.db, {}, { limit: 9 })).items).toHaveLength(2);
    expect(await getViolation(store.db, violations[0]!.id)).toEqual(violations[0]);
    expect(await deadLetters()).toBe(0);
  });

  it('keeps fields that a newer producer adds', async () => {
    const newer = { ...buildViolation(), kind: 'quantum', wave: { function: 1 } };
    await projectViolations(batchOf(Topic.Violations, [recordOf(newer)]), deps);
    expect(await getViolation(store.db, newer.id)).toEqual(newer);
  });

  it.each([
    ['bytes that are not JSON', { ...recordOf(buildViolation()), value: Buffer.from('{') }],
    ['another type of event', { ...recordOf(buildViolation()), headers: { ce_type: EventType.Incident } }],
    ['an id that is none', recordOf({ ...buildViolation(), id: 'a\u0000b' })],
    ['a time that is none', recordOf({ ...buildViolation(), time: 'yesterday' })],
    ['a time beyond what a date holds', recordOf({ ...buildViolation(), time: '+275761-01-01T00:00:00.000Z' })],
    ['a severity that is none', recordOf({ ...buildViolation(), severity_id: '5' })],
    ['no workload', recordOf({ ...buildViolation(), workload: null })],
    ['a namespace that is no text', recordOf({ ...buildViolation(), workload: { namespace: ['a'] } })],
  ])('sends %s to the dead letters and goes on', async (_, bad) => {
    const good = buildViolation();
    await projectViolations(batchOf(Topic.Violations, [bad, recordOf(good)]), deps);
    expect((await listViolations(store.db, {}, { limit: 9 })).items).toEqual([good]);
    expect(await deadLetters()).toBe(1);
  });

  it('says where a dead letter came from', async () => {
    const letters: LogRecord[] = [];
    const recording: EventLog = Object.assign(Object.create(log) as EventLog, {
      append: async (_topic: string, records: LogRecord[]) => void letters.push(...records),
    });
    await projectViolations(batchOf(Topic.Violations, [{ key: 'k', value: Buffer.from('x'), headers: {} }]), { ...deps, log: recording });
    expect(letters[0]).toMatchObject({
      key: 'k',
      value: Buffer.from('x'),
      headers: {
        'tocsin.error.stage': 'project',
        'tocsin.error.reason': 'undecodable',
        'tocsin.error.topic': Topic.Violations,
        'tocsin.error.partition': '2',
        'tocsin.error.offset': '40',
      },
    });
  });

  it('rejects when the store is away, and dead-letters nothing, so that the batch comes again', async () => {
    const closed = await openStore({ file: ':memory:' });
    await closed.close();
    const batch = batchOf(Topic.Violations, [recordOf(buildViolation()), { key: null, value: Buffer.from('x'), headers: {} }]);
    await expect(projectViolations(batch, { ...deps, store: closed })).rejects.toThrow();
    expect(await deadLetters()).toBe(0);
  });

  it('stores dead letters with their reason, once', async () => {
    const record = deadLetter(
      { key: 'k\u0000', value: Buffer.from([0xff]), headers: { ce_id: 'x' } },
      {
        stage: 'decode',
        reason: 'bad_input',
        message: 'not JSON',
        component: 'falco',
        attempts: 1,
        firstTime: '',
        lastTime: '',
      },
    );
    const batch = batchOf(Topic.DeadLetters, [record]);
    await projectDeadLetters(batch, deps);
    await projectDeadLetters(batch, deps);
    expect((await listDeadLetters(store.db, { stage: 'decode', component: 'falco' }, { limit: 9 })).items).toHaveLength(1);
    expect(await getDeadLetter(store.db, '2-40')).toMatchObject({ key: 'k\u0000', value: Buffer.from([0xff]), time: '2026-09-14T15:00:00.000Z' });
  });

  it('keeps a dead letter that does not say why it is one', async () => {
    await projectDeadLetters(batchOf(Topic.DeadLetters, [{ key: null, value: Buffer.alloc(0), headers: {} }]), deps);
    expect(await getDeadLetter(store.db, '2-40')).toMatchObject({ stage: 'unknown', reason: 'unknown' });
    expect(await deadLetters()).toBe(0);
  });
});
