import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Incident } from '@tocsin/domain';
import { buildIncident, fakeServiceNow, type FakeServiceNow, type ServiceNowFault } from '@tocsin/testing';
import { migrate, openStore, type Store } from '@tocsin/store';
import type { Channel, Delivery } from '../channel.js';
import { deliveryOf } from '../contract.js';
import { channelDeps } from '../testing.js';
import { servicenow } from './servicenow.js';

jest.setTimeout(120_000);
const INCIDENTS = Number(process.env['CASE_STORIES'] ?? 150);
process.env['TEST_SERVICENOW_PASSWORD'] = 'p';

/** Mulberry32: the same everywhere. */
function random(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
  };
}

describe('tickets of ServiceNow', () => {
  let instance: FakeServiceNow;
  afterEach(() => instance.close());

  it.each([
    ['the Table API', {}],
    ['an import set', { importSet: { table: 'u_tocsin' } }],
  ])(
    `are exactly one for each of ${INCIDENTS} incidents by %s, of three replicas that die between any two steps, with a fifth of all replies lost`,
    async (_by, more) => {
      const chance = random(7);
      let now = Date.parse('2026-09-14T14:00:00.000Z');
      instance = await fakeServiceNow({
        auth: { basic: { username: 'tocsin', password: 'p' } },
        now: () => now,
        lagMs: 30_000,
        importSets: { u_tocsin: { table: 'incident', prefix: 'u_', coalesces: true } },
      });
      const counts = { lost: 0, deaths: 0, requests: 0 };
      const faults: ServiceNowFault[] = ['reset', '500 after', 'rate limit', 'queue full', 'hibernating'];
      instance.misbehave(() => {
        counts.requests += 1;
        const at = chance();
        if (at < 0.2) {
          counts.lost += 1;
          return 'lost reply';
        }
        return at < 0.3 ? faults[Math.floor(chance() * faults.length)] : undefined;
      });
      // A process that dies does so before or after what it keeps: what came after is for another one to find.
      const die = (): void => {
        if (chance() >= 0.05) return;
        counts.deaths += 1;
        throw new Error('The process died.');
      };
      const kept = await openStore({ file: ':memory:' });
      await migrate(kept);
      const deadly: Parameters<Store['db']['withPlugin']>[0] = {
        transformQuery: ({ node }) => (die(), node),
        transformResult: async ({ result }) => (die(), result),
      };
      const store: Store = { ...kept, db: kept.db.withPlugin(deadly) };
      const auth = { basic: { username: 'tocsin', password: { env: 'TEST_SERVICENOW_PASSWORD' } } };
      const config = servicenow.config.parse({ instance: instance.url, auth, closeCode: 'Solved', ...more });
      const replicas = Array.from({ length: 3 }, () => servicenow.create(config, channelDeps({ store, now: () => now })));
      const any = (): Channel => replicas[Math.floor(chance() * replicas.length)] as Channel;
      const never = new AbortController().signal;

      /** As the pipeline: again until it is through, at times by two replicas at once, as when partitions change hands. */
      const bring = async (delivery: Delivery): Promise<void> => {
        for (let attempt = 0; attempt < 500; attempt += 1) {
          const senders = chance() < 0.1 ? [any(), any()] : [any()];
          const outcomes = (await Promise.all(senders.map((one) => one.send([delivery], never)))).flat();
          if (outcomes.some(({ ok }) => ok)) return;
          for (const outcome of outcomes) {
            if (outcome.ok) continue;
            if (!outcome.retry) throw new Error(outcome.message);
            now += Math.min(outcome.afterMs ?? 1_000, 10_000);
          }
        }
        throw new Error(`The delivery ${delivery.id} never ends.`);
      };

      const story = async (index: number): Promise<Incident> => {
        const id = `11111111-1111-5111-8111-${String(index).padStart(12, '0')}`;
        const resolution = { reason: 'benign', by: 'ann', time: '2026-09-14T15:00:00.000Z' } as const;
        const versions: Partial<Incident>[] = [
          { change: 'opened' },
          { change: 'acknowledged', status: 'acknowledged', actor: 'ann' },
          { change: 'resolved', status: 'resolved', resolution },
          { change: 'reopened', status: 'open' },
        ];
        const told = versions.slice(0, 1 + (index % 4)).map((parts, n) => buildIncident({ id, status: 'open', ...parts, version: n + 1 }));
        for (const one of told) await bring({ ...deliveryOf('incident', one), id: `${id}/${one.version}` });
        return told.at(-1) as Incident;
      };
      const last: Incident[] = [];
      // One after another: the clock is everybody's, and must not leap while a request is on its way.
      for (let index = 0; index < INCIDENTS; index += 1) last.push(await story(index));

      const tickets = instance.tables.get('incident') ?? [];
      expect(tickets).toHaveLength(INCIDENTS);
      const wanted = last.map(({ id, status, version }) => [`tocsin-${id}`, status === 'resolved', version]);
      const byId = new Map(tickets.map((ticket) => [ticket['correlation_id'], ticket]));
      const states = wanted.map(([id, , version]) => {
        const ticket = byId.get(id as string) ?? {};
        const said = instance.journal.filter(({ element_id: of }) => of === ticket['sys_id']).map(({ value }) => value);
        // Every change has its note: those that were lost on their way were written again.
        const noted = last.find((incident) => `tocsin-${incident.id}` === id)?.id ?? '';
        for (let n = 1; n <= (version as number); n += 1) expect(said.some((text) => text.includes(`${noted}/${n}`))).toBe(true);
        return [id, ticket['state'] === '6', version];
      });
      expect(states).toEqual(wanted);
      // A test in which nothing goes wrong proves nothing.
      expect(counts.lost).toBeGreaterThan(INCIDENTS / 3);
      expect(counts.deaths).toBeGreaterThan(INCIDENTS / 3);
      for (const one of replicas) await one.close();
      await kept.close();
    },
  );
});
