import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { violationKey } from '@tocsin/domain';
import { EventType, Topic, directed, encodeEvent, type DirectedFor } from '@tocsin/event-log';
import type { Channel, Delivery, Outcome } from '../channels/channel.js';
import { Bench, eventually, numberOf, story } from './testing.js';

describe('deliveries', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.open();
  });
  afterEach(() => bench.close());

  const record = (index: number) => {
    const violation = story(index + 1)[index]!;
    return encodeEvent(violationKey(violation), { id: violation.id, type: EventType.Violation, source: '/test', time: violation.time }, violation);
  };
  const again = (index: number, to: string, why: DirectedFor) => bench.log.append(Topic.Violations, [directed(record(index), `notifier.${to}`, why)]);

  it('stand in the ledger with where they were on the log, and why they failed', async () => {
    const to = await bench.receiver();
    to.behave((request, index) => {
      if (numberOf(request) === 1) return { status: 400 };
      return { status: index === 0 ? 503 : 200 };
    });
    await bench.start('soc', to);
    await bench.push(story(3));
    await eventually(() => bench.ledger.filter(({ state }) => state !== 'pending').length === 3);
    const states = bench.ledger.map(({ state, failure }) => [state, failure?.reason]);
    expect(states).toContainEqual(['pending', 'server_error']);
    expect(states).toContainEqual(['dead', 'client_error']);
    expect(states.filter(([state]) => state === 'delivered')).toHaveLength(2);
    const [line] = bench.ledger;
    expect(line).toMatchObject({ subscription: 'soc', topic: Topic.Violations });
    expect(line!.nowMs).toBeGreaterThanOrEqual(line!.loggedMs);
  });

  it('never stand in it as delivered before the receiver has them', async () => {
    const to = await bench.receiver();
    to.behave(() => 'hang');
    await bench.start('soc', to);
    await bench.push(story(5));
    await to.until(() => to.requests.length > 0);
    expect(bench.ledger.filter(({ state }) => state === 'delivered')).toEqual([]);
  });

  it('go to one subscription alone where they are directed to it, also what it had before', async () => {
    const [soc, noc] = [await bench.receiver(), await bench.receiver()];
    await bench.start('soc', soc);
    await bench.start('noc', noc);
    await bench.push(story(2));
    await soc.until(() => soc.accepted.length === 2);
    await again(0, 'soc', 'redelivery');
    await soc.until(() => soc.accepted.length === 3);
    await bench.push(story(1));
    await bench.push(story(4).slice(3));
    await noc.until(() => noc.accepted.length === 3);
    const ids = soc.accepted.map(({ headers }) => headers['webhook-id']);
    expect(new Set(ids).size).toBeLessThan(ids.length);
    expect(noc.accepted.map(numberOf).toSorted((a, b) => a - b)).toEqual([0, 1, 3]);
  });

  it('of a drill pass the filter, and are measured', async () => {
    const to = await bench.receiver();
    await bench.start('soc', to, { filter: 'violation.severity_id >= 6' });
    await again(0, 'soc', 'drill');
    await to.until(() => to.accepted.length === 1);
    await eventually(async () => (await bench.metric('tocsin_drill_outcomes_total', { subscription: 'soc', outcome: 'delivered' })) === 1);
    expect(await bench.metric('tocsin_drill_last_success_timestamp_seconds', { subscription: 'soc' })).toBeGreaterThan(0);
  });

  it('are held back by the key alone where the receiver wants only that one later', async () => {
    const sent: number[] = [];
    let refusals = 0;
    const channel: Channel = {
      takes: 'each',
      async send([delivery]): Promise<Outcome[]> {
        const number = numberOf(delivery as Delivery);
        if (number === 0 && refusals < 3) {
          refusals++;
          return [{ ok: false, retry: true, reason: 'rate_limited', message: 'this ticket is locked', scope: 'delivery', afterMs: 20 }];
        }
        sent.push(number);
        return [{ ok: true }];
      },
      async close() {},
    };
    await bench.start('tickets', channel);
    await bench.push(story(20));
    await eventually(() => sent.length === 20);
    const own = sent.filter((number) => number % 5 === 0);
    expect(own).toEqual([0, 5, 10, 15]);
    // The others were all there before it.
    expect(sent.indexOf(0)).toBeGreaterThanOrEqual(4);
    expect(refusals).toBe(3);
  });

  it('wait while their subscription is not served, and none is lost', async () => {
    const to = await bench.receiver();
    const soc = await bench.start('soc', to);
    const { health } = bench.watched.get('soc')!;
    health.set('stopped', false);
    await bench.push(story(10));
    await eventually(async () => (await bench.metric('tocsin_notifier_lag_events', { subscription: 'soc' })) === 10);
    expect(to.requests).toEqual([]);
    await bench.stop(soc);
    await bench.start('soc', to);
    await to.until(() => to.accepted.length === 10);
  });
});
