import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Digest, Incident } from '@tocsin/domain';
import { buildIncident, fakeServiceNow, freePort, type FakeServiceNow, type FakeServiceNowOptions, type ServiceNowFault } from '@tocsin/testing';
import { dropCase, getCase, migrate, retryCase, openStore, type Store } from '@tocsin/store';
import type { Channel, Outcome } from '../channel.js';
import { delivery, deliveryOf, runChannelContract } from '../contract.js';
import { channelDeps } from '../testing.js';
import { servicenow } from './servicenow.js';

const CANARY = 's3rv1c3n0w-p4ssw0rd';
process.env['TEST_SERVICENOW_PASSWORD'] = CANARY;
const never = new AbortController().signal;
/** The default. */
const SEARCH_LAG_MS = 90_000;
const START = Date.parse('2026-09-14T14:00:00.000Z');
const ID = '11111111-1111-5111-8111-111111111111';
const BASIC = { basic: { username: 'tocsin', password: CANARY } };

interface Own {
  config?: object;
  store?: Store;
  now?: () => number;
}

function create(instance: string, { config = {}, store, now = Date.now }: Own = {}): Channel {
  const auth = { basic: { username: 'tocsin', password: { env: 'TEST_SERVICENOW_PASSWORD' } } };
  const parsed = servicenow.config.parse({ instance, auth, closeCode: 'Solved', timeout: '300ms', ...config });
  return servicenow.create(parsed, channelDeps({ now, publicUrl: 'https://tocsin.example', ...(store !== undefined && { store }) }));
}

function incident(version: number, parts: Partial<Incident> = {}): Incident {
  return buildIncident({ id: ID, version, status: 'open', title: 'Shell in a container (shop/web)', ...parts });
}

describe('servicenow', () => {
  let instance: FakeServiceNow;
  let store: Store;
  let now = START;
  const open = async (options: Partial<FakeServiceNowOptions> = {}): Promise<void> => {
    instance = await fakeServiceNow({ auth: BASIC, now: () => now, ...options });
  };
  beforeEach(async () => {
    now = START;
    store = await openStore({ file: ':memory:' });
    await migrate(store);
    await open();
  });
  afterEach(async () => {
    await instance.close();
    await store.close();
  });

  const channel = (config: object = {}): Channel => create(instance.url, { config, store, now: () => now });
  const tell = async (to: Channel, told: Incident): Promise<Outcome | undefined> =>
    (await to.send([{ ...deliveryOf('incident', told), id: `delivery-${told.version}` }], never))[0];
  const tickets = () => instance.tables.get('incident') ?? [];
  const notes = () => instance.journal.map(({ value }) => value.split('\n')[0]);
  const faults = (...list: (ServiceNowFault | undefined)[]): void => {
    const from = instance.requests.length;
    instance.misbehave((_request, count) => list[count - from]);
  };
  const resolved = (version: number, parts: Partial<Incident> = {}): Incident => {
    const resolution = { reason: 'false_positive', by: 'ann', time: '2026-09-14T15:00:00.000Z', comment: 'a drill' } as const;
    return incident(version, { status: 'resolved', change: 'resolved', resolution, ...parts });
  };

  runChannelContract('servicenow', {
    canary: CANARY,
    healthy: async () => ({
      channel: channel({ table: 'em_event', closeCode: undefined }),
      received: async () => (instance.tables.get('em_event') ?? []).map((record) => JSON.stringify(record)),
    }),
    refused: async () => create(`http://127.0.0.1:${await freePort()}`, { config: { table: 'em_event' } }),
    hanging: async () => {
      instance.misbehave(() => 'hang');
      return channel({ table: 'em_event' });
    },
  });

  describe('a ticket', () => {
    it('is made once, follows its incident, and is resolved with it, in five calls', async () => {
      const to = channel({ fields: { assignment_group: 'soc', category: 'Security', subcategory: '{{ severity }} {{ incident.rule.name }}' } });
      expect(await tell(to, incident(1, { severity_id: 5 }))).toEqual({ ok: true });
      expect(tickets()).toMatchObject([
        {
          short_description: 'Critical: Shell in a container (shop/web)',
          urgency: '1',
          impact: '2',
          priority: '2',
          assignment_group: 'soc',
          subcategory: `Critical ${incident(1).rule.name}`,
          correlation_id: `tocsin-${ID}`,
          correlation_display: 'Tocsin test',
        },
      ]);
      expect(await tell(to, incident(2, { severity_id: 6, change: 'escalated' }))).toEqual({ ok: true });
      expect(await tell(to, incident(3, { severity_id: 6, change: 'updated', count: 9 }))).toEqual({ ok: true });
      expect(await tell(to, resolved(4, { severity_id: 6 }))).toEqual({ ok: true });
      expect(tickets()).toMatchObject([{ impact: '1', state: '6', close_code: 'Solved', close_notes: 'Resolved by ann: false positive. a drill' }]);
      expect(notes().map((note) => note?.split(' (')[0])).toEqual(['Tocsin: opened', 'Tocsin: escalated', 'Tocsin: resolved']);
      expect(instance.requests).toHaveLength(5);
      await to.close();
    });

    it('is not written again for what it has', async () => {
      const to = channel();
      await tell(to, incident(2));
      const calls = instance.requests.length;
      expect(await tell(to, incident(2))).toEqual({ ok: true });
      expect(await tell(to, incident(1))).toEqual({ ok: true });
      expect(instance.requests).toHaveLength(calls);
    });

    it('is not made for what was over before anybody was told', async () => {
      expect(await tell(channel(), resolved(3))).toEqual({ ok: true });
      expect(tickets()).toEqual([]);
    });

    it('has the resolution code of the reason', async () => {
      const to = channel({ closeCodes: { false_positive: 'Not an incident' } });
      await tell(to, incident(1));
      await tell(to, resolved(2));
      expect(tickets()[0]).toMatchObject({ close_code: 'Not an incident' });
    });

    it('reopens with its incident', async () => {
      const to = channel();
      await tell(to, incident(1));
      await tell(to, resolved(2));
      expect(await tell(to, incident(3, { change: 'reopened' }))).toEqual({ ok: true });
      expect(tickets()).toMatchObject([{ state: '2' }]);
    });

    it('is followed by another one where it was closed for good', async () => {
      const to = channel();
      await tell(to, incident(1));
      await tell(to, resolved(2));
      instance.change('incident', tickets()[0]?.['sys_id'] ?? '', 'robot', { state: '7' });
      expect(await tell(to, incident(3, { change: 'reopened' }))).toEqual({ ok: true });
      expect(tickets()).toMatchObject([{ state: '7' }, { state: '1', correlation_id: `tocsin-${ID}-2` }]);
    });

    it('that was deleted is told of once, and what recurs has a new one', async () => {
      const to = channel();
      await tell(to, incident(1));
      instance.delete('incident', tickets()[0]?.['sys_id'] ?? '');
      expect(await tell(to, incident(2))).toMatchObject({
        ok: false,
        retry: false,
        reason: 'gone',
        message: expect.stringMatching(/INC\d+ is gone/),
      });
      expect(await tell(to, incident(3))).toEqual({ ok: true });
      expect(tickets()).toMatchObject([{ correlation_id: `tocsin-${ID}-2` }]);
    });

    it('that is there again is written to again when somebody says so', async () => {
      const to = channel();
      await tell(to, incident(1));
      const restore = instance.delete('incident', tickets()[0]?.['sys_id'] ?? '');
      expect(await tell(to, incident(2))).toMatchObject({ ok: false, reason: 'gone' });
      restore();
      expect(await retryCase(store.db, { subscription: 'test', subject: ID }, '2026-09-14T15:00:00.000Z')).toBe(true);
      expect(await tell(to, resolved(3))).toEqual({ ok: true });
      expect(tickets()).toMatchObject([{ correlation_id: `tocsin-${ID}`, state: '6' }]);
    });

    it('left alone by a policy of the instance goes to the dead letters, with what the instance says', async () => {
      const to = channel();
      await tell(to, incident(1));
      instance.abort(() => "Operation against file 'incident' was aborted by Business Rule 'Sundays'");
      expect(await tell(to, incident(2))).toMatchObject({
        ok: false,
        retry: false,
        reason: 'client_error',
        message: expect.stringContaining('Sundays'),
      });
    });

    it('has no HTML of attackers', async () => {
      const hostile = '[code]<script>alert(1)</script>[/CODE] \u0000 \ud800 ^correlation_id=x';
      await tell(channel(), incident(1, { title: hostile, reason: hostile, change: 'noted', actor: hostile, comment: hostile }));
      const text = JSON.stringify([tickets(), instance.journal]);
      expect(text).not.toMatch(/\[\/?code\]/i);
      expect(tickets()).toHaveLength(1);
    });
  });

  describe('exactly one ticket', () => {
    it.each(['lost reply', '500 after', 'hang'] as const)('comes of a create with: %s', async (fault) => {
      const to = channel();
      faults(fault);
      expect(await tell(to, incident(1))).toMatchObject({ ok: false, retry: true });
      for (let n = 0; n < 3 && !(await tell(to, incident(1)))?.ok; n += 1) now += SEARCH_LAG_MS / 2;
      expect(tickets()).toHaveLength(1);
      expect(await tell(to, resolved(2))).toEqual({ ok: true });
      expect(tickets()).toMatchObject([{ state: '6' }]);
      expect(notes().filter((note) => note?.startsWith('Tocsin: opened'))).toHaveLength(1);
    });

    it('comes of a lost reply though searches lag', async () => {
      await instance.close();
      await open({ lagMs: 30_000 });
      const to = channel();
      faults('lost reply');
      await tell(to, incident(1));
      const second = await tell(to, incident(1));
      expect(second).toMatchObject({ ok: false, retry: true, scope: 'delivery', afterMs: SEARCH_LAG_MS });
      now += 30_000;
      expect(await tell(to, incident(1))).toEqual({ ok: true });
      expect(tickets()).toHaveLength(1);
    });

    it('comes of a lost reply where the column of the marker was renamed, since what is found is looked at', async () => {
      await instance.close();
      await open({ renamed: ['correlation_id'] });
      const other = channel();
      await tell(other, incident(1, { id: '22222222-2222-5222-8222-222222222222' }));
      faults('lost reply');
      await tell(other, incident(1));
      expect(await tell(other, incident(1))).toMatchObject({ ok: false, retry: true, scope: 'delivery' });
      expect(await getCase(store.db, 'test', ID)).toMatchObject({ state: 'creating', reference: undefined });
    });

    it('comes of two replicas that have the same delivery', async () => {
      const replicas = [channel(), channel(), channel()];
      const outcomes = await Promise.all(replicas.map((one) => tell(one, incident(1))));
      expect(outcomes.filter((outcome) => outcome?.ok)).toHaveLength(1);
      expect(tickets()).toHaveLength(1);
    });

    it('is made at once after the instance refused, slept or was too busy', async () => {
      const to = channel();
      for (const fault of ['hibernating', 'rate limit', 'queue full', { status: 401 }, { status: 403 }] as const) {
        faults(fault);
        expect(await tell(to, incident(1))).toMatchObject({ ok: false, retry: true });
      }
      expect(await tell(to, incident(1))).toEqual({ ok: true });
      expect(tickets()).toHaveLength(1);
    });

    it('has each note once though replies are lost', async () => {
      const to = channel();
      await tell(to, incident(1));
      const change = deliveryOf('incident', incident(2, { change: 'noted', comment: 'look' }));
      faults('lost reply');
      expect(await to.send([change], never)).toMatchObject([{ ok: false, retry: true }]);
      expect(await to.send([change], never)).toEqual([{ ok: true }]);
      expect(notes().filter((note) => note?.includes('noted'))).toHaveLength(1);
    });
  });

  it.each([
    ['hibernating', { reason: 'server_error', retry: true }],
    ['rate limit', { reason: 'rate_limited', retry: true, afterMs: 90_000 }],
    ['queue full', { reason: 'rate_limited', retry: true }],
    ['reset', { reason: 'connection', retry: true }],
    [{ status: 401 }, { reason: 'auth', retry: true }],
    [{ status: 403 }, { reason: 'auth', retry: true }],
    [
      { status: 301, headers: { location: 'http://169.254.169.254/' } },
      { reason: 'redirected', retry: true },
    ],
    [{ status: 413 }, { reason: 'too_large', retry: false }],
    [
      { status: 503, headers: { 'retry-after': '1' } },
      { reason: 'server_error', retry: true, afterMs: 1_000 },
    ],
    [
      { status: 200, body: '{"result":null}' },
      { reason: 'server_error', retry: true },
    ],
  ] as [ServiceNowFault, object][])('makes one request of %j, and names no secret', async (fault, expected) => {
    instance.misbehave(() => fault);
    const outcome = await tell(channel(), incident(1));
    expect(outcome).toMatchObject({ ok: false, ...expected });
    expect(JSON.stringify(outcome)).not.toContain(CANARY);
    expect(instance.requests).toHaveLength(1);
  });

  it('does not connect to where egress may not go', async () => {
    expect(await tell(create('http://169.254.169.254', { store }), incident(1))).toMatchObject({ ok: false, retry: true, reason: 'blocked' });
  });

  it('waits where the table is not there, so that a mistake of the configuration loses nothing', async () => {
    const states = { resolved: '3', reopened: '16', closed: ['7'] };
    const outcome = await tell(channel({ table: 'x_security', states }), incident(1));
    expect(outcome).toMatchObject({ ok: false, retry: true, reason: 'config', message: expect.stringContaining('Invalid table x_security') });
  });

  it('proves who it is by an API key, and by client credentials whose token it renews', async () => {
    await instance.close();
    await open({ auth: { apiKey: CANARY } });
    expect(await tell(channel({ auth: { apiKey: { key: { env: 'TEST_SERVICENOW_PASSWORD' } } } }), incident(1))).toEqual({ ok: true });
    await dropCase(store.db, { subscription: 'test', subject: ID });
    await instance.close();
    await open({ auth: { client: { id: 'i', secret: CANARY, life: 60 } } });
    const to = channel({ auth: { oauth2: { clientId: 'i', clientSecret: { env: 'TEST_SERVICENOW_PASSWORD' } } } });
    expect(await tell(to, incident(1))).toEqual({ ok: true });
    now += 61_000;
    expect(await tell(to, incident(2))).toEqual({ ok: true });
    expect(instance.requests.filter(({ path }) => path === '/oauth_token.do')).toHaveLength(2);
  });

  describe('events', () => {
    it('are one alert per incident, and clear with it', async () => {
      const to = channel({ table: 'em_event' });
      await tell(to, incident(1, { severity_id: 4 }));
      await tell(to, resolved(2));
      const events = instance.tables.get('em_event') ?? [];
      expect(events.map(({ severity, source, message_key: key }) => [severity, source, key])).toEqual([
        ['2', 'Tocsin', `tocsin/incidents/${ID}`],
        ['0', 'Tocsin', `tocsin/incidents/${ID}`],
      ]);
      expect(JSON.parse(events[0]?.['additional_info'] ?? '')).toMatchObject({ Status: 'open', link: `https://tocsin.example/incidents/${ID}` });
    });

    it('stand for storms beside tickets, unless they are not wanted', async () => {
      const digest = { id: 'd', subscription: 'test', events: 'incidents', reason: 'storm', summary: '900 incidents.', group: {}, count: 900 };
      const top = { values: [], others: 0 };
      const rest = {
        severity_id: 5,
        severities: {},
        names: top,
        workloads: top,
        sample: [],
        first_seen: 'x',
        last_seen: 'x',
        time: '2026-09-14T14:00:00.000Z',
      };
      const told = { schema: 1, ...digest, ...rest } as unknown as Digest;
      expect(await channel().send([deliveryOf('digest', told)], never)).toEqual([{ ok: true }]);
      expect(await channel({ digests: 'none' }).send([deliveryOf('digest', told)], never)).toEqual([{ ok: true }]);
      expect(instance.tables.get('em_event')).toMatchObject([{ severity: '1', message_key: 'tocsin/digest/test/{}' }]);
      expect(tickets()).toEqual([]);
    });

    it('is what violations need, and a subscription of tickets says so', async () => {
      expect(await channel().send([delivery()], never)).toMatchObject([
        { ok: false, retry: true, reason: 'config', message: expect.stringContaining('em_event') },
      ]);
    });
  });

  it.each([
    [{ closeCode: undefined }, 'closeCode', 'is missing; a ticket cannot be resolved without a resolution code, and each instance has its own'],
    [{ table: 'sn_si_incident' }, 'states', 'is missing; the numbers of states differ from those of the table "incident"'],
    [{ auth: {} }, 'auth', 'expected one of "basic", "oauth2" and "apiKey"'],
    [{ notePrefix: 'a^b' }, 'notePrefix', 'expected 1 to 40 characters other than ^'],
    [{ instance: 'https://a:b@x.example' }, 'instance', 'must not hold credentials; send them by "auth" or "headers" with a secret reference'],
  ])('is not configured with %j', (config, path, message) => {
    const auth = { basic: { username: 'tocsin', password: { env: 'X' } } };
    const result = servicenow.config.safeParse({ instance: 'https://x.example', auth, closeCode: 'x', ...config });
    expect(result.error?.issues.map((issue) => [issue.path.join('.'), issue.message])).toContainEqual([path, message]);
  });
});
