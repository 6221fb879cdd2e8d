import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeEvent, EventType, openKafkaLog, Topic, topicSpecs, type EventLog, type EventTypeName, type LogRecord } from '@tocsin/event-log';
import { startKafka, startPostgres } from '@tocsin/testing';
import { Service } from '../chaos/processes.ts';
import { Arrivals, type Measured } from './receivers.ts';
import type { Put, Row } from './report.ts';
import { rsyslogForwarder } from './rsyslog-forwarder.ts';

const SYSLOG_EVENTS = Number(process.env['NOTIFY_EVENTS'] ?? 400_000);
const WEBHOOK_EVENTS = 5_000;
/** Of these, so that a hundred subscriptions do not send for minutes. */
const FEW_EVENTS = 300;
const APPEND_RECORDS = 1_000;
const RSYSLOG = 'rsyslog imkafka to omfwd';

/** From Kafka to syslog beside rsyslog on the same topic, in turns; and to webhooks by number of subscriptions. */
export async function notify(rounds: number): Promise<Row[]> {
  const rows = new Map<string, Row>();
  const put: Put = (name, unit, value, against) => {
    const row = rows.get(name);
    if (row === undefined) rows.set(name, { name, unit, values: [value], ...(against === undefined ? {} : { against }) });
    else row.values.push(value);
    process.stderr.write(`  ${name}: ${value.toFixed(1)} ${unit}\n`);
  };
  const kafka = await startKafka();
  const postgres = await startPostgres();
  const log = await openKafkaLog({ brokers: [kafka.brokers], clientId: 'bench', client: 'platformatic' });
  try {
    await log.ensureTopics(topicSpecs(12));
    await fill(log, Topic.Violations, EventType.Violation, SYSLOG_EVENTS);
    await fill(log, Topic.Incidents, EventType.Incident, WEBHOOK_EVENTS);
    await fill(log, Topic.Actions, EventType.Action, FEW_EVENTS);
    for (let round = 1; round <= rounds; round++) {
      process.stderr.write(`round ${round}\n`);
      const env = { KAFKA_BROKERS: kafka.brokers, DATABASE_URL: (await postgres.createDatabase()).url };
      const turns = [() => byRsyslog(kafka.brokers, round, put), () => toSyslog(env, round, put)];
      for (const turn of round % 2 === 0 ? turns.reverse() : turns) await turn();
      await toWebhook(env, { round, subscriptions: 1, events: 'incidents', each: WEBHOOK_EVENTS }, put);
      await toWebhook(env, { round, subscriptions: 10, events: 'incidents', each: WEBHOOK_EVENTS }, put);
      await toWebhook(env, { round, subscriptions: 100, events: 'actions', each: FEW_EVENTS }, put);
    }
    return [...rows.values()];
  } finally {
    await log.close();
    await kafka.close();
    await postgres.close();
  }
}

async function byRsyslog(brokers: string, round: number, put: Put): Promise<void> {
  const arrivals = await Arrivals.syslog();
  const rsyslog = await rsyslogForwarder(brokers, Topic.Violations, `rsyslog-${round}`, arrivals.port);
  try {
    arrivals.begin(rsyslog.pid);
    const { perSecond, cpuMicros } = await arrivals.reached(SYSLOG_EVENTS);
    put(RSYSLOG, 'ev/s', perSecond);
    put(`${RSYSLOG}, CPU per event`, 'µs', cpuMicros);
  } finally {
    await rsyslog.stop();
    arrivals.close();
  }
}

async function toSyslog(env: Record<string, string>, round: number, put: Put): Promise<void> {
  const arrivals = await Arrivals.syslog();
  const channel = `type: syslog, host: 127.0.0.1, port: ${arrivals.port}`;
  try {
    const { perSecond, cpuMicros } = await served(env, [subscription(`syslog-${round}`, 'violations', channel)], arrivals, SYSLOG_EVENTS);
    put('log to syslog over TCP', 'ev/s', perSecond, RSYSLOG);
    put('log to syslog over TCP, CPU per event', 'µs', cpuMicros, `${RSYSLOG}, CPU per event`);
  } finally {
    arrivals.close();
  }
}

interface WebhookTurn {
  round: number;
  subscriptions: number;
  events: 'incidents' | 'actions';
  each: number;
}

async function toWebhook(env: Record<string, string>, { round, subscriptions, events, each }: WebhookTurn, put: Put): Promise<void> {
  const arrivals = await Arrivals.http();
  const channel = `type: webhook, url: "http://127.0.0.1:${arrivals.port}/"`;
  const documents = Array.from({ length: subscriptions }, (_, index) => subscription(`webhook-${round}-${subscriptions}-${index}`, events, channel));
  try {
    const { perSecond, cpuMicros } = await served(env, documents, arrivals, each * subscriptions);
    const name = `log to webhook, ${subscriptions} ${subscriptions === 1 ? 'subscription' : 'subscriptions'}`;
    const [base, baseCpu] = subscriptions === 1 ? [] : ['log to webhook, 1 subscription', 'log to webhook, 1 subscription, CPU per event'];
    put(name, 'ev/s', perSecond, base);
    put(`${name}, CPU per event`, 'µs', cpuMicros, baseCpu);
  } finally {
    arrivals.close();
  }
}

/** By a notifier of its own that serves these documents alone. */
async function served(env: Record<string, string>, documents: readonly string[], arrivals: Arrivals, count: number): Promise<Measured> {
  const directory = await mkdtemp(join(tmpdir(), 'tocsin-bench-'));
  await writeFile(join(directory, 'policies.yaml'), documents.join('---\n'));
  const notifier = await Service.launch('notifier', { ...env, TOCSIN_POLICY_DIR: directory });
  try {
    // It sends before it says that it is ready.
    arrivals.begin(notifier.pid);
    await notifier.ready();
    return await arrivals.reached(count);
  } finally {
    await notifier.stop();
    await rm(directory, { recursive: true, force: true });
  }
}

function subscription(name: string, events: string, channel: string): string {
  return `apiVersion: tocsin.dev/v1\nkind: Subscription\nmetadata: { name: ${name} }\nspec: { events: ${events}, channel: { ${channel} } }\n`;
}

async function fill(log: EventLog, topic: string, type: EventTypeName, count: number): Promise<void> {
  for (let start = 0; start < count; start += APPEND_RECORDS) {
    const records = Array.from({ length: Math.min(APPEND_RECORDS, count - start) }, (_, index) => event(start + index, type));
    await log.append(topic, records);
  }
}

/** A violation of usual size; for the others too, since what is measured does not depend on what they say. */
function event(index: number, type: EventTypeName): LogRecord {
  const id = `00000000-0000-5000-8000-${index.toString(16).padStart(12, '0')}`;
  const time = new Date(Date.UTC(2026, 8, 14, 14) + index * 10).toISOString();
  const workload = `app${index % 48}`;
  const data = {
    schema: 1,
    id,
    source: 'falco',
    kind: 'process',
    name: 'Terminal shell in container',
    message: `A shell was spawned in a container with an attached terminal ${'x'.repeat(200)}`,
    severity_id: 1 + (index % 6),
    time,
    received_time: time,
    cluster: 'prod',
    workload: { namespace: 'shop', name: workload, kind: 'Deployment' },
    pod: { name: `${workload}-6d5f7c9b8d-x2lqp` },
    container: { id: 'b5e1a6f0c9d2', name: workload },
    image: { name: 'registry.example.com/shop/app', tag: '1.2.3' },
    process: { name: 'bash', path: '/bin/bash', cmd_line: 'bash -c id', pid: 4711, parent: { name: 'runc' } },
    attacks: [{ tactic: 'execution', technique: 'T1059' }],
    tags: ['mitre_execution', 'container'],
    disposition: 'detected',
    count: 1,
  };
  return encodeEvent(`prod/shop/${workload}`, { id, type, source: '/tocsin/bench', time, severityId: data.severity_id }, data);
}
