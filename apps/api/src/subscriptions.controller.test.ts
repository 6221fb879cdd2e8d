import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { deliveryId } from '@tocsin/domain';
import {
  deadLetter,
  directedFor,
  directedTo,
  openEmbeddedLog,
  topicSpecs,
  Topic,
  type EventLog,
  type LogRecord,
  type StoredRecord,
} from '@tocsin/event-log';
import { openEvidence } from '@tocsin/evidence';
import { Health, createLogger, createMetrics } from '@tocsin/runtime';
import { createHttp } from '@tocsin/runtime/nest';
import {
  insertDeadLetters,
  migrate,
  openStore,
  putSubscriptionLags,
  putSubscriptionStates,
  recordDeliveries,
  type Store,
  type SubscriptionState,
} from '@tocsin/store';
import { ApiModule } from './api.module.js';
import { accessControl } from './http/access.js';
import { createApiMetrics } from './metrics.js';
import { delivery, drill, sentAgain, subscription } from './resources/subscription.js';

const NOW = Date.now();
const iso = (ms: number): string => new Date(ms).toISOString();

const STATE: SubscriptionState = {
  ...{ subscription: 'soc', channel: 'webhook', events: 'violations', state: 'active', since: iso(NOW - 9_000), actor: 'tocsin', reason: '' },
  ...{
    failingSince: iso(NOW - 5_000),
    lastSuccess: iso(NOW - 6_000),
    lastErrorAt: iso(NOW - 1_000),
    lastErrorReason: 'timeout',
    lastError: 'no answer',
  },
  ...{ pausedUntil: null, probeAt: null, seenAt: iso(NOW) },
};

describe('subscriptions and deliveries by the API', () => {
  let app: Awaited<ReturnType<typeof createHttp>>;
  let store: Store;
  let log: EventLog;
  beforeEach(async () => {
    store = await openStore({ file: ':memory:' });
    await migrate(store);
    log = await openEmbeddedLog({ file: ':memory:' });
    await log.ensureTopics(topicSpecs(2));
    const registry = createMetrics('test', '0');
    const logger = createLogger('test', 'silent');
    const evidence = openEvidence({ type: 'directory', path: '/nowhere', retentionDays: 1 }, store, '/nowhere', () => NOW);
    const access = accessControl({ by: 'loopback' });
    const deps = { store, log, logger, clock: { now: () => NOW }, metrics: createApiMetrics(registry), access, evidence };
    app = await createHttp({ modules: [ApiModule.forRoot(deps)], health: new Health({ log, store }), metrics: registry, logger, maxBodyBytes: 4096 });
    await app.init();
    await putSubscriptionStates(store.db, [STATE, { ...STATE, subscription: 'old', seenAt: iso(NOW - 3_600_000) }]);
  });
  afterEach(async () => {
    await app.close();
    await store.close();
    await log.close();
  });

  async function send(method: 'GET' | 'POST', url: string, body?: unknown) {
    const headers = { 'x-tocsin-actor': 'ann', ...(body !== undefined && { 'content-type': 'application/json' }) };
    const response = await app.inject({ method, url, headers, ...(body !== undefined && { payload: JSON.stringify(body) }) });
    return { status: response.statusCode, body: response.json<Record<string, unknown>>() };
  }

  const event = (id: string, key = 'w'): LogRecord => ({
    key,
    value: Buffer.from(`{"id":"${id}"}`),
    headers: { ce_id: id, ce_type: 't', ce_time: iso(NOW) },
  });

  /** Everything on the topic, in the order of its offsets. */
  async function onLog(topic: string): Promise<(StoredRecord & { partition: number })[]> {
    const count = (await log.offsets(topic)).reduce((sum, { end }) => sum + end, 0);
    const found: (StoredRecord & { partition: number })[] = [];
    if (count === 0) return found;
    const all = Promise.withResolvers<void>();
    const consumer = await log.consume({
      topic,
      group: `reader-${Math.random()}`,
      onBatch: async ({ partition, records }) => {
        found.push(...records.map((record) => ({ ...record, partition })));
        if (found.length === count) all.resolve();
      },
    });
    await all.promise;
    await consumer.stop();
    return found.toSorted((a, b) => a.partition - b.partition || a.offset - b.offset);
  }

  /** The subscription has ended with these. */
  async function delivered(ids: readonly string[]): Promise<(StoredRecord & { partition: number })[]> {
    for (const id of ids) await log.append(Topic.Violations, [event(id, `key of ${id}`)]);
    const records = await onLog(Topic.Violations);
    const consumer = await log.consume({ topic: Topic.Violations, group: 'notifier.soc', onBatch: async () => {} });
    for (;;) {
      const committed = await log.committed('notifier.soc', Topic.Violations);
      const offsets = await log.offsets(Topic.Violations);
      if (offsets.every(({ partition, end }) => end === 0 || committed.get(partition) === end)) break;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await consumer.stop();
    await recordDeliveries(
      store.db,
      records.map(({ partition, offset, timestamp, headers }) => ({
        ...{ id: deliveryId(headers['ce_id']!, 'soc'), subscription: 'soc', eventId: headers['ce_id']!, state: 'delivered', attempts: 1 },
        ...{
          topic: Topic.Violations,
          partition,
          offset,
          loggedAt: iso(timestamp),
          firstAt: iso(timestamp),
          lastAt: iso(timestamp),
          reason: '',
          message: '',
        },
      })),
    );
    return records;
  }

  it('show how each stands, and whether anybody serves it', async () => {
    await putSubscriptionLags(store.db, [{ subscription: 'soc', member: 'a', events: 7, oldestAt: iso(NOW - 4_000), seenAt: iso(NOW) }]);
    const { status, body } = await send('GET', '/v1/subscriptions');
    expect(status).toBe(200);
    expect(body['items']).toMatchObject([
      { name: 'old', served: false, lag: { events: 0, seconds: 0 } },
      { name: 'soc', served: true, lag: { events: 7, seconds: 4 }, last_error: { reason: 'timeout', message: 'no answer' }, dead_letters: 0 },
    ]);
    for (const item of body['items'] as unknown[]) expect(subscription.parse(item)).toEqual(item);
    expect((await send('GET', '/v1/subscriptions/none')).status).toBe(404);
  });

  it('are stopped and served again by an operator, on record', async () => {
    expect((await send('POST', '/v1/subscriptions/soc/disable', {})).status).toBe(400);
    expect(await send('POST', '/v1/subscriptions/soc/disable', { reason: 'move' })).toMatchObject({
      status: 200,
      body: { state: 'stopped', actor: 'ann', reason: 'move', since: iso(NOW) },
    });
    const enabled = await send('POST', '/v1/subscriptions/soc/enable', { reason: 'moved' });
    expect(enabled.body).toMatchObject({ state: 'active', reason: 'moved' });
    expect(enabled.body['failing_since']).toBeUndefined();
    expect((await send('POST', '/v1/subscriptions/none/enable', { reason: 'x' })).status).toBe(404);
    const { items } = (await send('GET', '/v1/audit?subject=soc')).body as { items: { event: string; actor: string }[] };
    expect(items.map(({ event: what }) => what)).toEqual(expect.arrayContaining(['api.disableSubscription', 'api.enableSubscription']));
  });

  it('show the ledger by subscription, state and event', async () => {
    await delivered(['a', 'b']);
    const { body } = await send('GET', '/v1/deliveries?subscription=soc&state=delivered&event=a');
    expect(body['items']).toMatchObject([{ id: deliveryId('a', 'soc'), event: 'a', attempts: 1, origin: { topic: Topic.Violations } }]);
    const one = await send('GET', `/v1/deliveries/${deliveryId('b', 'soc')}`);
    expect(delivery.parse(one.body)).toEqual(one.body);
    expect((await send('GET', '/v1/deliveries?state=lost')).status).toBe(400);
  });

  it('send again what the log took in a time, with the same ids, to this subscription alone', async () => {
    const records = await delivered(['a', 'b', 'c', 'd']);
    const said = await send('POST', '/v1/subscriptions/soc/redeliver', { since: iso(NOW - 60_000), until: iso(Date.now() + 60_000) });
    expect(said).toEqual({ status: 202, body: { subscription: 'soc', events: 4, complete: true } });
    expect(sentAgain.parse(said.body)).toEqual(said.body);
    const copies = (await onLog(Topic.Violations)).filter((record) => directedTo(record) !== undefined);
    expect(copies.map((copy) => [copy.key, copy.headers['ce_id'], copy.value.toString(), directedTo(copy)])).toEqual(
      records.map((record) => [record.key, record.headers['ce_id'], record.value.toString(), 'notifier.soc']),
    );
    // Copies are not copied.
    expect((await send('POST', '/v1/subscriptions/soc/redeliver', { since: iso(NOW - 60_000), until: iso(Date.now() + 60_000) })).body).toMatchObject(
      {
        events: 4,
      },
    );
    expect((await send('POST', '/v1/subscriptions/soc/redeliver', { since: iso(Date.now() + 60_000) })).body).toMatchObject({ events: 0 });
    expect((await send('POST', '/v1/subscriptions/soc/redeliver', { since: 'yesterday' })).status).toBe(400);
  });

  it('send one delivery again', async () => {
    await delivered(['a', 'b', 'c']);
    expect(await send('POST', `/v1/deliveries/${deliveryId('b', 'soc')}/redeliver`, {})).toMatchObject({ status: 202, body: { events: 1 } });
    const copies = (await onLog(Topic.Violations)).filter((record) => directedFor(record) === 'redelivery');
    expect(copies.map(({ headers }) => headers['ce_id'])).toEqual(['b']);
    expect((await send('POST', '/v1/deliveries/none/redeliver', {})).status).toBe(404);
  });

  const letter = (id: string, headers: Record<string, string> = {}) => {
    const failure = { stage: 'deliver', reason: 'rejected_by_receiver', message: 'answered 400', component: 'soc', attempts: 1 } as const;
    const origin = { topic: Topic.Violations, partition: 0, offset: 3 };
    const dead = deadLetter(
      { ...event(id), headers: { ...event(id).headers, ...headers } },
      { ...failure, firstTime: iso(NOW), lastTime: iso(NOW), origin },
    );
    return { id: `0-${id}`, time: iso(NOW), ...failure, key: dead.key, value: dead.value, headers: { ...dead.headers } };
  };

  it('put a dead letter back once, for its subscription alone', async () => {
    await insertDeadLetters(store.db, [letter('1')]);
    const answers = await Promise.all([1, 2, 3].map(() => send('POST', '/v1/dead-letters/0-1/redrive', {})));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([202, 409, 409]);
    const [back, ...others] = await onLog(Topic.Violations);
    expect(others).toEqual([]);
    expect(back).toMatchObject({ key: 'w', value: event('1').value });
    expect(back!.headers).toEqual({ ...event('1').headers, tocsin_to: 'notifier.soc', tocsin_for: 'redrive', tocsin_redriven: '1' });
  });

  it('do not put back what was refused too often, or was refused by nobody', async () => {
    await insertDeadLetters(store.db, [
      letter('often', { tocsin_redriven: '5' }),
      letter('hostile', { tocsin_redriven: '-1' }),
      { ...letter('cut'), headers: { ...letter('cut').headers, 'tocsin.truncated': 'true' } },
      { ...letter('bytes'), headers: {} },
    ]);
    for (const id of ['often', 'hostile', 'cut', 'bytes']) {
      expect([id, (await send('POST', `/v1/dead-letters/0-${id}/redrive`, {})).status]).toEqual([id, 409]);
    }
    expect((await send('POST', '/v1/dead-letters/none/redrive', {})).status).toBe(404);
    expect(await onLog(Topic.Violations)).toEqual([]);
  });

  it('put back all that was refused, and count what was not', async () => {
    await insertDeadLetters(store.db, [letter('1'), letter('2'), letter('3', { tocsin_redriven: '5' })]);
    expect((await send('GET', '/v1/subscriptions/soc')).body).toMatchObject({ dead_letters: 3 });
    expect((await send('POST', '/v1/subscriptions/soc/redrive', {})).body).toEqual({ subscription: 'soc', events: 2, complete: true });
    expect((await send('POST', '/v1/subscriptions/soc/redrive', {})).body).toMatchObject({ events: 0 });
    expect((await send('GET', '/v1/subscriptions/soc')).body).toMatchObject({ dead_letters: 1 });
  });

  it('can be put back again when the log did not take it', async () => {
    await insertDeadLetters(store.db, [letter('1')]);
    const { append } = log;
    log.append = () => Promise.reject(new Error('away'));
    expect((await send('POST', '/v1/dead-letters/0-1/redrive', {})).status).toBe(503);
    log.append = append.bind(log);
    expect((await send('POST', '/v1/dead-letters/0-1/redrive', {})).status).toBe(202);
  });

  it.each([
    ['violations', Topic.Violations, 'dev.tocsin.violation.v1'],
    ['incidents', Topic.Incidents, 'dev.tocsin.incident.v1'],
    ['actions', Topic.Actions, 'dev.tocsin.action.v1'],
  ])('send a drill down the road of %s', async (events, topic, type) => {
    await putSubscriptionStates(store.db, [{ ...STATE, events }]);
    const said = await send('POST', '/v1/subscriptions/soc/drill', {});
    expect(said.status).toBe(202);
    const { event: id, delivery: expected } = drill.parse(said.body);
    expect(expected).toBe(deliveryId(id, 'soc'));
    const [record] = await onLog(topic);
    expect(record!.headers).toMatchObject({ ce_id: id, ce_type: type, tocsin_to: 'notifier.soc', tocsin_for: 'drill' });
    expect(JSON.parse(record!.value.toString())).toMatchObject({ drill: true, severity_id: 1 });
  });
});
