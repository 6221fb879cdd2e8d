// One load, three ways: on 1 and on 12 partitions, with 1 replica and with 3 that are killed in the middle. The incidents, their
// trails, and what of their history does not tell of the way, must be the same in the real Postgres in the end.
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { violationKey, type Violation } from '@tocsin/domain';
import { EventType, Topic, encodeEvent, openKafkaLog, type EventLog } from '@tocsin/event-log';
import { openStore, type Store } from '@tocsin/store';
import { describeReal, startKafka, startPostgres, type PostgresServer } from '@tocsin/testing';
import { copyFile, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GRACE_MS, story, type Story } from './equivalence-load.js';
import { contradictions, readOutcome, readTold, type Outcome, type Told } from './equivalence-outcome.js';
import { Service } from './processes.js';

const VIOLATIONS = Number(process.env['CHAOS_VIOLATIONS'] ?? 3_000);
const SEED = Number(process.env['CHAOS_SEED'] ?? 1);
/** A killed member is missed by its group for half a minute, and what it has must wait as long. */
const DEADLINE_MS = 240_000 + VIOLATIONS * 30;
const DAY_MS = 86_400_000;
const POLL_MS = 20;
/** Two of three replicas are killed in the fourth of each seven rounds. */
const KILL_EVERY = 7;
const KILL_AT = 3;

const cleanups: (() => Promise<unknown>)[] = [];

interface Way {
  name: string;
  partitions: number;
  replicas: number;
  kills: boolean;
}

interface Result {
  outcome: Outcome[];
  contradictions: string[];
  told: Told[];
  kills: number;
  seconds: number;
}

/** The correlators of one way, and the broker and the database that they have for themselves. */
interface Cluster {
  log: EventLog;
  store: Store;
  correlators: Service[];
}

describeReal(['kafka-process', 'postgres'], 'correlation on Kafka and Postgres', () => {
  let postgres: PostgresServer;
  beforeAll(async () => {
    postgres = await startPostgres();
  }, 60_000);
  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).toReversed()) await cleanup();
  }, 120_000);
  afterAll(() => postgres.close());

  async function cluster({ partitions, replicas }: Way): Promise<Cluster> {
    const directory = await mkdtemp(join(tmpdir(), 'tocsin-equivalence-'));
    cleanups.push(() => rm(directory, { recursive: true, force: true }));
    const policies = join(directory, 'policies');
    await mkdir(policies);
    await copyFile(join(import.meta.dirname, 'equivalence-rules.yaml'), join(policies, 'rules.yaml'));
    const config = join(directory, 'tocsin.yaml');
    await writeFile(config, `correlator: { builtinRules: false, grace: ${GRACE_MS / 1_000}s }\n`);
    const kafka = await startKafka();
    cleanups.push(() => kafka.close());
    const { url } = await postgres.createDatabase();
    const env = {
      TOCSIN_CONFIG: config,
      TOCSIN_POLICY_DIR: policies,
      KAFKA_BROKERS: kafka.brokers,
      KAFKA_PARTITIONS: String(partitions),
      DATABASE_URL: url,
    };
    const start = async (): Promise<Service> => {
      const service = await Service.start('correlator', env);
      cleanups.push(() => service.stop());
      return service;
    };
    const correlators = await Promise.all(Array.from({ length: replicas }, start));
    const log = await openKafkaLog({ brokers: [kafka.brokers], clientId: 'equivalence', client: 'platformatic' });
    const store = await openStore({ url });
    cleanups.push(
      () => log.close(),
      () => store.close(),
    );
    return { log, store, correlators };
  }

  async function play(way: Way, { rounds, probes, tide }: Story): Promise<Result> {
    const began = performance.now();
    const { log, store, correlators } = await cluster(way);
    let killed = 0;
    for (const [index, round] of rounds.entries()) {
      const before = await evidence(store);
      await append(log, round);
      if (way.kills && index % KILL_EVERY === KILL_AT) {
        // Some of the round has had its effect, the rest is anywhere on its way.
        await until(async () => (await evidence(store)) > before, correlators);
        const victims = [0, 1].map((nth) => correlators[(killed + nth) % way.replicas] as Service);
        await Promise.all(victims.map((victim) => victim.crash()));
        killed += victims.length;
      }
      await correlated(log, correlators);
    }
    // The owner of each home looks at what inhibits before it resolves anything, so from then on all know of the guards.
    await until(async () => (await resolvable(store)) === 0, correlators);
    await append(log, probes);
    await correlated(log, correlators);
    await append(log, tide);
    await correlated(log, correlators);
    await until(() => isSettled(store), correlators);
    const told = await readTold(log);
    return {
      outcome: await readOutcome(store),
      contradictions: await contradictions(store, told),
      told,
      kills: killed,
      seconds: (performance.now() - began) / 1_000,
    };
  }

  it(
    'makes the same incidents with the same trails of 1 and of 12 partitions, by 1 replica and by 3 that are killed -9',
    async () => {
      const now = Date.now();
      // Whole days, so that a seed means the same for a while.
      const startMs = Math.floor(now / DAY_MS - 1) * DAY_MS;
      const load = story(SEED, VIOLATIONS, startMs, now);
      const ways: Way[] = [
        { name: '1 replica, 1 partition', partitions: 1, replicas: 1, kills: false },
        { name: '1 replica, 12 partitions', partitions: 12, replicas: 1, kills: false },
        { name: '3 replicas, 12 partitions, killed', partitions: 12, replicas: 3, kills: true },
      ];
      // All of them end before any is cleaned up.
      const played = await Promise.allSettled(ways.map((way) => play(way, load)));
      const results = played.map((one) => {
        if (one.status === 'rejected') throw one.reason;
        return one.value;
      });
      const [plain] = results as [Result];
      for (const [index, { name }] of ways.entries()) {
        const { outcome, told, kills, seconds, contradictions: wrong } = results[index] as Result;
        const repeats = told.length - new Set(told.map(({ id, version }) => `${id}/${version}`)).size;
        const trail = outcome.reduce((sum, one) => sum + one.trail.length, 0);
        process.stderr.write(
          `equivalence, seed ${SEED}, ${name}: ${outcome.length} incidents, ${trail} in trails, ${told.length} told (${repeats} again), ${kills} kills, ${apart(outcome, plain.outcome).length} differences, ${seconds.toFixed(0)} s\n`,
        );
        expect(wrong).toEqual([]);
      }
      expectTelling(plain.outcome);
      for (const { outcome } of results) expect(apart(outcome, plain.outcome)).toEqual(apart(plain.outcome, outcome));
    },
    DEADLINE_MS,
  );
});

/** Those of `some` that are not, or not as they are, among the others. */
function apart(some: readonly Outcome[], others: readonly Outcome[]): Outcome[] {
  const texts = new Set(others.map((one) => JSON.stringify(one)));
  return some.filter((one) => !texts.has(JSON.stringify(one)));
}

/** The comparison would say little if a kind of rule had made no incident, or what may befall incidents had befallen none. */
function expectTelling(outcome: readonly Outcome[]): void {
  const made = new Set(outcome.map(({ incident }) => incident.rule.name));
  const counting = ['burst', 'burst-user', 'nodes', 'spread', 'both', 'both-node', 'in-order', 'in-order-user'];
  const expected = ['shells', 'users', ...counting, 'unanswered', 'unanswered-burst', 'unanswered-node', 'risk', 'risk-user', 'late'];
  expect([...made].toSorted()).toEqual([...expected, 'probes', 'guard', 'gone', 'again'].toSorted());
  const some = (holds: (one: Outcome) => boolean): number => outcome.filter(holds).length;
  expect(some(({ incident }) => incident.rule.name === 'shells' && incident.severity_id > 2)).toBeGreaterThan(0);
  expect(some(({ incident }) => incident.resolution?.reason === 'quiet')).toBeGreaterThan(0);
  expect(some(({ history }) => history.reopened > 0)).toBeGreaterThan(0);
  expect(some(({ incident }) => incident.late > 0)).toBeGreaterThan(0);
  for (const by of ['silence', 'inhibition'])
    expect(some(({ incident }) => incident.muted?.some((one) => one.by === by) === true)).toBeGreaterThan(0);
  expect(some(({ home }) => home === Topic.Signals)).toBeGreaterThan(0);
}

async function append(log: EventLog, violations: readonly Violation[]): Promise<void> {
  await log.append(
    Topic.Violations,
    violations.map((one) => encodeEvent(violationKey(one), { id: one.id, type: EventType.Violation, source: '/equivalence', time: one.time }, one)),
  );
}

const GROUPS = [
  [Topic.Violations, 'correlator.violations'],
  [Topic.Signals, 'correlator.signals'],
] as const;

/**
 * Waits until all that was appended has been correlated. Ends are read after the offsets, and signals after violations: signals go
 * out before the offset of what brought them about, so that nothing can be under way between two looks.
 */
async function correlated(log: EventLog, correlators: readonly Service[]): Promise<void> {
  await until(async () => {
    const committed: Map<number, number>[] = [];
    for (const [topic, group] of GROUPS) committed.push(await log.committed(group, topic));
    for (const [index, [topic]] of GROUPS.entries()) {
      const ends = await log.offsets(topic);
      if (!ends.every(({ partition, end }) => end === 0 || committed[index]?.get(partition) === end)) return false;
    }
    return true;
  }, correlators);
}

/** Rows in all trails. */
async function evidence({ db }: Store): Promise<number> {
  const { rows } = await db
    .selectFrom('incident_violations')
    .select(({ fn }) => fn.countAll<string>().as('rows'))
    .executeTakeFirstOrThrow();
  return Number(rows);
}

/** How many incidents are yet to fall quiet. */
async function resolvable({ db }: Store): Promise<number> {
  const rows = await db
    .selectFrom('incidents')
    .select('id')
    .where('rule', 'in', ['shells', 'gone', 'again'])
    .where('status', '!=', 'resolved')
    .execute();
  return rows.length;
}

/** All that waited was told, and nobody is muted by what has ended. Those that came back fall quiet long after this test. */
async function isSettled({ db }: Store): Promise<boolean> {
  const owed = await db.selectFrom('incidents').select('id').where('due_at', 'is not', null).where('rule', '!=', 'again').execute();
  const freed = await db.selectFrom('incidents').select('id').where('rule', 'in', ['both', 'in-order']).where('muted', '=', 1).execute();
  const unsent = await db.selectFrom('outbox').select('id').execute();
  return owed.length + freed.length + unsent.length === 0;
}

async function until(condition: () => Promise<boolean>, correlators: readonly Service[]): Promise<void> {
  const end = Date.now() + DEADLINE_MS / 2;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`Seed ${SEED}: it did not come to rest.\n${correlators.map(({ output }) => output).join('\n')}`);
    await delay(POLL_MS);
  }
}
