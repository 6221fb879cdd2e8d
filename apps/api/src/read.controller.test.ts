import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Violation } from '@tocsin/domain';
import { openEmbeddedLog, type EventLog } from '@tocsin/event-log';
import { openEvidence } from '@tocsin/evidence';
import { Health, createLogger, createMetrics } from '@tocsin/runtime';
import { createHttp } from '@tocsin/runtime/nest';
import {
  addIncidentHistory,
  addIncidentViolations,
  claimCommand,
  insertDeadLetters,
  insertViolations,
  migrate,
  openStore,
  putSilence,
  upsertIncidents,
  type HistoryEntry,
  type Store,
  changeCase,
  claimCase,
} from '@tocsin/store';
import { buildIncident, buildViolation } from '@tocsin/testing';
import { ApiModule } from './api.module.js';
import { accessControl } from './http/access.js';
import { ROUTES, SCHEMAS } from './http/routes/index.js';
import { createApiMetrics } from './metrics.js';
import { silenceExample } from './resources/examples.js';

type App = Awaited<ReturnType<typeof createHttp>>;
interface Answer {
  status: number;
  type: string;
  headers: Record<string, unknown>;
  body: Record<string, unknown> & { items: { id: string }[]; next_cursor?: string };
}

describe('the read API', () => {
  let app: App;
  let store: Store;
  let log: EventLog;
  beforeEach(async () => {
    store = await openStore({ file: ':memory:' });
    await migrate(store);
    log = await openEmbeddedLog({ file: ':memory:' });
    const registry = createMetrics('test', '0');
    const logger = createLogger('test', 'silent');
    const deps = {
      store,
      log,
      logger,
      clock: { now: () => 0 },
      metrics: createApiMetrics(registry),
      access: accessControl({ by: 'loopback' }),
      evidence: openEvidence({ type: 'directory', path: '/nowhere', retentionDays: 1 }, store, '/nowhere', () => 0),
    };
    app = await createHttp({ modules: [ApiModule.forRoot(deps)], health: new Health({ log, store }), metrics: registry, logger, maxBodyBytes: 1024 });
    await app.init();
  });
  afterEach(async () => {
    await app.close();
    await store.close();
    await log.close();
  });

  async function get(url: string): Promise<Answer> {
    const response = await app.inject({ method: 'GET', url });
    const type = String(response.headers['content-type']).split(';')[0]!;
    return { status: response.statusCode, type, headers: response.headers, body: response.json() };
  }
  const ids = async (url: string): Promise<string[]> => (await get(url)).body.items.map(({ id }) => id);

  describe('violations', () => {
    const shop = buildViolation();
    const pay = buildViolation({
      source: 'neuvector',
      kind: 'network',
      name: 'Egress ö & more',
      severity_id: 5,
      cluster: 'east',
      workload: { namespace: 'pay', name: 'api' },
      time: '2026-09-14T15:00:00.000Z',
    });
    beforeEach(() => insertViolations(store.db, [shop, pay]));

    it('are listed newest first', async () => {
      expect(await get('/v1/violations')).toMatchObject({ status: 200, type: 'application/json', body: { items: [pay, shop] } });
    });

    it.each([
      ['source=falco', [shop]],
      ['kind=network', [pay]],
      ['severity=medium', [pay, shop]],
      ['severity=high', [pay]],
      ['severity=fatal', []],
      ['cluster=east', [pay]],
      ['namespace=shop', [shop]],
      ['workload=api', [pay]],
      [`name=${encodeURIComponent('Egress ö & more')}`, [pay]],
      ['since=2026-09-14T14:30:00Z', [pay]],
      ['since=2026-09-14T17:30:00%2B03:00', [pay]],
      ['until=2026-09-14T15:00:00Z', [shop]],
      ['namespace=pay&severity=low&source=neuvector', [pay]],
      [`namespace=${encodeURIComponent("x' or '1'='1")}`, []],
      ['namespace=a%00b', []],
    ] as [string, Violation[]][])('are filtered by %s', async (query, expected) => {
      expect(await ids(`/v1/violations?${query}`)).toEqual(expected.map(({ id }) => id));
    });

    it('come in pages', async () => {
      const first = await get('/v1/violations?limit=1');
      expect(first.body.items).toEqual([pay]);
      const second = await get(`/v1/violations?limit=1&cursor=${first.body.next_cursor}`);
      expect(second.body).toEqual({ items: [shop] });
    });

    it('are found by their id', async () => {
      expect((await get(`/v1/violations/${shop.id}`)).body).toEqual(shop);
      for (const id of ['absent', '%00', '..%2f..', 'é'.repeat(50)]) {
        expect(await get(`/v1/violations/${encodeURI(id)}`)).toMatchObject({
          status: 404,
          type: 'application/problem+json',
          body: { title: 'Not Found' },
        });
      }
    });
  });

  describe('incidents', () => {
    const plain = { rule: 'shells', ruleVersion: 'v1', late: false };
    const shown = { rule: 'shells', rule_version: 'v1', late: false };
    const violation = buildViolation();
    const open = buildIncident({ id: '11111111-1111-5111-8111-111111111111' });
    const resolved = buildIncident({
      id: '22222222-2222-5222-8222-222222222222',
      status: 'resolved',
      severity_id: 2,
      group: { 'workload.namespace': 'pay' },
      last_seen: '2026-09-13T00:00:00.000Z',
    });
    beforeEach(async () => {
      await upsertIncidents(
        store.db,
        [open, resolved].map((incident) => ({ incident, home: 't/0', dueAt: null })),
      );
      await insertViolations(store.db, [violation]);
      await addIncidentViolations(store.db, [
        { incidentId: open.id, violationId: violation.id, time: violation.time, ...plain },
        { incidentId: open.id, violationId: 'not-yet-stored', time: '2026-09-14T14:00:00.000Z', ...plain },
      ]);
    });

    it.each([
      ['', [open, resolved]],
      ['status=resolved', [resolved]],
      ['severity=high', [open]],
      ['rule=shell-in-container', [open, resolved]],
      ['rule=other', []],
      ['namespace=pay', [resolved]],
      ['muted=false', [open, resolved]],
      ['muted=true', []],
      ['assignee=ann', []],
      ['since=2026-09-14T00:00:00Z', [open]],
    ])('are filtered by "%s"', async (query, expected) => {
      expect(await ids(`/v1/incidents?${query}`)).toEqual(expected.map(({ id }) => id));
    });

    it('say what they are in ticket systems', async () => {
      const time = '2026-09-14T14:00:00.000Z';
      const key = { subscription: 'jira', subject: open.id };
      await claimCase(store.db, key, { by: 'test', now: time, until: time });
      await changeCase(store.db, key, 'test', { state: 'open', reference: '10007', name: 'SEC-7', url: 'https://jira.example/browse/SEC-7' }, time);
      expect((await get(`/v1/incidents/${open.id}`)).body['cases']).toEqual([
        { subscription: 'jira', state: 'open', name: 'SEC-7', url: 'https://jira.example/browse/SEC-7', updated_at: time },
      ]);
    });

    it('come with their evidence trail, which has pages of its own', async () => {
      const whole = await get(`/v1/incidents/${open.id}`);
      expect(whole.body).toEqual({
        incident: open,
        evidence: {
          items: [
            { id: violation.id, time: violation.time, ...shown, violation },
            { id: 'not-yet-stored', time: '2026-09-14T14:00:00.000Z', ...shown },
          ],
        },
        cases: [],
      });
      const first = await get(`/v1/incidents/${open.id}?limit=1`);
      const cursor = (first.body['evidence'] as { next_cursor: string }).next_cursor;
      expect((await get(`/v1/incidents/${open.id}?limit=1&cursor=${cursor}`)).body).toMatchObject({
        evidence: { items: [{ id: 'not-yet-stored' }] },
      });
      expect((await get('/v1/incidents/absent')).status).toBe(404);
    });
  });

  it('shows dead letters: the list without payloads, one with it', async () => {
    const letter = {
      id: '0-1',
      time: '2026-09-14T14:00:00.000Z',
      stage: 'decode',
      reason: 'bad_input',
      component: 'falco',
      message: 'x',
      key: null,
      value: Buffer.from('{"ü'),
      headers: {},
    };
    await insertDeadLetters(store.db, [letter, { ...letter, id: '0-2', stage: 'deliver', value: Buffer.from([255]) }]);
    expect(await ids('/v1/dead-letters')).toEqual(['0-2', '0-1']);
    expect(await ids('/v1/dead-letters?stage=decode&reason=bad_input&component=falco')).toEqual(['0-1']);
    expect((await get('/v1/dead-letters?stage=decode')).body.items[0]).not.toHaveProperty('payload');
    expect((await get('/v1/dead-letters/0-1')).body).toMatchObject({ bytes: 4, payload: { base64: 'eyLDvA==', text: '{"ü' } });
    expect((await get('/v1/dead-letters/0-2')).body['payload']).toEqual({ base64: '/w==' });
    expect((await get('/v1/dead-letters/9-9')).status).toBe(404);
  });

  describe('a wrong parameter is refused by name', () => {
    it.each([
      ['violations?limit=0', 'limit', 'expected a whole number from 1 to 500, found "0"'],
      ['violations?limit=501', 'limit', 'expected a whole number from 1 to 500, found "501"'],
      ['violations?limit=ten', 'limit', 'expected a whole number from 1 to 500, found "ten"'],
      ['violations?limit=1.5', 'limit', 'expected a whole number from 1 to 500, found "1.5"'],
      ['violations?severity=5', 'severity', 'expected one of informational, low, medium, high, critical, fatal, found "5"'],
      ['violations?kind=', 'kind', 'expected one of process, file, network, threat, audit, vulnerability, compliance, admission, generic, found ""'],
      ['violations?namespace=a&namespace=b', 'namespace', 'expected one text, found 2 values'],
      ['violations?namespace=', 'namespace', 'expected a text that is not empty, found ""'],
      ['violations?since=yesterday', 'since', 'expected an RFC 3339 time, for example 2026-09-14T14:02:11Z, found "yesterday"'],
      ['violations?cursor=forged', 'cursor', 'is not a cursor that this API gave; leave it out to start from the first page'],
      ['incidents?status=closed', 'status', 'expected one of open, acknowledged, contained, resolved, found "closed"'],
      ['incidents/x?limit=-1', 'limit', 'expected a whole number from 1 to 500, found "-1"'],
      ['dead-letters?stage=x', 'stage', 'expected one of decode, correlate, project, deliver, respond, found "x"'],
    ])('%s', async (url, parameter, detail) => {
      const answer = await get(`/v1/${url}`);
      expect(answer).toMatchObject({
        status: 400,
        type: 'application/problem+json',
        body: { type: 'about:blank', title: 'Bad Request', status: 400, detail: `${parameter}: ${detail}`, errors: [{ parameter, detail }] },
      });
    });

    it('all at once, and unknown ones with the nearest known one', async () => {
      const { body } = await get('/v1/violations?limit=x&namespce=shop&severity=bad');
      const errors = body['errors'] as { parameter: string; detail: string }[];
      expect(errors.map(({ parameter }) => parameter).toSorted()).toEqual(['limit', 'namespce', 'severity']);
      expect(errors.find(({ parameter }) => parameter === 'namespce')?.detail).toMatch(/^is no parameter here; did you mean "namespace"\?/);
    });

    it.each(ROUTES.filter(({ method }) => method === 'get').map(({ path }) => path))('an unknown one of %s', async (path) => {
      const answer = await get(`${path.replace('{id}', 'x')}?__proto__=1&bogus=1`);
      expect(answer.status).toBe(400);
      expect(answer.body['detail']).toContain('bogus: is no parameter here');
    });
  });

  it('answers 503 with Retry-After while the database is away', async () => {
    Object.assign(store, { db: await closedDatabase() });
    const answer = await get('/v1/violations');
    expect(answer).toMatchObject({ status: 503, type: 'application/problem+json', headers: { 'retry-after': '5' } });
  });

  it('answers unknown paths with a problem', async () => {
    expect(await get('/v1/nothing')).toMatchObject({ status: 404, type: 'application/problem+json' });
  });

  it('gives what its OpenAPI document says', async () => {
    const { body: document } = await get('/v1/openapi.json');
    expect(Object.keys(document['paths'] as object)).toEqual([...new Set(ROUTES.map(({ path }) => path))]);
    const violation = buildViolation();
    const incident = buildIncident({ id: '11111111-1111-5111-8111-111111111111' });
    const history: HistoryEntry = {
      incidentId: incident.id,
      version: 1,
      time: violation.time,
      change: 'opened',
      actor: null,
      comment: null,
      fromStatus: null,
      toStatus: 'open',
      severityId: 4,
      count: 1,
    };
    await insertViolations(store.db, [violation]);
    await upsertIncidents(store.db, [{ incident, home: 't/0', dueAt: null }]);
    await addIncidentViolations(store.db, [
      { incidentId: incident.id, violationId: violation.id, time: violation.time, rule: 'shells', ruleVersion: 'v1', late: false },
    ]);
    await addIncidentHistory(store.db, [history]);
    await putSilence(store.db, silenceExample);
    await claimCommand(store.db, { id: 'c', target: 'incident', targetId: incident.id, time: violation.time, outcome: 'refused', message: 'why' });
    await insertDeadLetters(store.db, [
      {
        id: '0-1',
        time: violation.time,
        stage: 's',
        reason: 'r',
        component: 'c',
        message: 'm',
        key: 'k',
        value: Buffer.from('x'),
        headers: { a: 'b' },
      },
    ]);
    const present: Record<string, string> = {
      violations: violation.id,
      incidents: incident.id,
      'dead-letters': '0-1',
      commands: 'c',
      silences: silenceExample.id,
    };
    // Of the others, see their controllers' tests.
    const routes = ROUTES.filter(
      ({ method, path }) => method === 'get' && !/^\/v1\/(actions|evidence|response|audit|subscriptions|deliveries|cases|policies|events)/.test(path),
    );
    for (const { path, response } of routes) {
      const { status, body } = await get(path.replace('{id}', present[path.split('/')[2]!]!));
      expect(status).toBe(200);
      if (response !== 'bytes' && response !== 'events') expect(SCHEMAS[response].parse(body)).toEqual(body);
    }
    expect(SCHEMAS.Problem.parse((await get('/v1/violations?x=1')).body)).toBeDefined();
  });
});

/** As a Postgres on a port where nobody listens. */
async function closedDatabase(): Promise<Store['db']> {
  const { db } = await openStore({ url: 'postgres://nobody@127.0.0.1:1/absent' });
  return db;
}
