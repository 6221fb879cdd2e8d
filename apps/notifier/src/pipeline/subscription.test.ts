import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { violationKey, type Violation } from '@tocsin/domain';
import { EventType, Topic, encodeEvent, openEmbeddedLog, topicSpecs, type EventLog, type StoredRecord } from '@tocsin/event-log';
import type { Subscription as SubscriptionDocument } from '@tocsin/policy';
import { createLogger, createMetrics } from '@tocsin/runtime';
import { buildViolation, httpReceiver, type HttpReceiver } from '@tocsin/testing';
import type { Channel, Delivery, Outcome } from '../channels/channel.js';
import { Egress } from '../channels/egress.js';
import { webhook } from '../channels/webhook/webhook.js';
import { createNotifierMetrics } from '../metrics.js';
import { Subscription } from './subscription.js';

function document(name: string, filter?: string): SubscriptionDocument {
  return {
    kind: 'Subscription',
    metadata: { name, labels: {}, annotations: {} },
    origin: { file: 'test.yaml', line: 1 },
    spec: { events: 'violations', filter, enabled: true, channel: { type: 'webhook', config: {} } },
  };
}

/** `n` violations of `workloads` workloads, in the order of their numbers. */
function story(n: number, workloads = 5): Violation[] {
  return Array.from({ length: n }, (_, index) =>
    buildViolation({ message: String(index), workload: { namespace: 'shop', name: `w${index % workloads}` }, severity_id: index % 2 === 0 ? 3 : 5 }),
  );
}

describe('subscription', () => {
  let log: EventLog;
  let running: Subscription[];
  let receivers: HttpReceiver[];
  beforeEach(async () => {
    running = [];
    receivers = [];
    log = await openEmbeddedLog({ file: ':memory:' });
    await log.ensureTopics(topicSpecs(3));
  });
  afterEach(async () => {
    for (const receiver of receivers) await receiver.close();
    for (const subscription of running) await subscription.stop();
    await log.close();
  });

  async function receiver(): Promise<HttpReceiver> {
    const opened = await httpReceiver();
    receivers.push(opened);
    return opened;
  }

  async function start(name: string, to: HttpReceiver | Channel, filter?: string): Promise<Subscription> {
    const channel = 'send' in to ? to : webhook.create(webhook.config.parse({ url: to.url, timeout: '200ms' }), { egress: new Egress({ allow: [], deny: [] }), now: () => Date.now() });
    const subscription = new Subscription(document(name, filter), channel, {
      log,
      logger: createLogger('test', 'silent'),
      metrics: createNotifierMetrics(createMetrics('test', '0')),
      concurrency: 4,
      maxRetryDelayMs: 50,
      now: () => Date.now(),
    });
    running.push(subscription);
    await subscription.start();
    return subscription;
  }

  async function push(violations: readonly Violation[]): Promise<void> {
    await log.append(
      Topic.Violations,
      violations.map((violation) => encodeEvent(violationKey(violation), { id: violation.id, type: EventType.Violation, source: '/test', time: violation.time }, violation)),
    );
  }

  async function deadLetters(count: number): Promise<StoredRecord[]> {
    const found: StoredRecord[] = [];
    const { promise, resolve } = Promise.withResolvers<void>();
    const consumer = await log.consume({
      topic: Topic.DeadLetters,
      group: `dead-${Math.random()}`,
      onBatch: async ({ records }) => {
        found.push(...records);
        if (found.length >= count) resolve();
      },
    });
    await promise;
    await consumer.stop();
    return found;
  }

  const message = (request: { body: Buffer }): number => Number((JSON.parse(request.body.toString()) as { data: Violation }).data.message);
  const distinct = (to: HttpReceiver): Set<number> => new Set(to.accepted.map(message));

  function expectOrderPerWorkload(to: HttpReceiver, workloads = 5): void {
    for (let workload = 0; workload < workloads; workload++) {
      const firsts = [...new Set(to.accepted.map(message))].filter((n) => n % workloads === workload);
      expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
    }
  }

  it('delivers everything that the filter wants, in order per workload', async () => {
    const to = await receiver();
    await start('all', to, 'violation.severity_id >= 4');
    await push(story(100));
    await to.until(() => to.accepted.length === 50);
    expect(to.accepted.every((request) => message(request) % 2 === 1)).toBe(true);
    expectOrderPerWorkload(to);
  });

  it('loses nothing and keeps the order while the receiver fails in turn', async () => {
    const to = await receiver();
    to.behave((_request, index) => (index % 3 === 1 ? { status: 503 } : { status: 200 }));
    await start('flaky', to);
    await push(story(60));
    await to.until(() => distinct(to).size === 60);
    expectOrderPerWorkload(to);
  });

  it('sends nothing twice after a failure further back', async () => {
    const to = await receiver();
    let failed = false;
    to.behave((request) => {
      if (message(request) !== 7 || failed) return { status: 200 };
      failed = true;
      return { status: 500 };
    });
    await start('once', to);
    await push(story(20));
    await to.until(() => distinct(to).size === 20);
    expect(to.accepted).toHaveLength(20);
  });

  it('does not let a dead receiver delay another one', async () => {
    const dead = await receiver();
    dead.behave(() => 'hang');
    const alive = await receiver();
    await start('dead', dead);
    await start('alive', alive);
    await push(story(30));
    await alive.until(() => alive.accepted.length === 30);
    dead.behave(() => ({ status: 200 }));
    await dead.until(() => distinct(dead).size === 30);
    expectOrderPerWorkload(dead);
  });

  it('gives what the receiver refuses to the dead letters, with the reason, and goes on', async () => {
    const to = await receiver();
    to.behave((request) => ({ status: message(request) === 3 ? 422 : 200 }));
    await start('picky', to);
    const violations = story(10);
    await push(violations);
    await to.until(() => to.accepted.length === 9);
    const [letter] = await deadLetters(1);
    expect(letter?.headers).toMatchObject({
      ce_id: violations[3]?.id,
      'tocsin.error.stage': 'deliver',
      'tocsin.error.reason': 'rejected_by_receiver',
      'tocsin.error.component': 'picky',
      'tocsin.error.topic': Topic.Violations,
    });
    expect(JSON.parse(letter?.value.toString() ?? '')).toEqual(violations[3]);
  });

  it('gives bytes that are no event to the dead letters', async () => {
    const to = await receiver();
    await start('reader', to);
    await log.append(Topic.Violations, [{ key: 'k', value: Buffer.from('{'), headers: { ce_type: EventType.Violation, ce_id: 'x', ce_time: 'now' } }]);
    await push(story(1));
    await to.until(() => to.accepted.length === 1);
    expect((await deadLetters(1))[0]?.value.toString()).toBe('{');
  });

  it('sends what lies on the log twice once', async () => {
    const to = await receiver();
    await start('repeats', to);
    const violations = story(4);
    await push(violations);
    await push(violations);
    await push(story(5));
    await to.until(() => distinct(to).size === 5);
    expect(to.accepted).toHaveLength(5);
  });

  it('goes on after a restart where it was', async () => {
    const to = await receiver();
    const first = await start('restarted', to);
    await push(story(20));
    await to.until(() => to.accepted.length === 20);
    await first.stop();
    running.pop();
    await push(story(40).slice(20));
    await start('restarted', to);
    await to.until(() => distinct(to).size === 40);
    expect(to.accepted).toHaveLength(40);
  });

  it('asks a receiver in trouble with one request at a time, not with one per partition', async () => {
    const sent: number[] = [];
    let ok = false;
    const channel: Channel = {
      takes: 'stream',
      send: async (batch: readonly Delivery[]): Promise<Outcome[]> => {
        sent.push(batch.length);
        return batch.map(() => (ok ? { ok: true } : { ok: false, retry: true, reason: 'connection', message: 'down' }));
      },
      close: async () => undefined,
    };
    await start('careful', channel);
    await push(story(30));
    while (sent.length < 8) await new Promise((resolve) => setImmediate(resolve));
    ok = true;
    const before = sent.length;
    while (sent.length < before + 3) await new Promise((resolve) => setImmediate(resolve));
    // Three partitions that each asked at every pause would have asked far more often.
    expect(before).toBeLessThan(16);
  });
});
