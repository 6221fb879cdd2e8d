import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fakeJira, startKafka, startPostgres, type FakeJira, type KafkaBroker, type PostgresServer } from '@tocsin/testing';
import { openReceivers, type Receivers } from '../oracle.ts';
import { Service } from '../processes.ts';
import { smallDisk, type SmallDisk } from './disk.ts';
import { SERVICES, type Mode } from './schedule.ts';

const PARTITIONS = 6;
/** A search of tickets misses what was written for so long. */
const INDEX_LAG_MS = 1_000;
const DISK_MEGABYTES = 1_024;
const CLOCK = new URL('clock.ts', import.meta.url).href;
const CONFIG = `api: { requestsPerMinute: 1000000 }
notifier: { maxRetryDelayMs: 2000 }
`;

/** Everything that a run needs, started. */
export interface World {
  /** As `SERVICES` names them; in one process that one. */
  services: Service[];
  ingest: Service;
  api: Service;
  receivers: Receivers;
  tickets: FakeJira;
  kafka?: KafkaBroker;
  postgres?: PostgresServer;
  disk?: SmallDisk;
  /** Sets the wall clock of a service wrong by so many milliseconds. */
  setClock(service: number, byMs: number): Promise<void>;
  close(): Promise<void>;
}

/** `disturbed`: with what faults need (a disk that can be filled, clocks that can be set). */
export async function openWorld(mode: Mode, disturbed: boolean): Promise<World> {
  const closing: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const step of closing.splice(0).toReversed()) await step();
  };
  try {
    const directory = await mkdtemp(join(tmpdir(), 'tocsin-chaos-'));
    closing.push(() => rm(directory, { recursive: true, force: true }));
    const receivers = await openReceivers();
    closing.push(() => receivers.close());
    const tickets = await fakeJira({ flavor: 'cloud', authorization: 'Bearer x', indexLagMs: INDEX_LAG_MS });
    closing.push(() => tickets.close());
    const policies = join(directory, 'policies');
    await mkdir(policies);
    await writeFile(join(policies, 'receivers.yaml'), `${receivers.policies}---\n${ticketsPolicy(tickets)}`);
    await copyFile(new URL('../rules.yaml', import.meta.url), join(policies, 'rules.yaml'));
    const config = join(directory, 'tocsin.config');
    await writeFile(config, CONFIG);
    const clockOf = (service: number): string => join(directory, `clock-${service}`);
    const env = (service: number): Record<string, string> => ({
      TOCSIN_CONFIG: config,
      TOCSIN_POLICY_DIR: policies,
      JIRA: 'x',
      ...(disturbed && { NODE_OPTIONS: `--import ${CLOCK}`, CLOCK_FILE: clockOf(service) }),
    });
    const start = async (app: (typeof SERVICES)[number], service: number, more: Record<string, string>): Promise<Service> => {
      const started = await Service.start(app, { ...env(service), ...more });
      closing.push(async () => {
        started.signal('SIGCONT');
        await started.stop();
      });
      return started;
    };
    const shared = { receivers, tickets, close, setClock: (service: number, byMs: number) => writeFile(clockOf(service), String(byMs)) };

    if (mode === 'standalone') {
      const data = join(directory, 'data');
      await mkdir(data);
      const disk = disturbed ? await smallDisk(data, DISK_MEGABYTES) : undefined;
      if (disk !== undefined) closing.push(() => disk.unmount());
      const service = await start('standalone', 0, { TOCSIN_DATA_DIR: data });
      return { ...shared, services: [service], ingest: service, api: service, ...(disk !== undefined && { disk }) };
    }
    const kafka = await startKafka();
    closing.push(() => kafka.close());
    const postgres = await startPostgres();
    closing.push(() => postgres.close());
    const more = { KAFKA_BROKERS: kafka.brokers, KAFKA_PARTITIONS: String(PARTITIONS), DATABASE_URL: (await postgres.createDatabase()).url };
    // The first one makes topics and tables.
    const ingest = await start(SERVICES[0] as (typeof SERVICES)[number], 0, more);
    const services = [ingest, ...(await Promise.all(SERVICES.slice(1).map((app, index) => start(app, index + 1, more))))];
    return { ...shared, services, ingest, api: services.at(-1) as Service, kafka, postgres };
  } catch (error) {
    await close();
    throw error;
  }
}

function ticketsPolicy({ url }: FakeJira): string {
  return `apiVersion: tocsin.dev/v1
kind: Subscription
metadata: { name: chaos-tickets }
spec:
  events: incidents
  digest: false
  channel: { type: jira, url: "${url}", flavor: cloud, auth: { bearer: { env: JIRA } }, project: SEC, searchLag: ${3 * INDEX_LAG_MS}ms, timeout: 2s }
`;
}
