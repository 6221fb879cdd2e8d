import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Violation } from '@tocsin/domain';
import { EventType, Topic, decodeEvent, openEmbeddedLog, topicSpecs, type EventLog } from '@tocsin/event-log';
import { createLogger, Registry } from '@tocsin/runtime';
import { getSubscriptionState, migrate, openStore, putSubscriptionStates, sumSubscriptionLags, type Store } from '@tocsin/store';
import { createNotifierMetrics } from '../metrics.js';
import { Health } from './health.js';
import { metric } from './testing.js';
import { Watch } from './watch.js';

const HOUR = 3_600_000;
const NOW = Date.UTC(2026, 8, 14, 14);

describe('replicas that watch their subscriptions', () => {
  let store: Store;
  let log: EventLog;
  let nowMs: number;
  const registry = new Registry();
  const metrics = createNotifierMetrics(registry);

  beforeEach(async () => {
    nowMs = NOW;
    store = await openStore({ file: ':memory:' });
    await migrate(store);
    log = await openEmbeddedLog({ file: ':memory:' });
    await log.ensureTopics(topicSpecs(1));
  });
  afterEach(async () => {
    await log.close();
    await store.close();
  });

  async function replica(): Promise<{ watch: Watch; health: Health }> {
    const settings = { disableAfterMs: 24 * HOUR, probeEveryMs: HOUR };
    const watch = new Watch({ store, log, logger: createLogger('test', 'silent'), metrics, settings, now: () => nowMs });
    const health = new Health();
    await watch.add({ name: 'soc', channel: 'webhook', events: 'incidents', health, behind: () => ({ events: 4, oldestMs: NOW }) });
    return { watch, health };
  }

  async function notices(): Promise<Violation[]> {
    const found: Violation[] = [];
    const { end } = (await log.offsets(Topic.Violations))[0]!;
    if (end === 0) return found;
    const all = Promise.withResolvers<void>();
    const consumer = await log.consume({
      topic: Topic.Violations,
      group: `notices-${Math.random()}`,
      onBatch: async ({ records }) => {
        for (const record of records) found.push(decodeEvent<Violation>(record, EventType.Violation));
        if (found.length === end) all.resolve();
      },
    });
    await all.promise;
    await consumer.stop();
    return found;
  }

  it('disable it once it failed for long, say so, try it, and serve it again', async () => {
    const [a, b] = [await replica(), await replica()];
    const fail = (): void => {
      for (const { health } of [a, b]) if (health.holdMs() === 0) health.failed(nowMs, 'timeout', 'http://soc:1/… did not answer');
    };
    fail();
    await a.watch.round();
    await b.watch.round();
    expect([a.health.activity, b.health.activity]).toEqual(['active', 'active']);
    nowMs += 25 * HOUR;
    fail();
    await Promise.all([a.watch.round(), b.watch.round()]);
    expect([a.health.activity, b.health.activity]).toEqual(['disabled', 'disabled']);
    expect(a.health.holdMs()).toBeGreaterThan(0);
    expect(await metric(registry, 'tocsin_notifier_subscription_disabled', { subscription: 'soc' })).toBe(1);
    const told = await notices();
    expect(new Set(told.map(({ id }) => id)).size).toBe(1);
    expect(told[0]).toMatchObject({
      source: 'tocsin',
      name: 'Subscription disabled: soc',
      severity_id: 4,
      labels: { subscription: 'soc', reason: 'timeout' },
    });
    // One of them tries.
    nowMs += 2 * HOUR;
    expect(b.health.holdMs()).toBeGreaterThan(0);
    await Promise.all([a.watch.round(), b.watch.round()]);
    const [trying, waiting] = a.health.holdMs() === 0 ? [a, b] : [b, a];
    expect([trying.health.holdMs(), waiting.health.holdMs() > 0]).toEqual([0, true]);
    trying.health.delivered(nowMs);
    await trying.watch.round();
    await waiting.watch.round();
    expect([trying.health.holdMs(), waiting.health.holdMs()]).toEqual([0, 0]);
    expect((await notices()).map(({ name }) => name)).toContain('Subscription enabled: soc');
    expect(await metric(registry, 'tocsin_notifier_subscription_disabled', { subscription: 'soc' })).toBe(0);
  });

  it('leave it disabled when the try fails, and when they start anew', async () => {
    const a = await replica();
    a.health.failed(nowMs, 'timeout', 'x');
    await a.watch.round();
    nowMs += 25 * HOUR;
    await a.watch.round();
    a.health.holdMs();
    nowMs += 2 * HOUR;
    await a.watch.round();
    expect(a.health.holdMs()).toBe(0);
    a.health.failed(nowMs, 'timeout', 'x');
    expect(a.health.holdMs()).toBeGreaterThan(0);
    expect((await replica()).health.holdMs()).toBeGreaterThan(0);
  });

  it('obey an operator that stops it', async () => {
    const a = await replica();
    await a.watch.round();
    const state = (await getSubscriptionState(store.db, 'soc'))!;
    await putSubscriptionStates(store.db, [{ ...state, state: 'stopped', actor: 'ann', reason: 'maintenance' }]);
    await a.watch.round();
    expect(a.health.holdMs()).toBeGreaterThan(0);
    await putSubscriptionStates(store.db, [{ ...state, actor: 'ann' }]);
    await a.watch.round();
    expect(a.health.holdMs()).toBe(0);
  });

  it('sum up how far it is behind, and go on as before while the store is away', async () => {
    const [a, b] = [await replica(), await replica()];
    await Promise.all([a.watch.round(), b.watch.round()]);
    expect(await sumSubscriptionLags(store.db, new Date(NOW).toISOString())).toEqual(
      new Map([['soc', { events: 8, oldestAt: new Date(NOW).toISOString() }]]),
    );
    a.health.delivered(nowMs);
    const { transaction } = store;
    store.transaction = () => Promise.reject(new Error('The database is away.'));
    await a.watch.round();
    expect(a.health.holdMs()).toBe(0);
    store.transaction = transaction;
    await a.watch.round();
    expect((await getSubscriptionState(store.db, 'soc'))?.lastSuccess).toBe(new Date(NOW).toISOString());
  });
});
