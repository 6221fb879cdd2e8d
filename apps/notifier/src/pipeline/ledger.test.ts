import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createLogger, Registry } from '@tocsin/runtime';
import { getDelivery, listDeliveries, migrate, openStore, type Store } from '@tocsin/store';
import { createNotifierMetrics } from '../metrics.js';
import { Ledger, type Attempted } from './ledger.js';
import { metric } from './testing.js';

const NOW = Date.UTC(2026, 8, 14, 14);
const DAY = 86_400_000;

describe('the ledger', () => {
  let store: Store;
  let away: boolean;
  let nowMs: number;
  let registry: Registry;
  let ledger: Ledger;

  beforeEach(async () => {
    store = await openStore({ file: ':memory:' });
    await migrate(store);
    away = false;
    nowMs = NOW;
    registry = new Registry();
    const unreliable: Store = {
      ...store,
      get db() {
        if (away) throw new Error('The database is away.');
        return store.db;
      },
    };
    const metrics = createNotifierMetrics(registry);
    ledger = new Ledger({ store: unreliable, logger: createLogger('test', 'silent'), metrics, retentionDays: 30, now: () => nowMs });
  });
  afterEach(() => store.close());

  const attempt = (id: string, state: Attempted['state'], parts: Partial<Attempted> = {}): Attempted => ({
    ...{ id, subscription: 'soc', eventId: `e-${id}`, state, topic: 'tocsin.violations', partition: 1, offset: 7, loggedMs: NOW - 500, nowMs },
    ...(state !== 'delivered' && { failure: { reason: 'timeout', message: 'no answer' } }),
    ...parts,
  });

  it('writes what happened to a delivery in a second as one line', async () => {
    ledger.note(attempt('a', 'pending'));
    ledger.note(attempt('a', 'pending', { nowMs: NOW + 100 }));
    ledger.note(attempt('a', 'delivered', { nowMs: NOW + 200 }));
    await ledger.flush();
    expect(await getDelivery(store.db, 'a')).toMatchObject({
      state: 'delivered',
      attempts: 3,
      firstAt: new Date(NOW).toISOString(),
      lastAt: new Date(NOW + 200).toISOString(),
      reason: 'timeout',
      message: 'no answer',
    });
    expect(await metric(registry, 'tocsin_notifier_ledger_lines_total', { result: 'written' })).toBe(1);
  });

  it('keeps lines while the database is away, and writes each attempt once', async () => {
    ledger.note(attempt('a', 'pending'));
    away = true;
    await ledger.flush();
    ledger.note(attempt('a', 'delivered', { nowMs: NOW + 1 }));
    ledger.note(attempt('b', 'dead'));
    await ledger.flush();
    away = false;
    await ledger.flush();
    await ledger.flush();
    expect(await getDelivery(store.db, 'a')).toMatchObject({ state: 'delivered', attempts: 2 });
    expect(await getDelivery(store.db, 'b')).toMatchObject({ state: 'dead', attempts: 1 });
  });

  it('counts what it has no room for, and goes on', async () => {
    for (let index = 0; index < 50_003; index++) ledger.note(attempt(String(index), 'delivered'));
    expect(await metric(registry, 'tocsin_notifier_ledger_lines_total', { result: 'dropped' })).toBe(3);
    ledger.note(attempt('0', 'delivered'));
    await ledger.flush();
    expect(await getDelivery(store.db, '0')).toMatchObject({ attempts: 2 });
  });

  it('forgets what is older than it is to be kept', async () => {
    ledger.note(attempt('old', 'delivered', { nowMs: NOW - 31 * DAY }));
    ledger.note(attempt('new', 'delivered'));
    await ledger.flush();
    expect((await listDeliveries(store.db, {}, { limit: 9 })).items.map(({ id }) => id)).toEqual(['new']);
  });
});
