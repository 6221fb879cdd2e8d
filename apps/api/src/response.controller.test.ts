import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Action, ActionCommand } from '@tocsin/domain';
import { openEmbeddedLog, topicSpecs, Topic, type EventLog } from '@tocsin/event-log';
import { openEvidence, type Evidence } from '@tocsin/evidence';
import { Health, createLogger, createMetrics } from '@tocsin/runtime';
import { createHttp } from '@tocsin/runtime/nest';
import { insertActions, migrate, openStore, readControl, type Store } from '@tocsin/store';
import { ApiModule } from './api.module.js';
import { accessControl } from './http/access.js';
import { RESPONSE_ROUTES, RESPONSE_SCHEMAS } from './http/routes/response.js';
import { createApiMetrics } from './metrics.js';
import { actionExample } from './resources/action-examples.js';

const NOW = Date.parse('2026-09-14T14:05:00.000Z');
const OVER: Action = { ...actionExample, id: '6f1c2d3e-4a5b-5c6d-8e7f-9a0b1c2d3e4f', state: 'reverted' };

describe('actions and evidence by the API', () => {
  let app: Awaited<ReturnType<typeof createHttp>>;
  let store: Store;
  let log: EventLog;
  let evidence: Evidence;
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'evidence-'));
    store = await openStore({ file: ':memory:' });
    await migrate(store);
    log = await openEmbeddedLog({ file: ':memory:' });
    await log.ensureTopics(topicSpecs(1));
    evidence = openEvidence({ type: 'directory', path: directory, retentionDays: 1 }, store, directory, () => NOW);
    const registry = createMetrics('test', '0');
    const logger = createLogger('test', 'silent');
    const deps = {
      store,
      log,
      logger,
      clock: { now: () => NOW },
      metrics: createApiMetrics(registry),
      access: accessControl({ by: 'loopback' }),
      evidence,
    };
    app = await createHttp({ modules: [ApiModule.forRoot(deps)], health: new Health({ log, store }), metrics: registry, logger, maxBodyBytes: 4096 });
    await app.init();
    const row = (action: Action) => ({ action, work: {}, holds: false, disrupts: false, dueAt: null });
    await insertActions(store.db, [row(actionExample), row(OVER)]);
  });
  afterEach(async () => {
    await app.close();
    await store.close();
    await log.close();
    await rm(directory, { recursive: true });
  });

  async function send(method: 'GET' | 'POST', url: string, body?: unknown, headers: Record<string, string> = {}) {
    const json = body === undefined ? {} : { 'content-type': 'application/json' };
    const response = await app.inject({
      method,
      url,
      headers: { ...json, ...headers },
      ...(body !== undefined && { payload: JSON.stringify(body) }),
    });
    const type = String(response.headers['content-type'] ?? '');
    const parsed = type.includes('json') ? (response.json() as Record<string, unknown>) : {};
    return { status: response.statusCode, body: parsed, raw: response.rawPayload, headers: response.headers };
  }

  async function commands(): Promise<ActionCommand[]> {
    const [{ end } = { end: 0 }] = await log.offsets(Topic.Commands);
    const found: ActionCommand[] = [];
    const consumer = await log.consume({
      topic: Topic.Commands,
      group: `reader-${Math.random()}`,
      onBatch: async (batch) => void found.push(...batch.records.map(({ value }) => JSON.parse(value.toString()) as ActionCommand)),
    });
    while (found.length < end) await new Promise((resolve) => setImmediate(resolve));
    await consumer.stop();
    return found;
  }

  it('shows actions by their state, incident and policy', async () => {
    const { body } = await send('GET', '/v1/actions?state=awaiting_approval&policy=contain-miners');
    expect(body).toEqual({ items: [actionExample] });
    expect((await send('GET', `/v1/actions?incident=${actionExample.incident}&limit=1`)).body['items']).toHaveLength(1);
    expect((await send('GET', '/v1/actions?state=waiting')).status).toBe(400);
  });

  it('keeps an approval as a command of who said it, bound to the plan', async () => {
    const approval = { plan_hash: actionExample.plan_hash, comment: 'go' };
    const { status, body } = await send('POST', `/v1/actions/${actionExample.id}/approve`, approval, { 'x-tocsin-actor': 'ann' });
    expect({ status, body }).toMatchObject({ status: 202, body: { action: actionExample.id, state: 'pending' } });
    expect(await commands()).toMatchObject([
      { type: 'approve', target: 'action', action: actionExample.id, actor: 'ann', plan_hash: actionExample.plan_hash },
    ]);
  });

  it.each([
    ['another plan than the present one', { plan_hash: 'a'.repeat(64) }, 409],
    ['no plan', {}, 400],
    ['a field that is none', { plan_hash: actionExample.plan_hash, force: true }, 400],
  ])('does not take an approval of %s', async (_name, body, status) => {
    expect((await send('POST', `/v1/actions/${actionExample.id}/approve`, body)).status).toBe(status);
    expect(await commands()).toEqual([]);
  });

  it('says when an action is over, or unknown', async () => {
    expect(await send('POST', `/v1/actions/${OVER.id}/revert`, {})).toMatchObject({ status: 409, body: { detail: 'The action is over: reverted.' } });
    expect((await send('POST', '/v1/actions/none/revert', {})).status).toBe(404);
    expect((await send('POST', `/v1/actions/${actionExample.id}/explode`, {})).status).toBe(404);
  });

  it('stops and resumes at once, without the log, and puts that on record', async () => {
    await log.close();
    expect((await send('POST', '/v1/response/stop', {})).status).toBe(400);
    const { status, body } = await send('POST', '/v1/response/stop', { reason: 'wait' }, { 'x-tocsin-actor': 'ann' });
    expect({ status, body }).toMatchObject({ status: 200, body: { stopped: true, actor: 'ann', reason: 'wait' } });
    expect(await readControl(store.db)).toMatchObject({ stopped: true });
    await send('POST', '/v1/response/resume', { reason: 'go on' }, { 'x-tocsin-actor': 'bob' });
    expect((await send('GET', '/v1/response')).body).toMatchObject({ stopped: false, actor: 'bob' });
    const { body: audit } = await send('GET', '/v1/audit?subject=response');
    expect(audit['items']).toMatchObject([
      { seq: 1, actor: 'ann', event: 'response.stopped' },
      { seq: 2, actor: 'bob', event: 'response.resumed' },
    ]);
    expect((await send('GET', '/v1/audit/verify')).body).toMatchObject({ ok: true, records: 2 });
    log = await openEmbeddedLog({ file: ':memory:' });
  });

  it('finds a record that was changed behind its back', async () => {
    for (const reason of ['a', 'b', 'c']) await send('POST', '/v1/response/stop', { reason });
    await store.db.updateTable('audit').set({ actor: 'nobody' }).where('seq', '=', 2).execute();
    expect((await send('GET', '/v1/audit/verify')).body).toEqual({ ok: false, seq: 2, why: 'its content was changed' });
    await store.db.deleteFrom('audit').where('seq', '=', 2).execute();
    expect((await send('GET', '/v1/audit/verify')).body).toEqual({ ok: false, seq: 2, why: 'record 2 is missing' });
  });

  it('gives evidence out as a file, and puts on record who took it', async () => {
    const bytes = Buffer.from('<script>alert(1)</script>');
    const collected = { action: actionExample.id, incident: actionExample.incident, name: 'a "b".html', mediaType: 'text/html', bytes, source: {} };
    const id = await evidence.keep(collected);
    expect(await evidence.keep({ ...collected, bytes: Buffer.from('later') })).toBe(id);
    const { status, raw, headers } = await send('GET', `/v1/evidence/${id}/content`, undefined, { 'x-tocsin-actor': 'ann' });
    expect({ status, same: raw.equals(bytes) }).toEqual({ status: 200, same: true });
    expect(headers).toMatchObject({ 'content-disposition': `attachment; filename="${id}-a__b_.html"`, 'x-content-type-options': 'nosniff' });
    const { body } = await send('GET', `/v1/audit?subject=${id}`);
    expect(body['items']).toMatchObject([{ event: 'evidence.collected' }, { event: 'evidence.downloaded', actor: 'ann' }]);
    expect((await send('GET', `/v1/evidence?incident=${actionExample.incident}`)).body['items']).toMatchObject([
      { id, bytes: bytes.byteLength, intact: true },
    ]);
    expect((await send('GET', '/v1/evidence')).status).toBe(400);
  });

  it('keeps evidence under legal hold beyond its time, and deletes it after', async () => {
    const id = await evidence.keep({ action: 'a', incident: undefined, name: 'x', mediaType: 'text/plain', bytes: Buffer.from('x'), source: {} });
    const later = openEvidence({ type: 'directory', path: directory, retentionDays: 1 }, store, directory, () => NOW + 2 * 24 * 3_600_000);
    expect((await send('POST', `/v1/evidence/${id}/hold`, { reason: 'case 4711' })).body).toMatchObject({ legal_hold: { reason: 'case 4711' } });
    expect(await later.prune(10)).toBe(0);
    expect((await send('POST', `/v1/evidence/${id}/release`, { reason: 'closed' })).body).not.toHaveProperty('legal_hold');
    expect(await later.prune(10)).toBe(1);
    expect(await send('GET', `/v1/evidence/${id}/content`)).toMatchObject({ status: 410 });
  });

  it('answers every route that it documents in the documented shape', async () => {
    const id = await evidence.keep({
      action: actionExample.id,
      incident: 'i',
      name: 'x',
      mediaType: 'text/plain',
      bytes: Buffer.from('x'),
      source: {},
    });
    const ids: Record<string, string> = { actions: actionExample.id, evidence: id };
    for (const { method, path, response, body, status = 200 } of RESPONSE_ROUTES) {
      const query = path === '/v1/evidence' ? '?incident=i' : '';
      const url = `${path.replace('{id}', ids[path.split('/')[2] ?? ''] ?? '')}${query}`;
      const answer = await send(method === 'get' ? 'GET' : 'POST', url, body?.example);
      expect({ path, status: answer.status }).toEqual({ path, status });
      if (response !== 'bytes' && response !== 'events' && response !== 'Command')
        expect(RESPONSE_SCHEMAS[response].parse(answer.body)).toEqual(answer.body);
    }
  });
});
