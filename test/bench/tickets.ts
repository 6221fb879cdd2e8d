import { setTimeout as delay } from 'node:timers/promises';
import type { Incident } from '@tocsin/domain';
import { EventType } from '@tocsin/event-log';
import { createLogger } from '@tocsin/runtime';
import { migrate, openStore, upsertIncidents, type Store } from '@tocsin/store';
import { buildIncident, fakeJira, fakeServiceNow, startPostgres } from '@tocsin/testing';
import type { Channel, Delivery } from '../../apps/notifier/src/channels/channel.ts';
import type * as EgressModule from '../../apps/notifier/src/channels/egress.ts';
import type * as ChannelsModule from '../../apps/notifier/src/channels/index.ts';
import type * as MemoryModule from '../../apps/notifier/src/channels/memory.ts';
import type { Put, Row } from './report.ts';

const OPEN = Number(process.env['TICKETS_OPEN'] ?? 10_000);
const LIFECYCLES = Number(process.env['TICKETS_LIFECYCLES'] ?? 500);
const CONCURRENCY = 16;
/** Requests a second that the system allows; vendors give no figure for all, and every tenant has its own. */
const ALLOWED = 100;
const RAW_REQUESTS = 1_000;
const built = new URL('../../apps/notifier/dist/channels/', import.meta.url);
const never = new AbortController().signal;

interface System {
  name: string;
  config: object;
  requests(): number;
  /** Whether requests beyond ALLOWED a second are refused, with Retry-After. */
  limit(on: boolean): void;
  /** One request as anybody would make it: the limit of the fake itself. */
  raw(index: number): Promise<unknown>;
  close(): Promise<void>;
}

/** Cases from opened to resolved, with many open ones beside them: how many a second, and how many calls each. */
export async function tickets(rounds: number): Promise<Row[]> {
  const rows = new Map<string, Row>();
  const put: Put = (name, unit, value, against) => {
    const row = rows.get(name);
    if (row === undefined) rows.set(name, { name, unit, values: [value], ...(against === undefined ? {} : { against }) });
    else row.values.push(value);
    process.stderr.write(`  ${name}: ${value.toFixed(1)} ${unit}\n`);
  };
  process.env['BENCH_TICKETS'] = 'x';
  const postgres = await startPostgres();
  try {
    for (const open of [jira, servicenow]) {
      const system = await open();
      const store = await openStore({ url: (await postgres.createDatabase()).url });
      await migrate(store);
      const channel = await channelTo(system, store);
      process.stderr.write(`${system.name}: ${OPEN} open cases first\n`);
      await inParallel(OPEN, (index) => tell(channel, store, incidentOf(`open ${index}`)));
      for (let round = 1; round <= rounds; round++) {
        process.stderr.write(`round ${round}\n`);
        await measure({ system, channel, store, round }, put);
      }
      await channel.close();
      await store.close();
      await system.close();
    }
    return [...rows.values()];
  } finally {
    await postgres.close();
  }
}

async function measure(
  { system, channel, store, round }: { system: System; channel: Channel; store: Store; round: number },
  put: Put,
): Promise<void> {
  const { name } = system;
  put(`${name}, one request after another by 16`, 'req/s', await perSecond(RAW_REQUESTS, (index) => system.raw(index)));
  const before = system.requests();
  const rate = await perSecond(LIFECYCLES, (index) => lifecycle(channel, store, `${round} free ${index}`));
  const calls = (system.requests() - before) / LIFECYCLES;
  put(`${name}, calls a lifecycle`, 'calls', calls);
  put(`${name}, lifecycles`, '/s', rate);
  system.limit(true);
  const limited = await perSecond(LIFECYCLES, (index) => lifecycle(channel, store, `${round} limited ${index}`));
  system.limit(false);
  put(`${name}, ${ALLOWED} requests/s shared by its calls`, '/s', ALLOWED / calls);
  put(`${name}, lifecycles at ${ALLOWED} requests/s`, '/s', limited, `${name}, ${ALLOWED} requests/s shared by its calls`);
}

async function lifecycle(channel: Channel, store: Store, title: string): Promise<void> {
  const opened = incidentOf(title);
  const taken: Incident = { ...opened, version: 2, change: 'acknowledged', status: 'acknowledged', actor: 'ann' };
  const resolution = { reason: 'benign', by: 'ann', time: opened.updated_at } as const;
  for (const version of [opened, taken, { ...taken, version: 3, change: 'resolved', status: 'resolved', resolution } as Incident])
    await tell(channel, store, version);
}

/** As the pipeline: again, when the receiver says that it may be. */
async function tell(channel: Channel, store: Store, incident: Incident): Promise<void> {
  await store.transaction((tx) => upsertIncidents(tx, [{ incident, home: 'x/0', dueAt: null }]));
  const body = Buffer.from(JSON.stringify(incident));
  const event = { id: `${incident.id}/${incident.version}`, type: EventType.Incident, source: '/bench', time: incident.updated_at };
  const delivery: Delivery = {
    id: event.id,
    subscription: 'bench',
    attempt: 1,
    event: { ...event, severityId: incident.severity_id },
    data: incident,
    body,
    content: { format: 'tocsin', mediaType: 'application/json', body },
  };
  for (;;) {
    const [outcome] = await channel.send([delivery], never);
    if (outcome?.ok === true) return;
    if (outcome?.retry !== true) throw new Error(outcome?.message);
    await delay(outcome.afterMs ?? 100);
  }
}

let made = 0;
function incidentOf(title: string): Incident {
  made += 1;
  return buildIncident({ group: { n: String(made) }, title, status: 'open' });
}

async function inParallel(count: number, act: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) await act(next++);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, worker));
}

async function perSecond(count: number, act: (index: number) => Promise<unknown>): Promise<number> {
  const began = performance.now();
  await inParallel(count, act);
  return (count * 1_000) / (performance.now() - began);
}

async function channelTo({ name, config }: System, store: Store): Promise<Channel> {
  const { channels } = (await import(new URL('index.js', built).href)) as typeof ChannelsModule;
  const { Egress } = (await import(new URL('egress.js', built).href)) as typeof EgressModule;
  const { channelMemory } = (await import(new URL('memory.js', built).href)) as typeof MemoryModule;
  const kind = channels.find(({ type }) => type === name) as (typeof channels)[number];
  return kind.create(kind.config.parse(config), {
    egress: new Egress({ allow: [], deny: [] }),
    now: Date.now,
    logger: createLogger('bench', 'silent'),
    subscription: 'bench',
    memory: channelMemory(store, 'bench'),
    store,
    process: 'bench',
    publicUrl: undefined,
    evidence: async () => undefined,
    notice: async () => undefined,
  });
}

/** A window of a second, as limiters have it. */
function limiter(): { set(on: boolean): void; refuses(): boolean } {
  let [on, second, count] = [false, 0, 0];
  return {
    set: (next) => void (on = next),
    refuses() {
      const now = Math.floor(Date.now() / 1_000);
      if (now !== second) [second, count] = [now, 0];
      count += 1;
      return on && count > ALLOWED;
    },
  };
}

async function jira(): Promise<System> {
  const fake = await fakeJira({ flavor: 'cloud', authorization: 'Bearer x' });
  const limit = limiter();
  fake.misbehave(() => (limit.refuses() ? { status: 429, headers: { 'retry-after': '1', 'ratelimit-reason': 'jira-burst-based' } } : undefined));
  const headers = { authorization: 'Bearer x' };
  return {
    name: 'jira',
    config: { url: fake.url, flavor: 'cloud', auth: { bearer: { env: 'BENCH_TICKETS' } }, project: 'SEC', evidence: false },
    requests: () => fake.requests.length,
    limit: limit.set,
    raw: async () => (await fetch(`${fake.url}/rest/api/3/myself`, { headers })).json(),
    close: () => fake.close(),
  };
}

async function servicenow(): Promise<System> {
  const fake = await fakeServiceNow({ auth: { basic: { username: 'tocsin', password: 'x' } } });
  const limit = limiter();
  fake.misbehave(() => (limit.refuses() ? { status: 429, headers: { 'retry-after': '1' } } : undefined));
  const headers = { authorization: `Basic ${Buffer.from('tocsin:x').toString('base64')}` };
  return {
    name: 'servicenow',
    config: { instance: fake.url, auth: { basic: { username: 'tocsin', password: { env: 'BENCH_TICKETS' } } }, closeCode: 'Solved', evidence: false },
    requests: () => fake.requests.length,
    limit: limit.set,
    raw: async () => (await fetch(`${fake.url}/api/now/table/em_event?sysparm_limit=1`, { headers })).json(),
    close: () => fake.close(),
  };
}
