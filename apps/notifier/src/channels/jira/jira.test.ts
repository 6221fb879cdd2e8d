import { describe, expect, it } from '@jest/globals';
import { casesOf, claimCase, forgetCase, getCase, retryCase, upsertIncidents, type Store } from '@tocsin/store';
import { buildIncident, freePort, type JiraFault } from '@tocsin/testing';
import fc from 'fast-check';
import { buildAction, buildDigest } from '../../formats/contract.js';
import type { Channel, Notice, Outcome } from '../channel.js';
import { deliveryOf, runChannelContract } from '../contract.js';
import { CANARY, jiraScene, never } from './testing.js';

/** What a request may meet. */
const FAULTS: readonly JiraFault[] = ['lost reply', 'reset', { status: 503 }, { status: 429, headers: { 'retry-after': '5' } }];

describe.each(['cloud', 'datacenter'] as const)('jira, %s', (flavor) => {
  const scene = jiraScene(flavor);
  const { opened, at, resolved, open, create, tell } = scene;

  runChannelContract(`jira ${flavor}`, {
    canary: CANARY,
    healthy: async () => ({
      channel: contractChannel(create()),
      received: async () => scene.fake.issues.map(({ fields }) => JSON.stringify(fields)),
    }),
    refused: async () => contractChannel(create({ url: `http://127.0.0.1:${await freePort()}` })),
    hanging: async () => {
      const { createServer } = await import('node:net');
      const silent = createServer((socket) => void socket.unref());
      await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
      silent.unref();
      return contractChannel(create({ url: `http://127.0.0.1:${(silent.address() as { port: number }).port}` }));
    },
  });

  it('makes one ticket, and keeps it in step from open to resolved and back', async () => {
    const channel = create({ priorities: { high: 'High', critical: 'Highest' }, labels: ['soc'] });
    expect(await tell(channel, opened)).toEqual({ ok: true });
    const [issue] = scene.fake.issues;
    expect(issue?.fields).toMatchObject({
      summary: '[High] Shell in a container (shop/web)',
      priority: { name: 'High' },
      labels: ['tocsin', `tocsin-${opened.id}`, 'soc'],
    });
    expect(await tell(channel, at(2, { change: 'escalated', severity_id: 5 }))).toEqual({ ok: true });
    expect(issue?.fields).toMatchObject({ summary: '[Critical] Shell in a container (shop/web)', priority: { name: 'Highest' } });
    expect(await tell(channel, at(3, { change: 'acknowledged', status: 'acknowledged', severity_id: 5, actor: 'ann' }))).toEqual({ ok: true });
    expect(issue?.status).toBe('3');
    expect(await tell(channel, resolved(4))).toEqual({ ok: true });
    expect(issue?.status).toBe('5');
    expect(await tell(channel, at(5, { change: 'reopened' }))).toEqual({ ok: true });
    expect(issue?.status).toBe('3');
    expect(scene.fake.issues).toHaveLength(1);
    const comments = issue?.comments.map(({ text }) => text.replaceAll('\\', '').split('\n')[0]);
    expect(comments).toEqual(['severity High → Critical', 'acknowledged by ann', 'resolved by bob; severity Critical → High; benign', 'open']);
    expect(await getCase(scene.store.db, 'test', opened.id)).toMatchObject({
      state: 'open',
      name: 'SEC-1',
      url: `${scene.fake.url}/browse/SEC-1`,
      version: 5,
    });
    await channel.close();
  });

  it('makes few calls of a burst of changes, which ends as the newest of them', async () => {
    const channel = create();
    const versions = [opened, ...Array.from({ length: 20 }, (_, index) => at(index + 2, { count: index + 2 })), resolved(22)];
    await scene.store.transaction((tx) => upsertIncidents(tx, [{ incident: resolved(22), home: 'x/0', dueAt: null }]));
    for (const incident of versions) expect(await channel.send([deliveryOf('incident', incident)], never)).toEqual([{ ok: true }]);
    expect(scene.fake.issues.map(({ status }) => status)).toEqual(['5']);
    // Create, and where it is and how it can move, and move.
    expect(scene.fake.requests).toHaveLength(3);
    await channel.close();
  });

  it.each([
    ['is lost', 'lost reply', 1],
    ['is an error of the server, after which nothing was made', { status: 500 }, 0],
  ] as const)('makes one ticket when the answer %s, while the index lags', async (_what, fault, made) => {
    scene.fake.misbehave((request) => (request === 'POST /issue' ? fault : undefined));
    const before = create();
    expect(await tell(before, opened)).toMatchObject({ ok: false, retry: true, scope: 'delivery' });
    expect(scene.fake.issues).toHaveLength(made);
    scene.fake.misbehave(() => undefined);
    // Too early to know: a search does not show what was just made.
    expect(await tell(before, opened)).toMatchObject({ ok: false, retry: true, scope: 'delivery' });
    expect(scene.fake.issues).toHaveLength(made);
    await before.close();
    scene.now += 60_000;
    const after = create({}, { process: 'another' });
    expect(await tell(after, opened)).toEqual({ ok: true });
    expect(scene.fake.issues).toHaveLength(1);
    await after.close();
  });

  it('makes one ticket and brings it in step, wherever it crashes, among three replicas, with lost answers', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(9), { minLength: 1, maxLength: 30 }), fc.integer({ min: 1, max: 40 }), async (luck, wrongs) => {
        const own = await open({ indexLagMs: 200_000 });
        const [before, incident] = [scene.fake, buildIncident({ group: { luck: JSON.stringify([luck, wrongs, Math.random()]) } })];
        scene.fake = own;
        let [step, faults] = [0, 0];
        own.misbehave(() => {
          const choice = luck[step++ % luck.length] as number;
          if (choice > 3 || faults >= wrongs) return undefined;
          faults++;
          return FAULTS[choice];
        });
        const story = [
          incident,
          { ...incident, version: 2, severity_id: 6 as const },
          {
            ...incident,
            version: 3,
            severity_id: 6 as const,
            status: 'resolved' as const,
            change: 'resolved' as const,
            resolution: { reason: 'benign' as const, by: 'ann', time: '2026-09-14T15:00:00.000Z' },
          },
        ];
        for (const version of story) {
          for (let attempt = 0, outcome: Outcome | undefined; outcome?.ok !== true; attempt++) {
            const crashAt = attempt < wrongs ? (luck[(attempt + version.version) % luck.length] as number) * 2 : Infinity;
            const channel = create(
              { timeout: '2s', searchLag: '200s' },
              { process: `replica ${attempt % 3} ${attempt}`, store: killedAfter(scene.store, crashAt) },
            );
            await scene.store.transaction((tx) => upsertIncidents(tx, [{ incident: version, home: 'x/0', dueAt: null }]));
            outcome = await channel.send([deliveryOf('incident', version)], never).then(
              ([only]) => only,
              // It was killed: its claim stands until it is over.
              () => undefined,
            );
            await channel.close();
            if (outcome === undefined) scene.now += 125_000;
            else if (!outcome.ok) scene.now += Math.max(1_000, outcome.afterMs ?? 0);
            if (attempt > 200) throw new Error(`It never ends: ${JSON.stringify(outcome)}`);
          }
        }
        scene.fake = before;
        expect(own.issues.map(({ status, fields }) => [status, (fields['summary'] as string).slice(0, 7)])).toEqual([['5', '[Fatal]']]);
        await own.close();
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  it('leaves a case to the replica that has it', async () => {
    await claimCase(
      scene.store.db,
      { subscription: 'test', subject: opened.id },
      { by: 'other', now: new Date(scene.now).toISOString(), until: new Date(scene.now + 60_000).toISOString() },
    );
    const channel = create();
    expect(await tell(channel, opened)).toMatchObject({ ok: false, retry: true, scope: 'delivery' });
    expect(scene.fake.requests).toEqual([]);
    scene.now += 61_000;
    expect(await tell(channel, opened)).toEqual({ ok: true });
    await channel.close();
  });

  it('fills fields in by templates, at any depth, and refuses what is none', async () => {
    const channel = create({
      fields: { customfield_10042: { value: '{{ severity }}: {{ incident.group["workload.name"] }}', list: ['{{ incident.rule.name }}', 7] } },
    });
    expect(await tell(channel, opened)).toEqual({ ok: true });
    const { rule, group } = opened;
    expect(scene.fake.issues[0]?.fields['customfield_10042']).toEqual({ value: `High: ${group['workload.name']}`, list: [rule.name, 7] });
    await channel.close();
    expect(() => create({ fields: { customfield_10042: '{{ incident' } })).toThrow('is no template');
  });

  it('says that a ticket is gone instead of making another or trying for ever', async () => {
    const notices: Notice[] = [];
    const channel = create({}, { notice: async (notice) => void notices.push(notice) });
    await tell(channel, opened);
    scene.fake.remove('SEC-1');
    expect(await tell(channel, at(2, { severity_id: 6 }))).toMatchObject({ ok: false, retry: false, reason: 'client_error' });
    expect((await casesOf(scene.store.db, opened.id))[0]).toMatchObject({ state: 'orphaned', reason: expect.stringContaining('does not exist') });
    expect(notices).toMatchObject([{ name: 'Ticket lost: test', severityId: 4, labels: { incident: opened.id, ticket: 'SEC-1' } }]);
    const asked = scene.fake.requests.length;
    expect(await tell(channel, resolved(3))).toMatchObject({ ok: false, retry: false, message: expect.stringContaining('orphaned') });
    expect(scene.fake.requests).toHaveLength(asked);
    await channel.close();
  });

  it('writes to an orphaned ticket again, or makes a new one, when somebody says so', async () => {
    const channel = create();
    await tell(channel, opened);
    const key = { subscription: 'test', subject: opened.id };
    const restore = scene.fake.remove('SEC-1');
    expect(await tell(channel, at(2, { severity_id: 6 }))).toMatchObject({ ok: false, retry: false });
    restore();
    expect(await retryCase(scene.store.db, key, '2026-09-14T15:00:00.000Z')).toBe(true);
    // What could not be told is redriven.
    expect(await tell(channel, at(2, { severity_id: 6 }))).toEqual({ ok: true });
    expect(scene.fake.issues.map(({ fields }) => fields['summary'])).toEqual([expect.stringMatching(/^\[Fatal\]/)]);

    scene.fake.remove('SEC-1');
    expect(await tell(channel, resolved(3))).toMatchObject({ ok: false, retry: false });
    expect(await forgetCase(scene.store.db, key)).toBe(true);
    expect(await tell(channel, resolved(3))).toEqual({ ok: true });
    expect(scene.fake.issues).toHaveLength(1);
    await channel.close();
  });

  it.each([
    [{ project: 'NONE' }, 'valid project is required'],
    [{ issueType: 'Bug' }, 'Specify a valid issue type'],
    [{ fields: { customfield_1: 'x' } }, "customfield_1: Field 'customfield_1' cannot be set"],
    [{ priorities: { high: 'P1' } }, 'The priority selected is invalid'],
  ])('waits while the configuration is wrong (%j), says what is, and goes on when it was mended', async (config, message) => {
    const channel = create(config);
    expect(await tell(channel, opened)).toMatchObject({ ok: false, retry: true, reason: 'config', message: expect.stringContaining(message) });
    await channel.close();
    const mended = create();
    expect(await tell(mended, opened)).toEqual({ ok: true });
    expect(scene.fake.issues).toHaveLength(1);
    await mended.close();
  });

  it('makes one ticket of two deliveries at once, also in one process', async () => {
    const channel = create();
    await scene.store.transaction((tx) => upsertIncidents(tx, [{ incident: opened, home: 'x/0', dueAt: null }]));
    const both = await Promise.all([1, 2].map(() => channel.send([deliveryOf('incident', opened)], never)));
    expect(both.flat()).toContainEqual({ ok: true });
    expect(scene.fake.issues).toHaveLength(1);
    await channel.close();
  });

  it('does not take a ticket for gone because a proxy says so, or because a transition is refused', async () => {
    const channel = create();
    await tell(channel, opened);
    scene.fake.misbehave((request) => (request.startsWith('PUT') ? { status: 404, body: {} } : undefined));
    expect(await tell(channel, at(2, { severity_id: 6 }))).toMatchObject({ ok: false, retry: true });
    const refused = { status: 400, body: { errorMessages: ['Resolution is required.'], errors: {} } };
    scene.fake.misbehave((request) => (request === 'POST /issue/10001/transitions' ? refused : undefined));
    expect(await tell(channel, resolved(3))).toEqual({ ok: true });
    expect((await casesOf(scene.store.db, opened.id))[0]?.state).toBe('closed');
    await channel.close();
  });

  it('waits for one ticket alone when Jira says that there were too many changes of it', async () => {
    const channel = create();
    await tell(channel, opened);
    scene.fake.misbehave((request) =>
      request.startsWith('PUT') ? { status: 429, headers: { 'retry-after': '3', 'ratelimit-reason': 'jira-per-issue-on-write' } } : undefined,
    );
    expect(await tell(channel, at(2, { severity_id: 6 }))).toMatchObject({
      ok: false,
      retry: true,
      reason: 'rate_limited',
      afterMs: 3_000,
      scope: 'delivery',
    });
    scene.fake.misbehave(() => ({ status: 429, headers: { 'retry-after': '7', 'ratelimit-reason': 'jira-quota-based' } }));
    const quota = await tell(channel, at(2, { severity_id: 6 }));
    expect(quota).toMatchObject({ ok: false, reason: 'rate_limited', afterMs: 7_000 });
    expect(quota).not.toHaveProperty('scope');
    await channel.close();
  });

  it('has one ticket for a storm, and none for actions', async () => {
    const channel = create();
    expect(await channel.send([deliveryOf('digest', buildDigest())], never)).toEqual([{ ok: true }]);
    expect(await channel.send([deliveryOf('digest', buildDigest())], never)).toEqual([{ ok: true }]);
    expect(scene.fake.issues).toHaveLength(1);
    expect(await channel.send([deliveryOf('action', buildAction())], never)).toMatchObject([{ ok: false, retry: false }]);
    await channel.close();
  });

  it('puts hostile text in, and lets it mean nothing', async () => {
    const channel = create();
    const title = `x\r\n{code}!http://evil/x.png! [~admin] ${'é'.repeat(5_000)}\u0000`;
    expect(await tell(channel, { ...opened, title, reason: title.repeat(20), entities: [{ type: 'pod', name: title }] })).toEqual({ ok: true });
    await channel.close();
  });
});

/** The store as a process sees it that is killed after so many steps: nothing works any more, and nothing is tidied up. */
function killedAfter(store: Store, steps: number): Store {
  let done = 0;
  const db = new Proxy(store.db, {
    get(target, name) {
      if (['selectFrom', 'insertInto', 'updateTable'].includes(String(name)) && done++ >= steps) throw new Error('killed');
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? (value.bind(target) as unknown) : value;
    },
  });
  return { ...store, db };
}

/** The suite sends violations, which have no cases: each becomes an incident of its own, with the delivery's id in its title. */
function contractChannel(channel: Channel): Channel {
  return {
    takes: 'each',
    send: (batch, signal) =>
      channel.send(
        batch.map((one) => {
          const incident = buildIncident({ group: { delivery: one.id }, title: one.id });
          return { ...deliveryOf('incident', incident), id: one.id };
        }),
        signal,
      ),
    close: () => channel.close(),
  };
}
