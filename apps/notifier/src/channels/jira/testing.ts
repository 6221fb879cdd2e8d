import { afterEach, beforeEach, expect } from '@jest/globals';
import type { Incident } from '@tocsin/domain';
import { migrate, openStore, upsertIncidents, type Store } from '@tocsin/store';
import { buildIncident, fakeJira, type FakeJira, type FakeJiraOptions } from '@tocsin/testing';
import type { Channel, ChannelDeps, Outcome } from '../channel.js';
import { deliveryOf } from '../contract.js';
import { channelMemory } from '../memory.js';
import { channelDeps } from '../testing.js';
import { jira } from './jira.js';

export const CANARY = 'canary-canary-canary';
export const LAG_MS = 30_000;
export const never: AbortSignal = new AbortController().signal;
const SECRET = 'webhook-secret-canary';
process.env['TEST_JIRA_TOKEN'] = CANARY;
process.env['TEST_JIRA_SECRET'] = SECRET;

const BASIC = `Basic ${Buffer.from(`tocsin@example.com:${CANARY}`).toString('base64')}`;
const FLAVORS = {
  cloud: { auth: { basic: { username: 'tocsin@example.com', password: { env: 'TEST_JIRA_TOKEN' } } }, authorization: BASIC },
  datacenter: { auth: { bearer: { env: 'TEST_JIRA_TOKEN' } }, authorization: `Bearer ${CANARY}` },
} as const;

/** A Jira, the store of the notifiers and a clock, new for each test; `opened` is an incident, and `at` and `resolved` what becomes of it. */
export function jiraScene(flavor: 'cloud' | 'datacenter') {
  const opened = buildIncident();
  const at = (version: number, parts: Partial<Incident>): Incident => ({ ...opened, version, change: 'updated', ...parts });
  const scene = {
    fake: undefined as unknown as FakeJira,
    store: undefined as unknown as Store,
    now: 0,
    opened,
    at,
    resolved: (version: number): Incident =>
      at(version, {
        change: 'resolved',
        status: 'resolved',
        actor: 'bob',
        resolution: { reason: 'benign', by: 'bob', time: '2026-09-14T15:00:00.000Z', comment: 'a test' },
      }),
    open: (more: Partial<FakeJiraOptions> = {}): Promise<FakeJira> =>
      fakeJira({ flavor, authorization: FLAVORS[flavor].authorization, secret: SECRET, indexLagMs: LAG_MS, now: () => scene.now, ...more }),
    create: (config: object = {}, deps: Partial<ChannelDeps> = {}): Channel => {
      const parsed = jira.config.parse({
        url: scene.fake.url,
        flavor,
        auth: FLAVORS[flavor].auth,
        project: 'SEC',
        webhookSecret: { env: 'TEST_JIRA_SECRET' },
        timeout: '300ms',
        ...config,
      });
      const { store } = scene;
      const memory = channelMemory(store, deps.subscription ?? 'test');
      return jira.create(parsed, channelDeps({ store, memory, now: () => scene.now, publicUrl: 'https://tocsin.example', ...deps }));
    },
    /** Tells a channel of an incident that the store has. */
    tell: async (channel: Channel, incident: Incident): Promise<Outcome> => {
      await scene.store.transaction((tx) => upsertIncidents(tx, [{ incident, home: 'x/0', dueAt: null }]));
      const [outcome] = await channel.send([deliveryOf('incident', incident)], never);
      expect(JSON.stringify(outcome)).not.toContain(CANARY);
      return outcome as Outcome;
    },
  };
  beforeEach(async () => {
    scene.now = Date.parse('2026-09-14T15:00:00.000Z');
    scene.store = await openStore({ file: ':memory:' });
    await migrate(scene.store);
    scene.fake = await scene.open();
  });
  afterEach(async () => {
    await scene.fake.close();
    await scene.store.close();
  });
  return scene;
}
