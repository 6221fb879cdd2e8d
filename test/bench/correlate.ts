import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { encodeEvent, EventType, openKafkaLog, Topic, topicSpecs, type EventLog, type LogRecord } from '@tocsin/event-log';
import { startKafka, startPostgres, topicName } from '@tocsin/testing';
import { Service } from '../chaos/processes.ts';
import { engineRate, violations } from './correlate-engine.ts';
import type { Put, Row } from './report.ts';
import { passThrough } from './raw-clients.ts';

const ENGINE_EVENTS = 200_000;
const LOG_EVENTS = 60_000;
const GIVE_UP_MS = 180_000;

/** What correlation costs: by number of rules, from log to log beside the raw client, and in memory by key. */
export async function correlate(rounds: number): Promise<Row[]> {
  const rows = new Map<string, Row>();
  const put: Put = (name, unit, value, against) => {
    const row = rows.get(name);
    if (row === undefined) rows.set(name, { name, unit, values: [value], ...(against === undefined ? {} : { against }) });
    else row.values.push(value);
    process.stderr.write(`  ${name}: ${value.toFixed(1)} ${unit}\n`);
  };
  // Code that runs for the first time is slow, whatever the number of rules.
  for (const rules of [10, 100, 1_000]) engineRate(rules, 0, ENGINE_EVENTS);
  for (let round = 1; round <= rounds; round++) {
    process.stderr.write(`round ${round}\n`);
    // In turns, so that none always comes first.
    for (const rules of round % 2 === 0 ? [1_000, 100, 10] : [10, 100, 1_000])
      put(`${rules} rules that cannot match`, 'ev/s', engineRate(rules, 0, ENGINE_EVENTS), '10 rules that cannot match');
    for (const rules of [10, 100]) put(`${rules} rules, one in ten matches each event`, 'ev/s', engineRate(rules, 0.1, ENGINE_EVENTS / 10));
    await fromLogToLog(put);
  }
  for (const [kind, keys] of [
    ['event_count', 1_000_000],
    ['value_count', 100_000],
    ['temporal_ordered', 100_000],
    ['risk', 100_000],
  ] as const) {
    put(`${kind}, bytes of heap per live key at ${keys.toLocaleString('en')}`, 'B', await bytesPerKey(kind, keys));
  }
  return [...rows.values()];
}

/** Violations on the log that no rule asks for, but one in a hundred: what is measured is reading, deciding, and writing on. */
async function fromLogToLog(put: Put): Promise<void> {
  const kafka = await startKafka();
  const postgres = await startPostgres();
  const directory = await mkdtemp(join(tmpdir(), 'tocsin-bench-'));
  const log = await openKafkaLog({ brokers: [kafka.brokers], clientId: 'bench', client: 'platformatic' });
  const services: Service[] = [];
  try {
    const [from, to] = [topicName('from'), topicName('to')];
    await log.ensureTopics([...topicSpecs(12), ...[from, to].map((name) => ({ name, partitions: 12, retentionMs: 3_600_000 }))]);
    const records = [...violations(LOG_EVENTS)].map((violation, index): LogRecord => {
      const { id, time } = violation;
      return encodeEvent(`prod/shop/app${index % 48}`, { id, type: EventType.Violation, source: '/bench', time }, violation);
    });
    for (const topic of [from, Topic.Violations]) {
      for (let start = 0; start < records.length; start += 1_000) await log.append(topic, records.slice(start, start + 1_000));
    }
    put('raw platformatic, topic to topic', 'ev/s', await passThrough(kafka.brokers, from, to, LOG_EVENTS));

    const rules = Array.from({ length: 100 }, (_, index) => ruleDocument(index));
    const policies = join(directory, 'policies');
    await mkdir(policies);
    await writeFile(join(policies, 'rules.yaml'), rules.join('---\n'));
    const config = join(directory, 'tocsin.yaml');
    await writeFile(config, JSON.stringify({ correlator: { builtinRules: false } }));
    const env = {
      KAFKA_BROKERS: kafka.brokers,
      DATABASE_URL: (await postgres.createDatabase()).url,
      TOCSIN_POLICY_DIR: policies,
      TOCSIN_CONFIG: config,
    };
    services.push(await Service.start('correlator', env));
    put('log to correlator with 100 rules to log', 'ev/s', await drained(log, LOG_EVENTS), 'raw platformatic, topic to topic');
  } finally {
    for (const service of services) await service.stop();
    await log.close();
    await kafka.close();
    await postgres.close();
    await rm(directory, { recursive: true, force: true });
  }
}

function ruleDocument(index: number): string {
  // One of them meets one event in a hundred; the others ask for what never comes.
  const name = index === 0 ? 'event 7' : `never ${index}`;
  return `apiVersion: tocsin.dev/v1
kind: CorrelationRule
metadata: { name: bench-${index} }
spec: { title: T, kind: single, severity: low, filter: 'violation.name == "${name}" && violation.severity_id >= 2' }
`;
}

/** From the first record that it commits to the last, so that starting and joining the group do not count. */
async function drained(log: EventLog, events: number): Promise<number> {
  const committed = async (): Promise<number> =>
    [...(await log.committed('correlator.violations', Topic.Violations)).values()].reduce((sum, next) => sum + next, 0);
  const end = Date.now() + GIVE_UP_MS;
  let first = 0;
  let started = 0;
  for (;;) {
    const now = await committed();
    if (started === 0 && now > 0) [first, started] = [now, performance.now()];
    if (now >= events) return (events - first) / ((performance.now() - started) / 1000);
    if (Date.now() > end) throw new Error(`The correlator committed ${now} of ${events} events.`);
    await delay(10);
  }
}

/** In a process of its own, so that nothing else is on its heap. */
async function bytesPerKey(kind: string, keys: number): Promise<number> {
  const program = new URL('./correlate-memory.ts', import.meta.url).pathname;
  const args = ['--expose-gc', '--max-old-space-size=6000', program, kind, String(keys)];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return Number(stdout);
}
