import { expect, it } from '@jest/globals';
import {
  claimRedrive,
  countDeadLetters,
  firstOffsets,
  getDelivery,
  getRedrive,
  insertDeadLetters,
  getSubscriptionState,
  listDeliveries,
  lockSubscriptionStates,
  pruneDeliveries,
  pruneSubscriptionStates,
  putSubscriptionLags,
  putSubscriptionStates,
  recordDeliveries,
  releaseRedrive,
  subscriptionStates,
  sumSubscriptionLags,
  undrivenDeadLetters,
  type DeliveryRow,
  type SubscriptionState,
} from '../index.js';
import { allPages, HOSTILE, type CurrentStore } from './harness.js';

const at = (second: number): string => new Date(Date.UTC(2026, 8, 14, 14, 0, second)).toISOString();

function line(id: string, parts: Partial<DeliveryRow> = {}): DeliveryRow {
  const place = { topic: 'tocsin.violations', partition: 3, offset: 42, loggedAt: at(0) };
  return {
    id,
    subscription: 'soc',
    eventId: `e-${id}`,
    state: 'delivered',
    attempts: 1,
    ...place,
    firstAt: at(1),
    lastAt: at(1),
    reason: '',
    message: '',
    ...parts,
  };
}

function state(subscription: string, parts: Partial<SubscriptionState> = {}): SubscriptionState {
  const common = { channel: 'webhook', events: 'incidents', state: 'active', since: at(0), actor: 'tocsin', reason: '' } as const;
  const errors = { failingSince: null, lastSuccess: null, lastErrorAt: null, lastErrorReason: '', lastError: '', pausedUntil: null, probeAt: null };
  return { subscription, ...common, ...errors, seenAt: at(0), ...parts };
}

export function deliveriesSuite(current: CurrentStore): void {
  it('counts attempts, and says how the last one went', async () => {
    const { db } = current();
    const failed = line('a', { state: 'pending', attempts: 2, lastAt: at(2), reason: 'timeout', message: 'no answer' });
    await recordDeliveries(db, [failed]);
    expect(await getDelivery(db, 'a')).toEqual(failed);
    await recordDeliveries(db, [line('a', { firstAt: at(3), lastAt: at(3) })]);
    expect(await getDelivery(db, 'a')).toEqual({ ...failed, state: 'delivered', attempts: 3, lastAt: at(3) });
    expect(await getDelivery(db, 'b')).toBeUndefined();
  });

  it('keeps as delivered what was delivered, in whatever order replicas write', async () => {
    const { db } = current();
    await recordDeliveries(db, [line('a', { lastAt: at(5) })]);
    await recordDeliveries(db, [line('a', { state: 'pending', lastAt: at(9), reason: 'timeout' })]);
    await recordDeliveries(db, [line('b', { state: 'dead', lastAt: at(5), reason: 'client_error' })]);
    await recordDeliveries(db, [line('b', { state: 'pending', lastAt: at(4), reason: 'timeout' })]);
    await recordDeliveries(db, [line('c', { state: 'dead', lastAt: at(5), reason: 'client_error' })]);
    await recordDeliveries(db, [line('c', { state: 'delivered', lastAt: at(4) })]);
    expect((await getDelivery(db, 'a'))?.state).toBe('delivered');
    expect((await getDelivery(db, 'b'))?.state).toBe('dead');
    expect((await getDelivery(db, 'c'))?.state).toBe('delivered');
  });

  it('finds deliveries by subscription, state and event, those attempted last first', async () => {
    const { db } = current();
    const rows = Array.from({ length: 7 }, (_, index) =>
      line(`d${index}`, {
        subscription: index % 2 === 0 ? 'soc' : 'noc',
        state: index < 3 ? 'dead' : 'delivered',
        eventId: `e${index % 3}`,
        lastAt: at(index),
      }),
    );
    await recordDeliveries(db, rows);
    const ids = async (filter: Parameters<typeof listDeliveries>[1]): Promise<string[]> =>
      (await allPages((page) => listDeliveries(db, filter, page), 2)).map(({ id }) => id);
    expect(await ids({})).toEqual(['d6', 'd5', 'd4', 'd3', 'd2', 'd1', 'd0']);
    expect(await ids({ subscription: 'noc' })).toEqual(['d5', 'd3', 'd1']);
    expect(await ids({ state: 'dead' })).toEqual(['d2', 'd1', 'd0']);
    expect(await ids({ state: 'delivered', subscription: 'soc' })).toEqual(['d6', 'd4']);
    expect(await ids({ eventId: 'e1' })).toEqual(['d4', 'd1']);
  });

  it('lists those of every version of an incident', async () => {
    const { db } = current();
    const of = (id: string, eventId: string, second: number): DeliveryRow => line(id, { eventId, lastAt: at(second) });
    await recordDeliveries(db, [of('a', 'i-1/1', 1), of('b', 'i-1/2', 2), of('c', 'i-10/1', 3), of('d', 'i-1', 4), of('e', 'i-1-x', 5)]);
    expect((await listDeliveries(db, { about: 'i-1' }, { limit: 5 })).items.map(({ id }) => id)).toEqual(['d', 'b', 'a']);
  });

  it('takes thousands at once, and deletes what is past its time in steps', async () => {
    const { db } = current();
    await recordDeliveries(
      db,
      Array.from({ length: 5_000 }, (_, index) => line(`d${index}`, { lastAt: at(index % 10) })),
    );
    expect(await pruneDeliveries(db, at(5), 2_000)).toBe(2_000);
    expect(await pruneDeliveries(db, at(5), 2_000)).toBe(500);
    expect((await listDeliveries(db, {}, { limit: 5_000 })).items).toHaveLength(2_500);
  });

  it.each(Object.entries(HOSTILE))('takes what a hostile receiver says: %s', async (_name, text) => {
    const { db } = current();
    await recordDeliveries(db, [line('a', { eventId: text, state: 'dead', reason: 'client_error', message: text })]);
    expect((await listDeliveries(db, { eventId: text }, { limit: 5 })).items.map(({ id }) => id)).toEqual(['a']);
  });

  it('says where on the log the deliveries of a time begin', async () => {
    const { db } = current();
    const place = (partition: number, offset: number, second: number) => ({ partition, offset, loggedAt: at(second), lastAt: at(second + 10) });
    await recordDeliveries(db, [
      line('a', place(0, 5, 1)),
      line('b', place(0, 9, 3)),
      line('c', place(0, 7, 3)),
      line('d', place(1, 2, 4)),
      line('e', place(2, 2, 9)),
      line('f', { ...place(3, 1, 4), subscription: 'noc' }),
    ]);
    const found = await firstOffsets(db, 'soc', at(3), at(9));
    expect(found.toSorted((x, y) => x.partition - y.partition)).toEqual([
      { topic: 'tocsin.violations', partition: 0, offset: 7 },
      { topic: 'tocsin.violations', partition: 1, offset: 2 },
    ]);
  });

  it('puts a dead letter back once, and counts those that were not', async () => {
    const { db } = current();
    const letter = {
      stage: 'deliver',
      reason: 'rejected_by_receiver',
      component: 'soc',
      message: '',
      key: null,
      value: Buffer.from('{}'),
      headers: {},
    };
    await insertDeadLetters(db, [
      ...[0, 1, 2].map((second) => ({ ...letter, id: `0-${second}`, time: at(second) })),
      { ...letter, id: '1-0', time: at(0), stage: 'decode' },
      { ...letter, id: '1-1', time: at(0), component: 'noc' },
    ]);
    const redrive = { time: at(5), actor: 'ann' };
    const claims = await Promise.all([1, 2, 3].map(() => claimRedrive(db, '0-1', redrive)));
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await getRedrive(db, '0-1')).toEqual(redrive);
    expect(await undrivenDeadLetters(db, 'soc', at(0), 5)).toEqual(['0-0', '0-2']);
    expect(await undrivenDeadLetters(db, 'soc', at(1), 5)).toEqual(['0-2']);
    expect(await countDeadLetters(db, 'deliver')).toEqual(
      new Map([
        ['noc', 1],
        ['soc', 2],
      ]),
    );
    await releaseRedrive(db, '0-1');
    expect(await undrivenDeadLetters(db, 'soc', at(0), 1)).toEqual(['0-0']);
    expect(await getRedrive(db, '0-1')).toBeUndefined();
  });

  it('keeps how subscriptions stand', async () => {
    const store = current();
    const disabled = state('soc', {
      state: 'disabled',
      failingSince: at(1),
      probeAt: at(9),
      lastErrorAt: at(2),
      lastErrorReason: 'timeout',
      lastError: 'x',
    });
    await store.transaction(async (tx) => {
      expect(await lockSubscriptionStates(tx, ['soc', 'noc'])).toEqual(new Map());
      await putSubscriptionStates(tx, [disabled, state('noc')]);
    });
    expect(await subscriptionStates(store.db)).toEqual([state('noc'), disabled]);
    expect(await getSubscriptionState(store.db, 'soc')).toEqual(disabled);
    expect(await getSubscriptionState(store.db, 'xoc')).toBeUndefined();
    await store.transaction(async (tx) => {
      expect(await lockSubscriptionStates(tx, ['soc'])).toEqual(new Map([['soc', disabled]]));
      await putSubscriptionStates(tx, [state('soc', { since: at(3) })]);
    });
    expect(await getSubscriptionState(store.db, 'soc')).toEqual(state('soc', { since: at(3) }));
  });

  it('sums the lag over the replicas that said so of late', async () => {
    const { db } = current();
    const lag = { subscription: 'soc', events: 5, oldestAt: null, seenAt: at(5) };
    await putSubscriptionLags(db, [
      { ...lag, member: 'a', oldestAt: at(3) },
      { ...lag, member: 'b', oldestAt: at(2) },
      { ...lag, member: 'gone', seenAt: at(1) },
      { ...lag, subscription: 'noc', member: 'a' },
    ]);
    await putSubscriptionLags(db, [{ ...lag, member: 'b', events: 7, oldestAt: at(4) }]);
    expect(await sumSubscriptionLags(db, at(4))).toEqual(
      new Map([
        ['noc', { events: 5, oldestAt: null }],
        ['soc', { events: 12, oldestAt: at(3) }],
      ]),
    );
  });

  it('forgets what no replica serves any more, but not what an operator stopped', async () => {
    const { db } = current();
    await putSubscriptionStates(db, [state('old'), state('held', { state: 'stopped' }), state('new', { seenAt: at(9) })]);
    await pruneSubscriptionStates(db, at(5), at(5));
    expect((await subscriptionStates(db)).map(({ subscription }) => subscription)).toEqual(['held', 'new']);
  });
}
