import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { EventType, Topic, encodeEvent, openEmbeddedLog, topicSpecs, type EventLog } from '@tocsin/event-log';
import { EventLogServer } from '@tocsin/event-log/nest';
import { openEvidence } from '@tocsin/evidence';
import { Health, createLogger, createMetrics } from '@tocsin/runtime';
import { createHttp } from '@tocsin/runtime/nest';
import { migrate, openStore, type Store } from '@tocsin/store';
import { buildViolation } from '@tocsin/testing';
import { setImmediate as turn } from 'node:timers/promises';
import { ApiModule } from './api.module.js';
import { accessControl } from './http/access.js';
import { createApiMetrics } from './metrics.js';

describe('from the log to the API', () => {
  let log: EventLog;
  let store: Store;
  let app: Awaited<ReturnType<typeof createHttp>>;
  beforeEach(async () => {
    log = await openEmbeddedLog({ file: ':memory:' });
    await log.ensureTopics(topicSpecs(2));
    store = await openStore({ file: ':memory:' });
    await migrate(store);
    const registry = createMetrics('test', '0');
    const logger = createLogger('test', 'silent');
    const deps = {
      store,
      log,
      logger,
      clock: { now: () => Date.now() },
      metrics: createApiMetrics(registry),
      access: accessControl({ by: 'loopback' }),
      evidence: openEvidence({ type: 'directory', path: '/nowhere', retentionDays: 1 }, store, '/nowhere', () => 0),
    };
    app = await createHttp({ modules: [ApiModule.forRoot(deps)], health: new Health({ log, store }), metrics: registry, logger, maxBodyBytes: 1024 });
    app.connectMicroservice({ strategy: new EventLogServer(log) });
    await app.startAllMicroservices();
    await app.init();
  });
  afterEach(async () => {
    await app.close();
    await log.close();
    await store.close();
  });

  async function itemsOf(path: string, count: number): Promise<Record<string, unknown>[]> {
    for (;;) {
      const { items } = (await app.inject({ method: 'GET', url: path })).json<{ items: Record<string, unknown>[] }>();
      if (items.length >= count) return items;
      await turn();
    }
  }

  it('shows what was appended, and what could not be read as a dead letter of the projector', async () => {
    const violation = buildViolation();
    const attributes = { id: violation.id, type: EventType.Violation, source: '/test', time: violation.time };
    const good = encodeEvent('k', attributes, violation);
    await log.append(Topic.Violations, [{ ...good, value: Buffer.from('{"half":') }, good, good]);
    expect(await itemsOf('/v1/violations', 1)).toEqual([violation]);
    const [letter] = await itemsOf('/v1/dead-letters', 1);
    expect(letter).toMatchObject({
      stage: 'project',
      reason: 'undecodable',
      component: 'api.projector',
      message: 'the value is not JSON',
      key: 'k',
      origin: { topic: Topic.Violations },
    });
    const { payload } = (await app.inject({ method: 'GET', url: `/v1/dead-letters/${String(letter!['id'])}` })).json<{ payload: object }>();
    expect(payload).toMatchObject({ text: '{"half":' });
  });
});
