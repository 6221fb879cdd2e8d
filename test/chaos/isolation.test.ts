// A receiver in trouble delays nobody but itself, and misses nothing once it is mended.
import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { appendFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { violationId, violationKey, type Violation } from '@tocsin/domain';
import { encodeEvent, EventType, openKafkaLog, Topic, topicSpecs, type EventLog } from '@tocsin/event-log';
import {
  buildViolation,
  describeReal,
  httpReceiver,
  startKafka,
  startPostgres,
  type HttpReceiver,
  type KafkaBroker,
  type PostgresServer,
  type ReceivedRequest,
} from '@tocsin/testing';
import { Service } from './processes.js';

/** At full size: ISOLATION_SUBSCRIPTIONS=100. A tenth of them is broken, and at least one in each way. */
const SUBSCRIPTIONS = Number(process.env['ISOLATION_SUBSCRIPTIONS'] ?? 16);
const ROUNDS = Number(process.env['ISOLATION_ROUNDS'] ?? 20);
/** Events of a round, each of another workload, so that every partition has some. */
const EACH_ROUND = 5;
const ROUND_MS = 200;
const PARTITIONS = 4;
const DEADLINE_MS = 180_000;

const WAYS = [
  () => ({ status: 500 }),
  () => ({ status: 503, headers: { 'retry-after': '1' } }),
  () => ({ status: 429, headers: { 'retry-after': '1' } }),
  () => ({ status: 401 }),
  () => 'hang' as const,
  () => 'reset' as const,
];
const BROKEN = Math.max(WAYS.length, Math.floor(SUBSCRIPTIONS / 10));

describeReal(['kafka-process', 'postgres-process'], 'receivers in trouble', () => {
  let kafka: KafkaBroker;
  let postgres: PostgresServer;
  let log: EventLog;
  let receiver: HttpReceiver;
  let notifier: Service;
  let directory: string;
  let broken = false;
  /** By the path of the subscription: when each event first arrived, in the order of arrival. */
  const arrived = Array.from({ length: SUBSCRIPTIONS }, () => new Map<number, number>());
  const sentAt: number[] = [];

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tocsin-isolation-'));
    receiver = await httpReceiver();
    receiver.behave((request) => {
      const index = Number(request.path.split('/').at(-1));
      const way = WAYS[index % WAYS.length];
      if (broken && index < BROKEN && way !== undefined) return way();
      const number = numberOf(request);
      const own = arrived[index];
      if (own?.has(number) === false) own.set(number, performance.now());
      return { status: 200 };
    });
    kafka = await startKafka();
    postgres = await startPostgres();
    log = await openKafkaLog({ brokers: [kafka.brokers], clientId: 'isolation', client: 'platformatic' });
    await log.ensureTopics(topicSpecs(PARTITIONS));
    const documents = Array.from({ length: SUBSCRIPTIONS }, (_, index) => {
      const channel = `{ type: webhook, url: "${receiver.url}/${index}", timeout: 2s }`;
      return `apiVersion: tocsin.dev/v1\nkind: Subscription\nmetadata: { name: s${index} }\nspec: { events: violations, channel: ${channel} }\n`;
    });
    await writeFile(join(directory, 'policies.yaml'), documents.join('---\n'));
    await writeFile(join(directory, 'tocsin.config'), 'notifier: { maxRetryDelayMs: 2000 }\n');
    const { url: DATABASE_URL } = await postgres.createDatabase();
    const own = { DATABASE_URL, TOCSIN_POLICY_DIR: directory, TOCSIN_CONFIG: join(directory, 'tocsin.config') };
    notifier = await Service.start('notifier', { KAFKA_BROKERS: kafka.brokers, KAFKA_PARTITIONS: String(PARTITIONS), ...own });
  }, DEADLINE_MS);
  afterAll(async () => {
    await notifier?.stop();
    await log?.close();
    await kafka?.close();
    await postgres?.close();
    await receiver?.close();
    await rm(directory, { recursive: true, force: true });
  }, DEADLINE_MS);

  async function push(rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      const events = Array.from({ length: EACH_ROUND }, (_, workload) => {
        const number = sentAt.length;
        sentAt.push(performance.now());
        const id = violationId('falco', 'test', `isolation-${number}`, '2026-09-14T14:00:00.000Z');
        return buildViolation({ id, message: String(number), workload: { namespace: 'shop', name: `w${workload}` } });
      });
      await log.append(
        Topic.Violations,
        events.map((event) =>
          encodeEvent(violationKey(event), { id: event.id, type: EventType.Violation, source: '/test', time: event.time }, event),
        ),
      );
      // The pace of the load, not a wait for something.
      await pause(ROUND_MS);
    }
  }

  /** Resolves when these subscriptions have everything that was sent. */
  async function complete(from: number, what: string): Promise<void> {
    const end = Date.now() + DEADLINE_MS / 3;
    while (arrived.slice(from).some(({ size }) => size < sentAt.length)) {
      if (Date.now() > end)
        throw new Error(`${what}: not everything arrived: ${arrived.map(({ size }) => size).join(' ')} of ${sentAt.length}.\n${notifier.output}`);
      await pause(20);
    }
  }

  /** Of the subscriptions that are never broken. */
  function latencies(from: number): number[] {
    return arrived
      .slice(BROKEN)
      .flatMap((own) => [...own].flatMap(([number, at]) => (number < from ? [] : [at - (sentAt[number] as number)])))
      .toSorted((a, b) => a - b);
  }

  it(
    `leave the other ${SUBSCRIPTIONS - BROKEN} of ${SUBSCRIPTIONS} alone, and have everything in order once they are mended`,
    async () => {
      await push(5);
      await complete(0, 'warming up');
      const undisturbedFrom = sentAt.length;
      await push(ROUNDS);
      await complete(0, 'undisturbed');
      const undisturbed = latencies(undisturbedFrom);
      const disturbedFrom = sentAt.length;
      broken = true;
      await push(ROUNDS);
      await complete(BROKEN, 'while some are broken');
      const disturbed = latencies(disturbedFrom);
      // None of the broken ones took anything meanwhile.
      expect(arrived.slice(0, BROKEN).map(({ size }) => size)).toEqual(Array.from({ length: BROKEN }, () => disturbedFrom));
      broken = false;
      const mended = performance.now();
      await complete(0, 'mended');
      const recovered = performance.now() - mended;
      for (const own of arrived) {
        const numbers = [...own.keys()];
        for (let workload = 0; workload < EACH_ROUND; workload++) {
          const ofWorkload = numbers.filter((number) => number % EACH_ROUND === workload);
          expect(ofWorkload).toEqual(ofWorkload.toSorted((a, b) => a - b));
        }
      }
      tell(
        `isolation, ${SUBSCRIPTIONS} subscriptions, ${BROKEN} broken, ${sentAt.length} events: undisturbed p50 ${at(undisturbed, 0.5)} p95 ${at(undisturbed, 0.95)} ms; ` +
          `while ${BROKEN} are broken p50 ${at(disturbed, 0.5)} p95 ${at(disturbed, 0.95)} ms; mended after ${Math.round(recovered)} ms, missing 0`,
      );
    },
    DEADLINE_MS,
  );
});

function at(sorted: readonly number[], share: number): string {
  return (sorted[Math.floor((sorted.length - 1) * share)] ?? NaN).toFixed(1);
}

function numberOf({ body }: ReceivedRequest): number {
  const { data } = JSON.parse(body.toString()) as { data: Violation };
  return Number(data.message);
}

/** Figures, for people: nothing is asserted by the clock. */
function tell(line: string): void {
  process.stderr.write(`${line}\n`);
  const file = process.env['ISOLATION_FIGURES'];
  if (file !== undefined) appendFileSync(file, `${line}\n`);
}
