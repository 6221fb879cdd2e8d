import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { RecordTooLarge, Topic, type EventLog, type LogRecord } from '@tocsin/event-log';
import { buildIncident, type HttpReceiver } from '@tocsin/testing';
import type { Channel, Delivery, Outcome } from '../channels/channel.js';
import { Bench, eventually, numberOf, story } from './testing.js';

const WORKLOADS = 5;

describe('subscription', () => {
  let bench: Bench;
  beforeEach(async () => {
    bench = await Bench.open();
  });
  afterEach(() => bench.close());

  const distinct = (to: HttpReceiver): Set<number> => new Set(to.accepted.map(numberOf));

  function expectOrderPerWorkload(events: readonly { body: Buffer }[]): void {
    const numbers = [...new Set(events.map(numberOf))];
    for (let workload = 0; workload < WORKLOADS; workload++) {
      const own = numbers.filter((number) => number % WORKLOADS === workload);
      expect(own).toEqual(own.toSorted((a, b) => a - b));
    }
  }

  it('delivers everything that the filter wants, in order per workload', async () => {
    const to = await bench.receiver();
    await bench.start('all', to, { filter: 'violation.severity_id >= 4' });
    await bench.push(story(100));
    await to.until(() => to.accepted.length === 50);
    expect(to.accepted.every((request) => numberOf(request) % 2 === 1)).toBe(true);
    expectOrderPerWorkload(to.accepted);
  });

  it('loses nothing and keeps the order while the receiver fails in turn', async () => {
    const to = await bench.receiver();
    to.behave((_request, index) => (index % 3 === 1 ? { status: 503 } : { status: 200 }));
    await bench.start('flaky', to);
    await bench.push(story(60));
    await to.until(() => distinct(to).size === 60);
    expectOrderPerWorkload(to.accepted);
  });

  it('sends nothing twice after a failure further back', async () => {
    const to = await bench.receiver();
    let failed = false;
    to.behave((request) => {
      if (numberOf(request) !== 7 || failed) return { status: 200 };
      failed = true;
      return { status: 500 };
    });
    await bench.start('once', to);
    await bench.push(story(20));
    await to.until(() => distinct(to).size === 20);
    expect(to.accepted).toHaveLength(20);
  });

  it('does not let a dead receiver delay another subscription, and says how far the dead one is behind', async () => {
    const dead = await bench.receiver();
    dead.behave(() => 'hang');
    const alive = await bench.receiver();
    await bench.start('dead', dead);
    await bench.start('alive', alive);
    await bench.push(story(30));
    await alive.until(() => alive.accepted.length === 30);
    await eventually(async () => (await bench.metric('tocsin_notifier_lag_events', { subscription: 'dead' })) === 30);
    await eventually(async () => (await bench.metric('tocsin_notifier_lag_events', { subscription: 'alive' })) === 0);
    dead.behave(() => ({ status: 200 }));
    await dead.until(() => distinct(dead).size === 30);
    expectOrderPerWorkload(dead.accepted);
  });

  it('does not let one event that the receiver cannot take delay other workloads', async () => {
    const to = await bench.receiver();
    to.behave((request) => ({ status: numberOf(request) === 0 ? 500 : 200 }));
    await bench.start('stuck', to);
    await bench.push(story(60));
    // The event's own workload waits behind it: its order is kept.
    await to.until(() => distinct(to).size === 48);
    expect([...distinct(to)].some((number) => number % WORKLOADS === 0)).toBe(false);
    to.behave(() => ({ status: 200 }));
    await to.until(() => distinct(to).size === 60);
    expectOrderPerWorkload(to.accepted);
  });

  it('gives what the receiver refuses to the dead letters, with the reason and the attempts, and goes on', async () => {
    const to = await bench.receiver();
    let asked = 0;
    to.behave((request) => {
      if (numberOf(request) !== 3) return { status: 200 };
      return { status: asked++ < 2 ? 503 : 422 };
    });
    await bench.start('picky', to);
    const violations = story(10);
    await bench.push(violations);
    const [letter] = await bench.deadLetters(1);
    await to.until(() => to.accepted.length === 9);
    expect(letter?.headers).toMatchObject({
      ce_id: violations[3]?.id,
      'tocsin.error.stage': 'deliver',
      'tocsin.error.reason': 'rejected_by_receiver',
      'tocsin.error.component': 'picky',
      'tocsin.error.attempts': '3',
      'tocsin.error.topic': Topic.Violations,
    });
    expect(JSON.parse(letter?.value.toString() ?? '')).toEqual(violations[3]);
  });

  it('sends an event again that was refused and then put on the log again', async () => {
    const to = await bench.receiver();
    to.behave(() => ({ status: 422 }));
    await bench.start('mended', to);
    await bench.push(story(1));
    await bench.deadLetters(1);
    to.behave(() => ({ status: 200 }));
    await bench.push(story(1));
    await to.until(() => to.accepted.length === 1);
  });

  it('gives bytes that are no event to the dead letters once, however long the receiver is away', async () => {
    const to = await bench.receiver();
    to.behave(() => ({ status: 503 }));
    await bench.push(story(1));
    await bench.pushPoison('test/shop/w0');
    await bench.start('reader', to);
    await to.until(() => to.requests.length >= 5);
    to.behave(() => ({ status: 200 }));
    await to.until(() => to.accepted.length === 1);
    expect((await bench.deadLetters(1))[0]?.value.toString()).toBe('{');
    expect(await bench.deadLetterCount()).toBe(1);
  });

  it('waits with everything of a partition while the dead letters cannot be kept', async () => {
    const to = await bench.receiver();
    to.behave((request) => ({ status: numberOf(request) === 0 ? 422 : 200 }));
    let away = true;
    await bench.start('careful', to, { log: failing(bench.log, (topic) => (away && topic === Topic.DeadLetters ? new Error('away') : undefined)) });
    await bench.push(story(10));
    await to.until(() => to.requests.filter((request) => numberOf(request) === 0).length >= 3);
    away = false;
    await to.until(() => distinct(to).size === 9);
    expect((await bench.deadLetters(1)).map(({ value }) => numberOf({ body: value }))).toEqual([0]);
    expectOrderPerWorkload(to.accepted);
  });

  // The reason stands in headers, so the dead letter of the longest record that the log takes is longer than that.
  it('cuts what the dead letters cannot take whole, and goes on', async () => {
    const to = await bench.receiver();
    to.behave((request) => ({ status: numberOf(request) === 0 ? 422 : 200 }));
    const tooLarge = (topic: string, [record]: readonly LogRecord[]): Error | undefined =>
      topic === Topic.DeadLetters && (record?.value.length ?? 0) > 600_000 ? new RecordTooLarge(topic, 0, 0) : undefined;
    await bench.start('large', to, { log: failing(bench.log, tooLarge) });
    const [large, small] = story(2);
    await bench.push([{ ...large!, raw: 'x'.repeat(700_000) }, small!]);
    const [letter] = await bench.deadLetters(1);
    expect(letter?.headers).toMatchObject({ ce_id: large?.id, 'tocsin.truncated': 'true', 'tocsin.error.reason': 'rejected_by_receiver' });
    expect(letter?.value.length).toBe(512 * 1024);
    await to.until(() => distinct(to).size === 1);
  });

  it('sends what lies on the log twice once', async () => {
    const to = await bench.receiver();
    await bench.start('repeats', to);
    const violations = story(4);
    await bench.push(violations);
    await bench.push(violations);
    await bench.push(story(5));
    await to.until(() => distinct(to).size === 5);
    expect(to.accepted).toHaveLength(5);
  });

  it('does not send an older version of an incident after a newer one', async () => {
    const to = await bench.receiver();
    await bench.start('incidents', to, { events: 'incidents' });
    const version = (number: number) => buildIncident({ version: number, group: { pod: 'a' } });
    await bench.pushIncidents([version(1), version(3), version(2)]);
    await to.until(() => to.accepted.length === 2);
    await bench.pushIncidents([version(2), version(3), version(4)]);
    await to.until(() => to.accepted.length === 3);
    expect(to.accepted.map(({ body }) => (JSON.parse(body.toString()) as { data: { version: number } }).data.version)).toEqual([1, 3, 4]);
  });

  describe('of incidents that are muted', () => {
    const muted = [{ by: 'silence' as const, id: 's', comment: 'maintenance' }];
    const incident = (version: number, more: object = {}) => buildIncident({ version, group: { pod: 'a' }, ...more });
    const versions = (to: HttpReceiver) => to.accepted.map(({ body }) => (JSON.parse(body.toString()) as { data: { version: number } }).data.version);

    it('tells nothing until they are unmuted, and counts what it left out', async () => {
      const to = await bench.receiver();
      await bench.start('quiet', to, { events: 'incidents', filter: 'incident.version != 3' });
      await bench.pushIncidents([
        incident(1, { muted }),
        incident(2, { muted }),
        incident(3, { muted }),
        incident(4, { change: 'unmuted' }),
        incident(5, { muted: [] }),
      ]);
      await to.until(() => to.accepted.length === 2);
      expect(versions(to)).toEqual([4, 5]);
      const ended = (result: string) => bench.metric('tocsin_notifier_deliveries_total', { subscription: 'quiet', result });
      expect([await ended('muted'), await ended('filtered')]).toEqual([2, 1]);
    });

    it('tells all when its document wants muted ones, too', async () => {
      const to = await bench.receiver();
      await bench.start('audit', to, { events: 'incidents', includeMuted: true });
      await bench.pushIncidents([incident(1, { muted }), incident(2)]);
      await to.until(() => to.accepted.length === 2);
      expect(versions(to)).toEqual([1, 2]);
    });
  });

  it('goes on after a restart where it was', async () => {
    const to = await bench.receiver();
    const first = await bench.start('restarted', to);
    await bench.push(story(20));
    await to.until(() => to.accepted.length === 20);
    await bench.stop(first);
    await bench.push(story(40).slice(20));
    await bench.start('restarted', to);
    await to.until(() => distinct(to).size === 40);
    expect(to.accepted).toHaveLength(40);
  });

  it('loses nothing while members of its group come and go', async () => {
    const to = await bench.receiver();
    to.behave((_request, index) => ({ status: index % 7 === 3 ? 503 : 200 }));
    const first = await bench.start('shared', to);
    await bench.push(story(200));
    await to.until(() => to.accepted.length >= 20);
    const second = await bench.start('shared', to);
    await to.until(() => to.accepted.length >= 60);
    await bench.stop(first);
    await to.until(() => to.accepted.length >= 100);
    await bench.start('shared', to);
    await bench.stop(second);
    await to.until(() => distinct(to).size === 200);
    expectOrderPerWorkload(to.accepted);
  });

  it('lets what is under way end when it is stopped, and repeats nothing after that', async () => {
    const to = await bench.receiver();
    const first = await bench.start('stopped', to);
    await bench.push(story(200));
    await to.until(() => to.accepted.length >= 20);
    await bench.stop(first);
    const before = to.accepted.length;
    expect(before).toBeLessThan(200);
    await bench.start('stopped', to);
    await to.until(() => distinct(to).size === 200);
    // What ended behind an event that had not ended, in other workloads, may come twice: lanes run side by side.
    expect(to.accepted.length).toBeLessThanOrEqual(200 + 40);
    expectOrderPerWorkload(to.accepted);
  });

  it('asks a receiver in trouble with one request at a time, not with one per partition', async () => {
    const down = stub('each');
    await bench.start('hammer', down.channel);
    await bench.push(story(60, 60));
    // Lanes of all partitions were under way when it went down; from then on there is one probe per pause.
    await eventually(() => down.attempts.length >= 20);
    const together = down.attempts.slice(12).filter(({ concurrent }) => concurrent > 1);
    expect(together).toEqual([]);
    down.outcome = { ok: true };
    await eventually(() => new Set(down.delivered.map(numberOf)).size === 60);
  });

  it('goes on when a channel throws, which it must not', async () => {
    const broken = stub('stream');
    broken.outcome = 'throw';
    await bench.start('broken', broken.channel);
    await bench.push(story(10));
    await eventually(() => broken.attempts.length >= 4);
    broken.outcome = { ok: true };
    await eventually(() => broken.delivered.length === 10);
  });

  it('counts the attempts of a delivery', async () => {
    const down = stub('each');
    await bench.start('counting', down.channel);
    await bench.push(story(1));
    await eventually(() => down.attempts.length >= 3);
    expect(down.attempts.slice(0, 3).map(({ attempt }) => attempt)).toEqual([1, 2, 3]);
  });
});

/** A log whose appends fail where `failure` says how. */
function failing(log: EventLog, failure: (topic: string, records: readonly LogRecord[]) => Error | undefined): EventLog {
  const append = async (topic: string, records: readonly LogRecord[]): Promise<void> => {
    const error = failure(topic, records);
    if (error !== undefined) throw error;
    await log.append(topic, records);
  };
  return { ...log, append, consume: log.consume.bind(log), offsets: log.offsets.bind(log) };
}

interface Stub {
  channel: Channel;
  outcome: Outcome | 'throw';
  attempts: { attempt: number; concurrent: number }[];
  delivered: Delivery[];
}

/** A channel whose receiver is down until `outcome` says otherwise. */
function stub(takes: Channel['takes']): Stub {
  let concurrent = 0;
  const self: Stub = {
    outcome: { ok: false, retry: true, reason: 'connection', message: 'down' },
    attempts: [],
    delivered: [],
    channel: {
      takes,
      async send(batch) {
        concurrent++;
        self.attempts.push({ attempt: batch[0]?.attempt ?? 0, concurrent });
        await new Promise((resolve) => setImmediate(resolve));
        concurrent--;
        const { outcome } = self;
        if (outcome === 'throw') throw new Error('A mistake in a channel.');
        if (outcome.ok) self.delivered.push(...batch);
        return batch.map(() => outcome);
      },
      close: async () => undefined,
    },
  };
  return self;
}
