import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { IncidentCommand } from '@tocsin/domain';
import { Topic, openEmbeddedLog, topicSpecs, type EventLog } from '@tocsin/event-log';
import { openEvidence } from '@tocsin/evidence';
import { Health, createLogger, createMetrics } from '@tocsin/runtime';
import { createHttp } from '@tocsin/runtime/nest';
import { claimCommand, migrate, openStore, upsertIncidents, type Store } from '@tocsin/store';
import { buildIncident } from '@tocsin/testing';
import { ApiModule } from './api.module.js';
import { accessControl, type Protection } from './http/access.js';
import { ROUTES, SCHEMAS } from './http/routes/index.js';
import { createApiMetrics } from './metrics.js';

type App = Awaited<ReturnType<typeof createHttp>>;

const OPEN = '11111111-1111-5111-8111-111111111111';
const OTHER = '22222222-2222-5222-8222-222222222222';
const RESOLVED = '33333333-3333-5333-8333-333333333333';
const CONTAINED = '55555555-5555-5555-8555-555555555555';
/** Contained, and somebody is on it. */
const TAKEN = '66666666-6666-5666-8666-666666666666';
const NOW = Date.parse('2026-09-14T19:55:00.000Z');

describe('what the API changes', () => {
  let app: App;
  let store: Store;
  let log: EventLog;
  const open = async (protection: Protection): Promise<void> => {
    const registry = createMetrics('test', '0');
    const logger = createLogger('test', 'silent');
    const deps = {
      store,
      log,
      logger,
      clock: { now: () => NOW },
      metrics: createApiMetrics(registry),
      access: accessControl(protection),
      evidence: openEvidence({ type: 'directory', path: '/nowhere', retentionDays: 1 }, store, '/nowhere', () => 0),
    };
    app = await createHttp({ modules: [ApiModule.forRoot(deps)], health: new Health({ log, store }), metrics: registry, logger, maxBodyBytes: 4096 });
    await app.init();
  };
  beforeEach(async () => {
    store = await openStore({ file: ':memory:' });
    await migrate(store);
    log = await openEmbeddedLog({ file: ':memory:' });
    await log.ensureTopics(topicSpecs(2));
    await open({ by: 'loopback' });
    const incidents = [
      buildIncident({ id: CONTAINED, status: 'contained' }),
      buildIncident({ id: TAKEN, status: 'contained', acknowledged_by: 'ann' }),
      buildIncident({ id: OPEN }),
      buildIncident({ id: OTHER }),
      buildIncident({ id: RESOLVED, status: 'resolved' }),
    ];
    await upsertIncidents(
      store.db,
      incidents.map((incident) => ({ incident, home: 't/0', dueAt: null })),
    );
  });
  afterEach(async () => {
    await app.close();
    await store.close();
    await log.close();
  });

  type Method = 'POST' | 'DELETE' | 'GET';
  async function send(method: Method, url: string, body?: unknown, headers: Record<string, string> = {}) {
    const response = await app.inject({
      method,
      url,
      headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
      ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.statusCode, body: response.json() as Record<string, unknown>, headers: response.headers };
  }
  const post = (url: string, body: unknown, headers: Record<string, string> = {}) => send('POST', url, body, headers);

  async function commands(): Promise<IncidentCommand[]> {
    const found: IncidentCommand[] = [];
    const total = (await log.offsets(Topic.Commands)).reduce((sum, { end }) => sum + end, 0);
    const consumer = await log.consume({
      topic: Topic.Commands,
      group: `reader-${Math.random()}`,
      onBatch: async (batch) => void found.push(...batch.records.map(({ value }) => JSON.parse(value.toString()) as IncidentCommand)),
    });
    while (found.length < total) await new Promise((resolve) => setImmediate(resolve));
    await consumer.stop();
    return found;
  }

  it.each([
    ['acknowledge', { comment: 'on it' }],
    ['assign', { assignee: 'bob' }],
    ['note', { comment: 'x' }],
    ['resolve', { reason: 'benign' }],
    ['merge', { into: OTHER }],
  ])('%s is kept as a command before it is answered', async (type, body) => {
    const answer = await post(`/v1/incidents/${OPEN}/${type}`, body, { 'x-tocsin-actor': 'ann' });
    expect(answer).toMatchObject({ status: 202, body: { incident: OPEN, state: 'pending' } });
    expect(SCHEMAS.Command.parse(answer.body)).toEqual(answer.body);
    expect(await commands()).toEqual([
      { schema: 1, id: answer.body['id'], target: 'incident', incident: OPEN, type, actor: 'ann', time: new Date(NOW).toISOString(), ...body },
    ]);
  });

  it('takes the acknowledgement of a contained incident that nobody has taken up', async () => {
    expect((await post(`/v1/incidents/${CONTAINED}/acknowledge`, {})).status).toBe(202);
  });

  it('has its effect once when it is said twice with one key', async () => {
    const say = () => post(`/v1/incidents/${OPEN}/acknowledge`, {}, { 'idempotency-key': 'k-1' });
    const first = await say();
    expect((await say()).body['id']).toBe(first.body['id']);
    const id = String(first.body['id']);
    await claimCommand(store.db, {
      id,
      target: 'incident',
      targetId: OPEN,
      time: new Date(NOW).toISOString(),
      outcome: 'refused',
      message: 'it is resolved',
    });
    expect((await say()).body).toEqual({ id, incident: OPEN, state: 'refused' });
    expect(new Set((await commands()).map((command) => command.id))).toEqual(new Set([id]));
    expect((await post(`/v1/incidents/${OTHER}/acknowledge`, {}, { 'idempotency-key': 'k-1' })).body['id']).not.toBe(id);
    expect((await send('GET', `/v1/commands/${id}`)).body).toEqual({ id, incident: OPEN, state: 'refused', reason: 'it is resolved' });
    expect((await send('GET', '/v1/commands/absent')).status).toBe(404);
  });

  it.each([
    [`/v1/incidents/absent/acknowledge`, {}, 404, 'There is no such incident'],
    [`/v1/incidents/${OPEN}/explode`, {}, 404, 'There is no such command'],
    [`/v1/incidents/${OPEN}/contain`, { order: 9, comment: '' }, 404, 'There is no such command'],
    [`/v1/incidents/${OPEN}/release`, { order: 9, comment: '' }, 404, 'There is no such command'],
    [`/v1/incidents/${TAKEN}/acknowledge`, {}, 409, 'is contained, and ann acknowledged it'],
    [`/v1/incidents/${RESOLVED}/acknowledge`, {}, 409, 'is resolved'],
    [`/v1/incidents/${RESOLVED}/resolve`, { reason: 'benign' }, 409, 'is resolved'],
    [`/v1/incidents/${OPEN}/reopen`, {}, 409, 'is open'],
    [`/v1/incidents/${OPEN}/merge`, { into: OPEN }, 409, 'into itself'],
    [`/v1/incidents/${OPEN}/merge`, { into: RESOLVED }, 409, 'resolved'],
    [`/v1/incidents/${OPEN}/merge`, { into: '44444444-4444-5444-8444-444444444444' }, 409, 'no incident'],
    [`/v1/incidents/${OPEN}/merge`, { into: 'x' }, 400, 'into: expected the id of an incident'],
    [`/v1/incidents/${OPEN}/resolve`, {}, 400, 'reason: expected one of true_positive, benign, false_positive, duplicate, other'],
    [`/v1/incidents/${OPEN}/resolve`, { reson: 'benign' }, 400, 'reson: is no field here; did you mean "reason"?'],
    [`/v1/incidents/${OPEN}/note`, { comment: '' }, 400, 'comment: expected a text that is not empty'],
    [`/v1/incidents/${OPEN}/note`, { comment: 'x'.repeat(2_001) }, 400, 'comment: expected at most 2000 characters'],
    [`/v1/incidents/${OPEN}/note`, { comment: 7 }, 400, 'comment: expected a text'],
    [`/v1/incidents/${OPEN}/note`, '{"comment":', 400, 'body: is not JSON'],
    [`/v1/incidents/${OPEN}/note`, '[]', 400, 'body: '],
    [`/v1/incidents/${OPEN}/note`, '{"__proto__":{"a":1},"comment":"x"}', 400, '__proto__: is no field here'],
    [`/v1/incidents/${OPEN}/note?x=1`, { comment: 'x' }, 400, 'x: is no parameter here'],
  ])('%s with %j is answered with %d', async (url, body, status, detail) => {
    const answer = await post(url, body);
    expect(answer.status).toBe(status);
    expect(answer.body['detail']).toContain(detail);
    expect(await commands()).toEqual([]);
  });

  it.each([
    [{ 'content-type': 'text/plain' }, 415],
    [{ 'content-type': 'application/x-www-form-urlencoded' }, 415],
    [{ origin: 'https://evil.example' }, 403],
    [{ host: 'rebound.example' }, 403],
    [{ 'x-tocsin-actor': 'a\tb' }, 400],
    [{ 'idempotency-key': 'a b' }, 400],
  ])('with the headers %j it is refused', async (headers, status) => {
    expect((await post(`/v1/incidents/${OPEN}/acknowledge`, {}, headers as Record<string, string>)).status).toBe(status);
    expect(await commands()).toEqual([]);
  });

  it('takes nothing without the token where one is configured', async () => {
    await app.close();
    await open({ by: 'token', token: 's3cret' });
    for (const { method, path, role } of ROUTES) {
      if (role === 'anyone') continue;
      const url = path.replace('{id}', OPEN);
      expect((await send(method.toUpperCase() as Method, url, method === 'post' ? {} : undefined)).status).toBe(401);
    }
    expect((await post(`/v1/incidents/${OPEN}/acknowledge`, {}, { authorization: 'Bearer s3cret' })).status).toBe(202);
    expect(await commands()).toMatchObject([{ actor: 'api-token' }]);
  });

  it('answers 503 and keeps nothing when the log does not take it', async () => {
    log.append = () => Promise.reject(new Error('away'));
    expect(await post(`/v1/incidents/${OPEN}/acknowledge`, {})).toMatchObject({ status: 503, headers: { 'retry-after': '5' } });
  });

  describe('silences', () => {
    const body = { filter: 'incident.severity_id < 4', ends_at: '2026-09-14T22:00:00+02:00', comment: 'node upgrade' };

    it('begin now, end, and stay on record', async () => {
      const made = await post('/v1/silences', { ...body, ends_at: '2026-09-14T22:00:00Z' }, { 'x-tocsin-actor': 'ann' });
      expect(made).toMatchObject({
        status: 201,
        body: { author: 'ann', starts_at: '2026-09-14T19:55:00.000Z', ends_at: '2026-09-14T22:00:00.000Z' },
      });
      const url = `/v1/silences/${String(made.body['id'])}`;
      expect((await send('GET', url)).body).toEqual(made.body);
      expect((await send('GET', '/v1/silences?active=true')).body['items']).toEqual([made.body]);
      expect(await send('DELETE', url)).toMatchObject({ status: 200, body: { ends_at: new Date(NOW).toISOString() } });
      expect((await send('DELETE', url)).status).toBe(200);
      expect((await send('GET', '/v1/silences?active=true')).body['items']).toEqual([]);
      expect((await send('GET', '/v1/silences')).body['items']).toHaveLength(1);
      expect((await send('DELETE', '/v1/silences/absent')).status).toBe(404);
    });

    it.each([
      [
        { ...body, filter: 'incident.serverity_id < 4' },
        'filter: names "incident.serverity_id", which no incident has; did you mean "incident.severity_id"? (character',
      ],
      [{ ...body, filter: 'incident.severity_id <' }, 'filter: '],
      [{ ...body, filter: '' }, 'filter: expected a condition'],
      [{ ...body, ends_at: '2026-09-14T19:00:00Z' }, 'ends_at: is not after'],
      [{ ...body, ends_at: '2028-09-14T19:00:00Z' }, 'ends_at: is more than a year'],
      [{ ...body, ends_at: 'tomorrow' }, 'ends_at: expected an RFC 3339 time'],
      [{ ...body, comment: '' }, 'comment: expected a text that says why'],
      [{ filter: body.filter, comment: 'x' }, 'ends_at: '],
      [{ ...body, startsAt: 'x' }, 'startsAt: is no field here; did you mean "starts_at"?'],
    ])('%j is refused', async (wrong, detail) => {
      const answer = await post('/v1/silences', wrong);
      expect(answer.status).toBe(400);
      expect(answer.body['detail']).toContain(detail);
      expect((await send('GET', '/v1/silences')).body['items']).toEqual([]);
    });
  });
});
