// Secrets reach the receiver they are for, and nothing else: no log, error, metric, ledger or dead letter, also when that
// receiver says them back.
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Writable } from 'node:stream';
import { encodeEvent, EventType, openEmbeddedLog, Topic, topicSpecs, type EventLog, type StoredRecord } from '@tocsin/event-log';
import { createLogger, Registry } from '@tocsin/runtime';
import { getSubscriptionState, listDeliveries, migrate, openStore, type Store } from '@tocsin/store';
import { buildIncident, httpReceiver, type HttpReceiver } from '@tocsin/testing';
import { channelMemory } from './channels/memory.js';
import { channels } from './channels/index.js';
import { Egress } from './channels/egress.js';
import { createNotifierMetrics } from './metrics.js';
import { Ledger } from './pipeline/ledger.js';
import { Subscription } from './pipeline/subscription.js';
import { document, eventually } from './pipeline/testing.js';
import { Watch } from './pipeline/watch.js';

const CANARY = 'kanarienvogel';
const secret = (name: string): { env: string } => ({ env: `CANARY_${name}` });

/** Each with every kind of secret that it takes, at a receiver of this address. */
const CASES: Record<string, (url: string) => { type: string; config: object }> = {
  'webhook with signatures, a header and a bearer token': (url) => ({
    type: 'webhook',
    config: { url, secrets: [secret('SIGN')], headers: { 'x-key': secret('HEADER') }, auth: { bearer: secret('BEARER') } },
  }),
  'webhook with a password': (url) => ({ type: 'webhook', config: { url, auth: { basic: { username: 'tocsin', password: secret('BASIC') } } } }),
  'webhook with OAuth': (url) => ({
    type: 'webhook',
    config: { url, auth: { oauth2: { tokenUrl: url, clientId: 'tocsin', clientSecret: secret('OAUTH') } } },
  }),
  'webhook by a proxy': (url) => ({ type: 'webhook', config: { url, proxy: { url, authorization: secret('PROXY') } } }),
  'slack by webhook': () => ({ type: 'slack', config: { webhook: secret('URL') } }),
  'slack by its API': (url) => ({
    type: 'slack',
    config: { token: secret('TOKEN'), conversation: 'C0123456789', signingSecret: secret('SIGNING'), api: url },
  }),
  teams: () => ({ type: 'teams', config: { url: secret('URL') } }),
  pagerduty: (url) => ({ type: 'pagerduty', config: { routingKey: secret('ROUTING'), url } }),
  alertmanager: (url) => ({ type: 'alertmanager', config: { urls: [url], auth: { bearer: secret('BEARER') } } }),
};

describe('secrets', () => {
  let receiver: HttpReceiver;
  let log: EventLog;
  let store: Store;
  let logged: string;
  const saved = { ...process.env };

  beforeEach(async () => {
    receiver = await httpReceiver();
    log = await openEmbeddedLog({ file: ':memory:' });
    await log.ensureTopics(topicSpecs(1));
    store = await openStore({ file: ':memory:' });
    await migrate(store);
    logged = '';
    for (const name of ['HEADER', 'BEARER', 'BASIC', 'OAUTH', 'PROXY', 'TOKEN', 'SIGNING', 'ROUTING'])
      process.env[`CANARY_${name}`] = `${CANARY}-${name}`;
    process.env['CANARY_SIGN'] = `whsec_${Buffer.from(CANARY.repeat(2)).toString('base64')}`;
    process.env['CANARY_URL'] = `${receiver.url}/${CANARY}-URL?sig=${CANARY}-QUERY`;
  });
  afterEach(async () => {
    process.env = { ...saved };
    await log.close();
    await store.close();
    await receiver.close();
  });

  /** As they are, and as they stand in headers and signatures. */
  const forms = (): string[] => [
    CANARY,
    Buffer.from(`tocsin:${CANARY}-BASIC`).toString('base64'),
    Buffer.from(CANARY.repeat(2)).toString('base64'),
    Buffer.from(`tocsin:${CANARY}-OAUTH`).toString('base64'),
  ];

  async function deadLetters(): Promise<StoredRecord[]> {
    const found: StoredRecord[] = [];
    const { end } = (await log.offsets(Topic.DeadLetters))[0]!;
    const consumer = await log.consume({ topic: Topic.DeadLetters, group: 'reader', onBatch: async ({ records }) => void found.push(...records) });
    await eventually(() => found.length >= end);
    await consumer.stop();
    return found;
  }

  describe.each(Object.entries(CASES))('of %s', (_, described) => {
    it.each([
      ['refuses, and says them back', 400],
      ['does not accept them, and says them back', 401],
      ['fails, and says them back', 500],
    ])('reach the receiver and nothing else when it %s', async (_name, status) => {
      receiver.behave(({ headers, body, path }) => {
        const said = `${JSON.stringify(headers)} ${body.toString()} ${path} ${forms().join(' ')}`;
        return {
          status,
          headers: { 'x-echo': encodeURIComponent(said).slice(0, 4_000), 'content-type': 'application/json' },
          body: JSON.stringify({ error: said, errors: [said], message: said }),
        };
      });
      const sink = new Writable({
        write(chunk: Buffer, _encoding, done) {
          logged += chunk.toString();
          done();
        },
      });
      const { type, config } = described(receiver.url);
      const kind = channels.find((one) => one.type === type)!;
      const logger = createLogger('test', 'debug', sink);
      const registry = new Registry();
      const metrics = createNotifierMetrics(registry);
      const now = (): number => Date.now();
      const memory = channelMemory(store, 'soc');
      const parsed = kind.config.parse(config);
      const deps = {
        egress: new Egress({ allow: [], deny: [] }),
        now,
        logger,
        subscription: 'soc',
        memory,
        store,
        process: 'test',
        publicUrl: undefined,
        evidence: async () => undefined,
        notice: async () => undefined,
      };
      const channel = kind.create(parsed, deps);
      const ledger = new Ledger({ store, logger, metrics, retentionDays: 30, now });
      const watch = new Watch({ store, log, logger, metrics, settings: { disableAfterMs: 1, probeEveryMs: 60_000 }, now });
      const shared = { log, logger, metrics, now, concurrency: 1, maxRetryDelayMs: 20, ledger, watch, memory, store };
      const incident = buildIncident();
      const attributes = { id: `${incident.id}/1`, type: EventType.Incident, source: '/test', time: incident.last_seen };
      const subscription = new Subscription(document('soc', { events: 'incidents', channel: { type, config: parsed } }), channel, shared);
      await subscription.start();
      try {
        await log.append(Topic.Incidents, [encodeEvent(incident.id, attributes, incident)]);
        await eventually(async () => {
          await ledger.flush();
          const { items } = await listDeliveries(store.db, {}, { limit: 5 });
          return items.some(({ state, attempts }) => state === 'dead' || attempts >= 2);
        });
        await watch.round();
        await eventually(async () => {
          await watch.round();
          return ((await getSubscriptionState(store.db, 'soc'))?.lastErrorAt ?? null) !== null;
        });
      } finally {
        await subscription.stop();
        await ledger.flush();
      }
      const seen = receiver.requests.map(({ headers, body, path }) => `${JSON.stringify(headers)} ${body.toString()} ${path}`).join('\n');
      const signed = receiver.requests.some(({ headers }) => headers['webhook-signature'] !== undefined);
      expect(signed || forms().some((form) => seen.includes(form))).toBe(true);
      const told = {
        logged,
        ledger: JSON.stringify((await listDeliveries(store.db, {}, { limit: 5 })).items),
        state: JSON.stringify(await getSubscriptionState(store.db, 'soc')),
        metrics: await registry.metrics(),
        deadLetters: JSON.stringify((await deadLetters()).map(({ headers, value }) => [headers, value.toString()])),
      };
      for (const [where, text] of Object.entries(told)) {
        for (const form of forms()) expect([where, text.includes(form)]).toEqual([where, false]);
      }
      expect(told.ledger).toContain('"reason"');
    });
  });
});
