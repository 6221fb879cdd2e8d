import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Action, Incident, Violation } from '@tocsin/domain';
import {
  EventType,
  Topic,
  encodeEvent,
  openEmbeddedLog,
  readDeadLetter,
  topicSpecs,
  type Batch,
  type EventLog,
  type LogRecord,
} from '@tocsin/event-log';
import { parsePolicies } from '@tocsin/policy';
import { Registry, createLogger } from '@tocsin/runtime';
import { migrate, openStore, type Store } from '@tocsin/store';
import { buildIncident, buildViolation } from '@tocsin/testing';
import { createResponderMetrics } from '../metrics.js';
import { publishOutbox } from '../runner/publisher.js';
import type { Records } from '../runner/records.js';
import { sqlRecords } from '../runner/sql-records.js';
import { compilePolicies, type CompiledPolicy } from './plan-actions.js';
import { Responder } from './respond.js';

const policy = (name: string, match: string): CompiledPolicy[] => {
  const text = `apiVersion: tocsin.dev/v1\nkind: ResponsePolicy\nmetadata: { name: ${name} }\nspec: { match: { ${match} }, mode: auto, steps: [{ action: quarantine }] }\n`;
  return compilePolicies(parsePolicies(text, 'test.yaml', {}).responses);
};
const contain = policy('contain', 'incidents: incident.severity_id >= 4');

const pods = (...names: string[]): Partial<Incident> => ({ entities: names.map((name) => ({ type: 'pod', name: `shop/${name}` })) });

describe('responder', () => {
  let log: EventLog;
  let registry: Registry;
  let responder: Responder;
  let failing: Error | undefined;
  let store: Store;

  const open = (policies: readonly CompiledPolicy[]): Responder => {
    registry = new Registry();
    const records = sqlRecords(store, 'test', 60_000);
    const deps = { log, logger: createLogger('test', 'silent'), metrics: createResponderMetrics(registry), now: () => 0 };
    const failingRecords: Records = {
      ...records,
      change: async (work) => {
        if (failing !== undefined) throw failing;
        return records.change(work);
      },
    };
    return new Responder(policies, { ...deps, records: failingRecords, targets: { knows: () => true }, onChanged: () => undefined });
  };
  beforeEach(async () => {
    failing = undefined;
    log = await openEmbeddedLog({ file: ':memory:' });
    await log.ensureTopics(topicSpecs(1));
    store = await openStore({ file: ':memory:' });
    await migrate(store);
    responder = open(contain);
  });
  afterEach(async () => {
    await log.close();
    await store.close();
  });

  const batch = (topic: string, records: readonly LogRecord[]): Batch => ({
    topic,
    partition: 0,
    records: records.map((record, offset) => ({ ...record, offset, timestamp: 0 })),
    highWatermark: records.length,
    signal: AbortSignal.any([]),
    done: () => undefined,
    heartbeat: async () => undefined,
  });
  const changed = (...incidents: Partial<Incident>[]): Batch => {
    const record = (incident: Incident) =>
      encodeEvent(
        incident.id,
        { id: `${incident.id}/${incident.version}`, type: EventType.Incident, source: '/test', time: incident.updated_at },
        incident,
      );
    return batch(
      Topic.Incidents,
      incidents.map((parts) => record(buildIncident(parts))),
    );
  };
  const seen = (...violations: Violation[]): Batch => {
    const record = (violation: Violation) =>
      encodeEvent('k', { id: violation.id, type: EventType.Violation, source: '/test', time: violation.time }, violation);
    return batch(Topic.Violations, violations.map(record));
  };
  const read = async (topic: string): Promise<LogRecord[]> => {
    const [{ end } = { end: 0 }] = await log.offsets(topic);
    const records: LogRecord[] = [];
    if (end === 0) return records;
    const { promise, resolve } = Promise.withResolvers<void>();
    const consumer = await log.consume({
      topic,
      group: `test-${Math.random()}`,
      onBatch: async (found) => {
        records.push(...found.records);
        if (records.length >= end) resolve();
      },
    });
    await promise;
    await consumer.stop();
    return records;
  };
  const actions = async (): Promise<Action[]> => {
    while ((await publishOutbox(store, log)) > 0);
    return (await read(Topic.Actions)).map(({ value }) => JSON.parse(value.toString()) as Action);
  };
  const targets = async (): Promise<string[]> => (await actions()).map(({ target }) => target.name);
  const metric = async (name: string, labels: Record<string, string>): Promise<number | undefined> =>
    (await registry.getSingleMetric(`tocsin_responder_${name}`)?.get())?.values.find((value) =>
      Object.entries(labels).every(([key, label]) => value.labels[key] === label),
    )?.value;

  it('puts planned actions on the log, keyed by their target, as events', async () => {
    await responder.incidents(changed(pods('a')));
    await publishOutbox(store, log);
    const [record] = await read(Topic.Actions);
    const action = JSON.parse(record?.value.toString() ?? '') as Action;
    expect(record).toMatchObject({
      key: 'test/pod/shop/a',
      headers: { ce_id: `${action.id}/1`, ce_type: EventType.Action, ce_source: '/tocsin/responder', ce_time: action.time },
    });
    expect(action).toMatchObject({ state: 'planned', policy: 'contain', mode: 'auto', incident: buildIncident().id });
    expect(await metric('actions_planned_total', { policy: 'contain', type: 'quarantine', mode: 'auto' })).toBe(1);
  });

  it('tells each action once, though its incident changes and comes again, and what is new with the change', async () => {
    await responder.incidents(changed({ ...pods('a'), version: 1 }, { ...pods('a'), version: 2 }));
    await responder.incidents(changed({ ...pods('a'), version: 2 }, { ...pods('a', 'b'), version: 3 }));
    expect(await targets()).toEqual(['shop/a', 'shop/b']);
  });

  it('tells nothing again after a restart', async () => {
    await responder.incidents(changed(pods('a')));
    await open(contain).incidents(changed(pods('a', 'b')));
    expect(await targets()).toEqual(['shop/a', 'shop/b']);
  });

  it('fails the batch while the store does not take actions, and takes them when it comes again', async () => {
    failing = new Error('The store is away.');
    await expect(responder.incidents(changed(pods('a')))).rejects.toThrow('The store is away.');
    failing = undefined;
    await responder.incidents(changed(pods('a')));
    expect(await targets()).toEqual(['shop/a']);
    expect(await metric('actions_planned_total', {})).toBe(1);
  });

  it('plans nothing for what is muted, counts it, and plans when it is told', async () => {
    const muted = [{ by: 'silence' as const, id: 's', comment: 'c' }];
    await responder.incidents(changed({ ...pods('a'), muted }));
    expect(await actions()).toEqual([]);
    expect(await metric('skipped_total', { policy: 'contain', reason: 'muted' })).toBe(1);
    await responder.incidents(changed({ ...pods('a'), version: 2, change: 'unmuted' }));
    expect(await targets()).toEqual(['shop/a']);
  });

  it('follows changed policies from the next batch on', async () => {
    await responder.incidents(changed(pods('a')));
    responder.follow(policy('other', 'incidents: incident.severity_id == 6'));
    await responder.incidents(changed({ ...pods('b'), version: 2 }, { ...pods('b'), version: 3, severity_id: 6 }));
    expect((await actions()).map(({ policy: name }) => name)).toEqual(['contain', 'other']);
  });

  it('keeps what it cannot read among the dead letters, and goes on', async () => {
    const { records, ...rest } = changed(pods('a'));
    await responder.incidents({ ...rest, records: [{ ...records[0]!, offset: 7, value: Buffer.from('{') }, ...records] });
    const [letter] = await read(Topic.DeadLetters);
    expect(readDeadLetter(letter!)).toMatchObject({ stage: 'respond', reason: 'undecodable', origin: { topic: Topic.Incidents, offset: 7 } });
    expect(await targets()).toEqual(['shop/a']);
    expect(await metric('incidents_observed_total', { change: 'opened' })).toBe(1);
  });

  it('answers violations where a policy does, and does not even read them where none does', async () => {
    const one = buildViolation({ workload: { namespace: 'shop', name: 'web' }, pod: { name: 'web-1' } });
    const broken = { ...seen(one), records: seen(one).records.map((record) => ({ ...record, value: Buffer.from('{') })) };
    await responder.violations(broken);
    responder.follow([...contain, ...policy('fast', "violations: 'true'")]);
    await responder.violations(seen(one, one));
    await responder.violations(seen(one));
    expect(await actions()).toMatchObject([{ policy: 'fast', violation: one.id, target: { name: 'shop/web-1' } }]);
    expect(await read(Topic.DeadLetters)).toEqual([]);
  });

  it('takes a storm of actions in more than one transaction', async () => {
    const many = Array.from({ length: 30 }, (_, index) => ({ id: `i${index}`, ...pods(...Array.from({ length: 50 }, (__, pod) => `p${pod}`)) }));
    await responder.incidents(changed(...many));
    expect(new Set((await actions()).map(({ id }) => id)).size).toBe(1_500);
  });
});
