/** What the tests of this app share. */
import { openEmbeddedLog, topicSpecs, Topic, type EventLog, type LogRecord } from '@tocsin/event-log';
import { createLogger } from '@tocsin/runtime';
import { Registry } from 'prom-client';
import { ingestConfig, registry, type IngestConfig } from '../config.js';
import { createIngestMetrics } from '../metrics.js';
import { authenticator, type Tokens } from './authenticate.js';
import { Intake, type Answer, type IntakeDeps, type IntakeRequest } from './intake.js';
import type { KeepDeps } from './keep.js';
import { masker } from './mask.js';
import { RecentIds } from './recent-ids.js';

export const NOW = Date.parse('2026-09-14T15:00:00.000Z');
export const logger = createLogger('test', 'silent');

export interface TestClock {
  ms: number;
  now(): number;
}

export function testClock(): TestClock {
  return {
    ms: NOW,
    now() {
      return this.ms;
    },
  };
}

export async function openTestLog(): Promise<EventLog> {
  const log = await openEmbeddedLog({ file: ':memory:' });
  await log.ensureTopics(topicSpecs(3));
  return log;
}

/** All that a topic holds now. */
export async function readTopic(log: EventLog, topic: string, count: number): Promise<LogRecord[]> {
  const records: LogRecord[] = [];
  if (count === 0) return records;
  let finish: () => void = () => undefined;
  const done = new Promise<void>((resolve) => (finish = resolve));
  const consumer = await log.consume({
    topic,
    group: `test-${Math.random()}`,
    onBatch: (batch) => {
      records.push(...batch.records);
      if (records.length >= count) finish();
      return Promise.resolve();
    },
  });
  await done;
  await consumer.stop();
  return records;
}

export async function topicLength(log: EventLog, topic: string = Topic.Violations): Promise<number> {
  const offsets = await log.offsets(topic);
  return offsets.reduce((sum, { end }) => sum + end, 0);
}

/** A log whose appends fail as long as `failing` says how. */
export interface FaultyLog extends EventLog {
  failing: ((topic: string, records: readonly LogRecord[]) => Error | undefined) | undefined;
  appends: number;
}

export function faulty(log: EventLog): FaultyLog {
  const wrapped: FaultyLog = {
    failing: undefined,
    appends: 0,
    append(topic, records) {
      wrapped.appends++;
      const error = wrapped.failing?.(topic, records);
      return error === undefined ? log.append(topic, records) : Promise.reject(error);
    },
    consume: (options) => log.consume(options),
    ensureTopics: (topics) => log.ensureTopics(topics),
    offsets: (topic) => log.offsets(topic),
    committed: (group, topic) => log.committed(group, topic),
    ping: (signal) => log.ping(signal),
    close: () => log.close(),
  };
  return wrapped;
}

export function keepDeps(log: EventLog, clock = testClock()): KeepDeps {
  return {
    log,
    clock,
    metrics: createIngestMetrics(new Registry()),
    recent: new RecentIds(1_000, 600_000),
    mask: (violation) => violation,
    clockBounds: { maxFutureMs: 300_000, maxPastMs: 3650 * 86_400_000 },
  };
}

export interface Rig {
  intake: Intake;
  post(body: string | Buffer, request?: Partial<IntakeRequest>): Promise<Answer>;
}

export function intakeOn(
  log: EventLog,
  settings: { config?: unknown; tokens?: Tokens; clock?: TestClock; limits?: Partial<IntakeDeps['limits']> } = {},
): Rig {
  const config: IngestConfig = ingestConfig.parse(settings.config ?? {});
  const clock = settings.clock ?? testClock();
  const sources = new Map([...registry].map(([type, source]) => [type, { source, decoder: source.create(config.sources[type], undefined) }]));
  const intake = new Intake({
    ...keepDeps(log, clock),
    mask: masker(config.mask, 'a salt for tests'),
    sources,
    cluster: 'test',
    logger,
    authenticate: authenticator(settings.tokens ?? { shared: undefined, bySource: new Map() }),
    limits: { ...config.limits, ...settings.limits },
  });
  return {
    intake,
    post: (body, request = {}) =>
      intake.accept({ source: 'falco', headers: { 'content-type': 'application/json' }, query: {}, ...request, body: Buffer.from(body as string) }),
  };
}

/** A Falco alert that nothing else is like. */
export function alert(uuid: string, changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    uuid,
    priority: 'Error',
    rule: 'Write below etc',
    time: '2026-09-14T14:03:05Z',
    output: 'x',
    output_fields: { 'k8s.ns.name': 'shop', 'k8s.pod.name': 'web-0' },
    ...changes,
  };
}
