// One ticket per incident, in its incident's state, whatever is killed and whatever answer is lost.
import { afterAll, afterEach, beforeAll, expect, it } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type { Incident } from '@tocsin/domain';
import { encodeEvent, EventType, openKafkaLog, Topic, topicSpecs, type EventLog } from '@tocsin/event-log';
import { migrate, openStore, upsertIncidents, type Store } from '@tocsin/store';
import { buildIncident, describeReal, startKafka, startPostgres, type KafkaBroker, type PostgresServer } from '@tocsin/testing';
import { Service } from './processes.js';
import { seeded } from './random.js';
import { TICKET_SYSTEMS, type TicketSystem } from './ticket-systems.js';

/** At full size: CASES_INCIDENTS=1000. */
const INCIDENTS = Number(process.env['CASES_INCIDENTS'] ?? 60);
const SEED = Number(process.env['CASES_SEED'] ?? 5);
const REPLICAS = 3;
const PARTITIONS = 6;
const LAG_MS = 3_000;
const DEADLINE_MS = 180_000 + INCIDENTS * 500;

describeReal(['kafka-process', 'postgres-process'], 'cases of incidents', () => {
  let kafka: KafkaBroker;
  let postgres: PostgresServer;
  let log: EventLog;
  let directory: string;
  const systems: TicketSystem[] = [];
  let store: Store | undefined;
  const services: Service[] = [];
  beforeAll(async () => {
    kafka = await startKafka();
    postgres = await startPostgres();
    log = await openKafkaLog({ brokers: [kafka.brokers], clientId: 'cases', client: 'platformatic' });
    await log.ensureTopics(topicSpecs(PARTITIONS));
    directory = await mkdtemp(join(tmpdir(), 'tocsin-cases-'));
  }, DEADLINE_MS);
  afterEach(async () => {
    await Promise.all(services.splice(0).map((service) => service.stop()));
    await store?.close();
    await Promise.all(systems.splice(0).map((system) => system.close()));
  });
  afterAll(async () => {
    await log.close();
    await kafka.close();
    await postgres.close();
    await rm(directory, { recursive: true, force: true });
  });

  it(
    `are ${INCIDENTS} tickets of ${INCIDENTS} incidents, told by ${REPLICAS} replicas that are killed, with a fifth of the answers lost`,
    async () => {
      const chance = seeded(SEED);
      for (const openSystem of Object.values(TICKET_SYSTEMS)) systems.push(await openSystem({ chance, lose: 0.2, lagMs: LAG_MS }));
      const subscriptions = systems.map(
        ({ name, channel }) =>
          `apiVersion: tocsin.dev/v1\nkind: Subscription\nmetadata: { name: ${name} }\nspec: { events: incidents, digest: false, channel: ${channel} }\n`,
      );
      await writeFile(join(directory, 'policies.yaml'), subscriptions.join('---\n'));
      await writeFile(join(directory, 'tocsin.config'), 'notifier: { maxRetryDelayMs: 1000 }\n');
      const { url: DATABASE_URL } = await postgres.createDatabase();
      const opened = (store = await openStore({ url: DATABASE_URL }));
      await migrate(opened);
      const env = {
        DATABASE_URL,
        KAFKA_BROKERS: kafka.brokers,
        KAFKA_PARTITIONS: String(PARTITIONS),
        TOCSIN_POLICY_DIR: directory,
        TOCSIN_CONFIG: join(directory, 'tocsin.config'),
        ...Object.assign({}, ...systems.map((system) => system.env)),
      };
      for (let replica = 0; replica < REPLICAS; replica++) services.push(await Service.launch('notifier', env));
      await Promise.all(services.map((service) => service.ready()));

      const began = performance.now();
      const incidents = Array.from({ length: INCIDENTS }, (_, index) => buildIncident({ group: { n: String(index) }, title: `incident ${index}` }));
      const versions = incidents.flatMap((incident) => storyOf(incident, chance));
      for (let from = 0; from < versions.length; from += 50) await tell(opened, log, versions.slice(from, from + 50));

      const wrongIn = (system: TicketSystem): string[] =>
        system.tickets().flatMap(({ name, title, isRight }) => {
          const incident = versions.findLast((one) => title.endsWith(` ${one.title}`));
          return incident !== undefined && isRight(incident.status) ? [] : [name];
        });
      let kills = 0;
      const done = (): boolean => systems.every((system) => system.tickets().length >= INCIDENTS && wrongIn(system).length === 0);
      // Killed while there is work; then left in peace for what is waited out (claims, the index).
      const end = performance.now() + DEADLINE_MS;
      while (!done() && kills < 6 + INCIDENTS / 50) {
        await pause(300 + chance() * 700);
        await (services[Math.floor(chance() * REPLICAS)] as Service).crash();
        kills++;
      }
      while (!done() && performance.now() < end) await pause(100);
      const seconds = ((performance.now() - began) / 1_000).toFixed(0);
      for (const system of systems) {
        const [tickets, wrong] = [system.tickets(), wrongIn(system)];
        process.stderr.write(
          `cases in ${system.name}, seed ${SEED}: ${INCIDENTS} incidents, ${tickets.length} tickets, ${wrong.length} in another state, ` +
            `${system.lost()} answers lost, ${kills} times killed, ${(system.requests() / INCIDENTS).toFixed(1)} calls an incident, ${seconds} s\n`,
        );
        expect(wrong).toEqual([]);
        expect(new Set(tickets.map(({ title }) => title)).size).toBe(INCIDENTS);
        expect(tickets).toHaveLength(INCIDENTS);
      }
    },
    DEADLINE_MS + 60_000,
  );
});

/** Opened, and then what may become of an incident; the last of them is how it stands. */
function storyOf(incident: Incident, chance: () => number): Incident[] {
  const taken: Incident = { ...incident, version: 2, change: 'acknowledged', status: 'acknowledged', actor: 'ann' };
  const solved: Incident = {
    ...incident,
    version: 3,
    change: 'resolved',
    status: 'resolved',
    actor: 'ann',
    resolution: { reason: 'benign', by: 'ann', time: '2026-09-14T15:00:00.000Z' },
  };
  return [incident, taken, solved].slice(0, 1 + Math.floor(chance() * 3));
}

async function tell({ transaction }: Store, log: EventLog, versions: readonly Incident[]): Promise<void> {
  const newest = new Map(versions.map((incident) => [incident.id, incident]));
  await transaction((tx) =>
    upsertIncidents(
      tx,
      [...newest.values()].map((incident) => ({ incident, home: 'x/0', dueAt: null })),
    ),
  );
  await log.append(
    Topic.Incidents,
    versions.map((incident) =>
      encodeEvent(
        incident.id,
        { id: `${incident.id}/${incident.version}`, type: EventType.Incident, source: '/test', time: incident.updated_at },
        incident,
      ),
    ),
  );
}
