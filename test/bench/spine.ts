import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { Agent, createServer, request } from 'node:http';
import { createServer as createTcpServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { openKafkaLog, topicSpecs } from '@tocsin/event-log';
import { startKafka, startPostgres, topicName } from '@tocsin/testing';
import { Service } from '../chaos/processes.ts';
import { quantile, type Row } from './report.ts';
import { rawKafkajs, rawPlatformatic, type RawClient } from './raw-clients.ts';

const RAW_RECORDS = 30_000;
const SINGLES = 3_000;
const BATCHED = 20_000;
const CONCURRENCY = 32;
const LATENCY_RATE = 50;
const LATENCY_EVENTS = 250;
const GIVE_UP_MS = 120_000;

/** The whole road on Kafka and Postgres, and in one process, beside what the raw clients do on the same broker. */
export async function spine(rounds: number): Promise<Row[]> {
  const rows = new Map<string, Row>();
  const put = (name: string, unit: string, value: number, against?: string): void => {
    const row = rows.get(name);
    if (row === undefined) rows.set(name, { name, unit, values: [value], ...(against === undefined ? {} : { against }) });
    else row.values.push(value);
    process.stderr.write(`  ${name}: ${value.toFixed(1)} ${unit}\n`);
  };
  for (let round = 1; round <= rounds; round++) {
    process.stderr.write(`round ${round}\n`);
    await onKafka(put);
    await inOneProcess(put);
  }
  return [...rows.values()];
}

type Put = (name: string, unit: string, value: number, against?: string) => void;

async function onKafka(put: Put): Promise<void> {
  const kafka = await startKafka();
  const postgres = await startPostgres();
  const receivers = await openCounters();
  const directory = await mkdtemp(join(tmpdir(), 'tocsin-bench-'));
  const services: Service[] = [];
  try {
    await rawClient('raw kafkajs', rawKafkajs(kafka.brokers), kafka.brokers, put);
    await rawClient('raw platformatic', rawPlatformatic(kafka.brokers), kafka.brokers, put);

    await writeFile(join(directory, 'policies.yaml'), receivers.policies);
    const database = (await postgres.createDatabase()).url;
    const env = { KAFKA_BROKERS: kafka.brokers, DATABASE_URL: database, TOCSIN_POLICY_DIR: directory };
    const ingest = await Service.start('ingest', env);
    services.push(ingest);
    put('ingest, one event per POST', 'ev/s', await post(ingest.url, SINGLES, 1));
    put('ingest, 100 events per POST', 'ev/s', await post(ingest.url, BATCHED, 100), 'raw platformatic produce');
    const backlog = SINGLES + BATCHED;

    services.push(await Service.start('notifier', env));
    const [webhook, syslog] = await Promise.all([receivers.webhook.reached(backlog), receivers.syslog.reached(backlog)]);
    put('log to webhook, one POST per event', 'ev/s', webhook);
    put('log to syslog over TCP', 'ev/s', syslog, 'raw platformatic consume');

    services.push(await Service.start('correlator', env));
    const correlated = await drained(kafka.brokers, 'correlator.violations', backlog);
    put('log to incidents (11 rules, every event matches)', 'ev/s', correlated, 'raw platformatic consume');
    const latencies = await latency(ingest.url, receivers.webhook);
    put(`accepted to delivered, p50 at ${LATENCY_RATE}/s`, 'ms', quantile(latencies, 0.5));
    put(`accepted to delivered, p99 at ${LATENCY_RATE}/s`, 'ms', quantile(latencies, 0.99));
  } finally {
    for (const service of services) await service.stop();
    await kafka.close();
    await postgres.close();
    await receivers.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function inOneProcess(put: Put): Promise<void> {
  const receivers = await openCounters();
  const directory = await mkdtemp(join(tmpdir(), 'tocsin-bench-'));
  await writeFile(join(directory, 'policies.yaml'), receivers.policies);
  const service = await Service.start('standalone', { TOCSIN_DATA_DIR: join(directory, 'data'), TOCSIN_POLICY_DIR: directory });
  try {
    put('standalone, one event per POST', 'ev/s', await post(service.url, SINGLES, 1), 'ingest, one event per POST');
    put('standalone, accepted to delivered to webhook', 'ev/s', await receivers.webhook.reached(SINGLES));
    const latencies = await latency(service.url, receivers.webhook);
    put(`standalone, p50 at ${LATENCY_RATE}/s`, 'ms', quantile(latencies, 0.5));
    put(`standalone, p99 at ${LATENCY_RATE}/s`, 'ms', quantile(latencies, 0.99));
  } finally {
    await service.stop();
    await receivers.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function rawClient(name: string, client: RawClient, brokers: string, put: Put): Promise<void> {
  const log = await openKafkaLog({ brokers: [brokers], clientId: 'bench', client: 'platformatic' });
  const topic = topicName('bench');
  await log.ensureTopics([{ name: topic, partitions: 12, retentionMs: 3_600_000 }]);
  await log.close();
  put(`${name} produce`, 'ev/s', await client.produce(topic, RAW_RECORDS), 'raw kafkajs produce');
  put(`${name} consume`, 'ev/s', await client.consume(topic, RAW_RECORDS), 'raw kafkajs consume');
}

let serial = 0;

function event(sentAt = 0): Record<string, unknown> {
  serial++;
  return {
    uuid: `00000000-0000-4000-8000-${serial.toString(16).padStart(12, '0')}`,
    rule: 'Write below etc',
    priority: 'Error',
    output: `event ${serial}: ${'x'.repeat(300)} sent=${sentAt};`,
    time: new Date().toISOString(),
    hostname: `worker-${serial % 5}`,
    tags: ['mitre_persistence', 'T1098'],
    output_fields: {
      'k8s.ns.name': 'shop',
      'k8s.pod.name': `app${serial % 48}-6d5f7c9b8d-x2lqp`,
      'proc.name': 'tee',
      'fd.name': '/etc/ld.so.preload',
    },
  };
}

const agent = new Agent({ keepAlive: true, maxSockets: CONCURRENCY });

/** Node's own client, since `fetch` costs more than what is measured. Resolves when the answer is read and was 200. */
function send(url: string, body: unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    const text = Buffer.from(JSON.stringify(body));
    const headers = { 'content-type': 'application/json', 'content-length': text.length };
    const posting = request(`${url}/v1/sources/falco`, { method: 'POST', agent, headers }, (response) => {
      response.resume();
      response.on('end', () => (response.statusCode === 200 ? resolve() : reject(new Error(`Ingest answered ${response.statusCode}.`))));
    });
    posting.on('error', reject);
    posting.end(text);
  });
}

/** Events per second that were acknowledged. */
async function post(url: string, events: number, perRequest: number): Promise<number> {
  let left = events / perRequest;
  const started = performance.now();
  await Promise.all(
    Array.from({ length: CONCURRENCY }, async () => {
      while (left-- > 0) {
        const body = perRequest === 1 ? event() : Array.from({ length: perRequest }, () => event());
        await send(url, body);
      }
    }),
  );
  return events / ((performance.now() - started) / 1000);
}

/** Milliseconds from each event's acknowledgement to its arrival at the webhook, at a steady rate. */
async function latency(url: string, webhook: Counter): Promise<number[]> {
  const accepted = new Map<number, number>();
  const arrived = new Map<number, number>();
  webhook.onBody = (body) => {
    const sent = /sent=(\d+);/.exec(body)?.[1];
    if (sent !== undefined && sent !== '0') arrived.set(Number(sent), arrived.get(Number(sent)) ?? performance.now());
  };
  const posts: Promise<void>[] = [];
  for (let n = 1; n <= LATENCY_EVENTS; n++) {
    posts.push(send(url, event(n)).then(() => void accepted.set(n, performance.now())));
    await delay(1000 / LATENCY_RATE);
  }
  await Promise.all(posts);
  const end = Date.now() + GIVE_UP_MS;
  while (arrived.size < LATENCY_EVENTS && Date.now() < end) await delay(20);
  return [...arrived].map(([n, at]) => Math.max(0, at - (accepted.get(n) ?? at)));
}

/** Events per second of a consumer group, from its start until it has committed everything. */
async function drained(brokers: string, group: string, events: number): Promise<number> {
  const log = await openKafkaLog({ brokers: [brokers], clientId: 'bench', client: 'platformatic' });
  const [violations] = topicSpecs();
  const topic = violations?.name ?? '';
  const started = performance.now();
  const end = Date.now() + GIVE_UP_MS;
  for (;;) {
    const committed = [...(await log.committed(group, topic)).values()].reduce((sum, next) => sum + next, 0);
    if (committed >= events || Date.now() > end) {
      await log.close();
      return committed / ((performance.now() - started) / 1000);
    }
    await delay(50);
  }
}

interface Counter {
  onBody: ((body: string) => void) | undefined;
  /** Arrivals per second, from the first to the last of so many. */
  reached(count: number): Promise<number>;
}

interface Counters {
  webhook: Counter;
  syslog: Counter;
  policies: string;
  close(): Promise<void>;
}

async function openCounters(): Promise<Counters> {
  const webhook = counter();
  const syslog = counter();
  const http = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      webhook.onBody?.(Buffer.concat(chunks).toString());
      response.writeHead(204).end();
      webhook.add(1);
    });
  });
  // Octet-counted messages begin with their length; counting the header of each is enough here.
  const tcp = createTcpServer((socket) => {
    socket.on('error', () => undefined);
    let rest = '';
    socket.on('data', (chunk) => {
      const text = rest + chunk.toString('latin1');
      const found = text.match(/<\d{1,3}>1 \d{4}-/g)?.length ?? 0;
      syslog.add(found);
      rest = found === 0 ? text.slice(-16) : text.slice(Math.max(text.lastIndexOf('>1 2') + 8, text.length - 16));
    });
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  await new Promise<void>((resolve) => tcp.listen(0, '127.0.0.1', resolve));
  const subscription = (name: string, channel: string): string =>
    `apiVersion: tocsin.dev/v1\nkind: Subscription\nmetadata: { name: ${name} }\nspec: { events: violations, channel: { ${channel} } }\n`;
  return {
    webhook,
    syslog,
    policies: [
      subscription('bench-webhook', `type: webhook, url: "http://127.0.0.1:${(http.address() as AddressInfo).port}/"`),
      subscription('bench-syslog', `type: syslog, host: 127.0.0.1, port: ${(tcp.address() as AddressInfo).port}`),
    ].join('---\n'),
    async close() {
      http.closeAllConnections();
      http.close();
      tcp.close();
    },
  };
}

function counter(): Counter & { add(arrivals: number): void } {
  let count = 0;
  let first = 0;
  let last = 0;
  return {
    onBody: undefined,
    add(arrivals) {
      count += arrivals;
      last = performance.now();
      first ||= last;
    },
    async reached(wanted) {
      const end = Date.now() + GIVE_UP_MS;
      while (count < wanted && Date.now() < end) await delay(20);
      return count / ((last - first) / 1000);
    },
  };
}
