// Everything that ingest acknowledged is an obligation. Services and the broker are killed in the middle; then every
// obligation must have arrived at every receiver, and the incidents must be those of an undisturbed run.
import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { describeReal, startKafka, startPostgres, type KafkaBroker, type PostgresServer } from '@tocsin/testing';
import { looked, readIncidents, type ComparableIncident } from './incidents.ts';
import { sendLoad, type Obligation } from './load.ts';
import { judge, openReceivers, seenBy, type Receivers } from './oracle.ts';
import { Service, type App } from './processes.ts';
import { seeded } from './random.ts';

const VIOLATIONS = Number(process.env['CHAOS_VIOLATIONS'] ?? 1_200);
const SEED = Number(process.env['CHAOS_SEED'] ?? 1);
const DEADLINE_MS = 120_000 + VIOLATIONS * 30;

interface Run {
  obligations: Map<string, Obligation>;
  receivers: Receivers;
  services: Service[];
  incidents(): Promise<ComparableIncident[]>;
}

const cleanups: (() => Promise<unknown>)[] = [];
async function cleanUp(): Promise<void> {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
}

async function scratch(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), 'tocsin-chaos-'));
  cleanups.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

async function start(app: App, env: Record<string, string>): Promise<Service> {
  const service = await Service.start(app, env);
  cleanups.push(() => service.stop());
  return service;
}

/** Runs the load; each fault is called once its share of the load has been acknowledged. */
async function load(ingest: Service, faults: readonly { at: number; fault: () => Promise<void> }[]): Promise<Map<string, Obligation>> {
  const stop = new AbortController();
  const waiting = faults.toSorted((a, b) => a.at - b.at);
  const running: Promise<void>[] = [];
  const timer = setTimeout(() => stop.abort(new Error('The load was not acknowledged in time.')), DEADLINE_MS);
  try {
    const obligations = await sendLoad({
      url: ingest.url,
      seed: SEED,
      violations: VIOLATIONS,
      signal: stop.signal,
      onProgress(share) {
        while (waiting[0] !== undefined && waiting[0].at <= share) running.push((waiting.shift() as { fault: () => Promise<void> }).fault());
      },
    });
    await Promise.all(running);
    expect(waiting).toEqual([]);
    return obligations;
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until all obligations have arrived, then holds the oracle's verdicts against what was promised. */
async function expectNothingLost({ obligations, receivers, services }: Run, name: string): Promise<void> {
  const end = Date.now() + DEADLINE_MS;
  for (;;) {
    const seen = seenBy(receivers);
    if (Math.min(seen.webhook, seen.syslog) >= obligations.size) break;
    if (Date.now() > end) {
      const report = judge(receivers, obligations).map(
        ({ receiver, missing }) => `${receiver}: ${missing.length} missing, first ${missing.slice(0, 5).join(', ')}`,
      );
      throw new Error(
        `Seed ${SEED}: not everything arrived.\n${report.join('\n')}\n${services.map(({ app, output }) => `${app}: ${output}`).join('\n')}`,
      );
    }
    await delay(100);
  }
  for (const verdict of judge(receivers, obligations)) {
    process.stderr.write(
      `chaos ${name}, seed ${SEED}, ${verdict.receiver}: ${obligations.size} obligations, ${verdict.arrivals} arrivals, missing ${verdict.missing.length}, duplicates ${verdict.duplicates}\n`,
    );
    expect(verdict).toMatchObject({ missing: [], violations: [] });
  }
}

/** Waits until the incidents are the expected ones, and shows the difference when they do not become so. */
async function expectIncidents({ incidents }: Run, expected: readonly ComparableIncident[]): Promise<void> {
  const end = Date.now() + DEADLINE_MS / 2;
  const wanted = JSON.stringify(expected);
  while (JSON.stringify(await incidents()) !== wanted && Date.now() < end) await delay(200);
  expect(await incidents()).toEqual(expected);
}

/** Rules of every kind beside the built-in ones, and subscriptions that tell the receivers. */
async function writePolicies(directory: string, receivers: Receivers): Promise<void> {
  await writeFile(join(directory, 'chaos.yaml'), receivers.policies);
  await copyFile(join(import.meta.dirname, 'rules.yaml'), join(directory, 'rules.yaml'));
}

async function standalone(): Promise<{ service: Service; receivers: Receivers }> {
  const directory = await scratch();
  const receivers = await openReceivers();
  cleanups.push(() => receivers.close());
  await writePolicies(directory, receivers);
  return { receivers, service: await start('standalone', { TOCSIN_DATA_DIR: join(directory, 'data'), TOCSIN_POLICY_DIR: directory }) };
}

let undisturbed: ComparableIncident[];

describe('chaos', () => {
  afterEach(cleanUp, 60_000);

  it(
    'undisturbed, everything arrives once',
    async () => {
      const { service, receivers } = await standalone();
      const run: Run = { obligations: await load(service, []), receivers, services: [service], incidents: () => readIncidents(service.url) };
      await expectNothingLost(run, 'undisturbed');
      for (const { duplicates } of judge(receivers, run.obligations)) expect(duplicates).toBe(0);
      undisturbed = await settled(run.incidents);
      expect(undisturbed.length).toBeGreaterThan(50);
      // Each kind of rule must have made some, or the comparison says little about it.
      const made = new Set(undisturbed.map(({ rule }) => rule.name));
      for (const kind of ['shells', 'burst', 'spread', 'both', 'in-order', 'unanswered', 'risk']) expect([...made]).toContain(`chaos-${kind}`);
      expect(undisturbed.some(({ muted = [] }) => muted.some(({ by }) => by === 'silence'))).toBe(true);
      expect(looked.inhibited).toBeGreaterThan(0);
    },
    2 * DEADLINE_MS,
  );

  it(
    'standalone, killed -9 three times in the middle, loses nothing',
    async () => {
      const { service, receivers } = await standalone();
      let turn = Promise.resolve();
      const crash = (): Promise<void> => (turn = turn.then(() => service.crash()));
      const faults = [0.2, 0.5, 0.8].map((at) => ({ at, fault: crash }));
      const run: Run = { obligations: await load(service, faults), receivers, services: [service], incidents: () => readIncidents(service.url) };
      await expectNothingLost(run, 'standalone');
      await expectIncidents(run, undisturbed);
    },
    3 * DEADLINE_MS,
  );
});

/** The reference: what the incidents are once they no longer change. */
async function settled(read: () => Promise<ComparableIncident[]>): Promise<ComparableIncident[]> {
  let last = '';
  let same = 0;
  for (;;) {
    const now = await read();
    const text = JSON.stringify(now);
    same = text === last ? same + 1 : 0;
    if (same >= 10) return now;
    last = text;
    await delay(200);
  }
}

describeReal(['kafka-process', 'postgres'], 'chaos on Kafka and Postgres', () => {
  let postgres: PostgresServer;
  beforeAll(async () => {
    postgres = await startPostgres();
  }, 60_000);
  afterEach(cleanUp, 120_000);
  afterAll(() => postgres.close());

  async function cluster(partitions: number, replicas: number): Promise<{ kafka: KafkaBroker; services: Service[]; receivers: Receivers }> {
    const directory = await scratch();
    const receivers = await openReceivers();
    cleanups.push(() => receivers.close());
    await writePolicies(directory, receivers);
    const kafka = await startKafka();
    cleanups.push(() => kafka.close());
    const env = {
      KAFKA_BROKERS: kafka.brokers,
      KAFKA_PARTITIONS: String(partitions),
      DATABASE_URL: (await postgres.createDatabase()).url,
      TOCSIN_POLICY_DIR: directory,
    };
    const ingest = await start('ingest', env);
    const apps = (['correlator', 'notifier', 'responder', 'api'] as const).flatMap((app) => Array.from({ length: replicas }, () => app));
    return { kafka, receivers, services: [ingest, ...(await Promise.all(apps.map((app) => start(app, env))))] };
  }

  async function disturbed(
    name: string,
    partitions: number,
    replicas: number,
    faultsOf: (services: Service[], kafka: KafkaBroker) => (() => Promise<void>)[],
  ): Promise<void> {
    const { kafka, services, receivers } = await cluster(partitions, replicas);
    const ingest = services[0] as Service;
    const api = services.find(({ app }) => app === 'api') as Service;
    const random = seeded(SEED);
    const faults = faultsOf(services, kafka)
      .map((fault) => ({ fault, rank: random() }))
      .toSorted((a, b) => a.rank - b.rank)
      .map(({ fault }, index, all) => ({ at: (index + 1) / (all.length + 1), fault }));
    const run: Run = { obligations: await load(ingest, faults), receivers, services, incidents: () => readIncidents(api.url) };
    await expectNothingLost(run, name);
    await expectIncidents(run, undisturbed);
  }

  it(
    'each service killed -9 twice and the broker restarted in the middle: nothing is lost, the incidents are the same',
    async () => {
      await disturbed('kafka with faults', 12, 1, (services, kafka) => {
        const turns = new Map(services.map((service) => [service, Promise.resolve()]));
        const crash = (service: Service) => (): Promise<void> => {
          const turn = (turns.get(service) as Promise<void>).then(() => service.crash());
          turns.set(service, turn);
          return turn;
        };
        return [...services.flatMap((service) => [crash(service), crash(service)]), () => kafka.restart()];
      });
    },
    4 * DEADLINE_MS,
  );

  it('1 partition: the same incidents', () => disturbed('1 partition', 1, 1, () => []), 3 * DEADLINE_MS);

  it(
    '3 replicas of each service, one of each killed -9: the same incidents',
    () =>
      disturbed('3 replicas', 12, 3, (services) => {
        const victims = new Map(services.slice(1).map((service) => [service.app, service]));
        return [...victims.values()].map((service) => () => service.crash());
      }),
    3 * DEADLINE_MS,
  );
});
