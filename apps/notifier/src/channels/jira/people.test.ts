import { beforeEach, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { buildIncident, type JiraUser, type JiraWebhook } from '@tocsin/testing';
import type { Channel, ChannelDeps, Reply } from '../channel.js';
import { LAG_MS, jiraScene, never } from './testing.js';

const ANN: JiraUser = { accountId: '5b10-ann', name: 'ann', displayName: 'Ann' };

describe.each(['cloud', 'datacenter'] as const)('what people do in Jira, %s', (flavor) => {
  const scene = jiraScene(flavor);
  const { opened, resolved, open, create, tell } = scene;
  const receive = async (hook: JiraWebhook, deps: Partial<ChannelDeps> = {}): Promise<Reply> => {
    const channel = create({}, deps);
    const reply = await (channel.receive as NonNullable<Channel['receive']>)({ headers: hook.headers, query: {}, body: hook.body });
    await channel.close();
    return reply;
  };
  beforeEach(async () => {
    const channel = create();
    await tell(channel, opened);
    await channel.close();
  });

  it('is done to the incident: taken up, assigned, noted, resolved', async () => {
    const hooks = [
      scene.fake.move('SEC-1', 'In Bearbeitung', ANN),
      scene.fake.assign('SEC-1', ANN, ANN),
      scene.fake.comment('SEC-1', '/tocsin node was rebuilt', ANN),
      scene.fake.move('SEC-1', 'Erledigt', ANN),
    ];
    const bodies = await Promise.all(hooks.map(async (hook) => (await receive(hook)).commands.map(({ body, actor }) => ({ ...body, actor }))));
    expect(bodies[0]).toEqual([{ type: 'acknowledge', actor: 'Ann' }]);
    expect(bodies[1]).toContainEqual({ type: 'assign', assignee: 'Ann', actor: 'Ann' });
    expect(bodies[2]).toEqual([{ type: 'note', comment: 'node was rebuilt', actor: 'Ann' }]);
    expect(bodies[3]).toContainEqual({ type: 'resolve', reason: 'other', comment: 'Resolved in the ticket: Done.', actor: 'Ann' });
  });

  it('reopens what was resolved', async () => {
    const channel = create();
    await tell(channel, resolved(2));
    await channel.close();
    const { commands } = await receive(scene.fake.move('SEC-1', 'In Bearbeitung', ANN));
    expect(commands.map(({ body }) => body.type)).toEqual(['reopen']);
  });

  it('has one effect, however often and in whatever order Jira tells it', async () => {
    const hook = scene.fake.move('SEC-1', 'Erledigt', ANN);
    const [first, again] = [await receive(hook), await receive(hook)];
    expect(again.commands.map(({ id }) => id)).toEqual(first.commands.map(({ id }) => id));
    const late = scene.fake.move('SEC-1', 'In Bearbeitung', ANN);
    expect((await receive(late)).commands.map(({ body }) => body.type)).toEqual(['acknowledge']);
  });

  it('is nothing that nobody did: a workflow without a way, a ticket that was not told yet, an assignee of ours', async () => {
    await scene.fake.close();
    scene.fake = await open({ canEnd: false });
    const incident = buildIncident({ group: { other: 'x' }, assignee: 'carol' });
    const channel = create({ poll: '1m' });
    await tell(channel, incident);
    const ended = { ...resolved(2), id: incident.id, assignee: 'carol' };
    await tell(channel, ended);
    scene.now += LAG_MS;
    // It could not be moved, and nobody assigned it in Jira.
    expect(await channel.poll?.run(never)).toEqual([]);
    await channel.close();
    scene.now += 1_000;
    expect((await receive(scene.fake.assign('SEC-1', ANN, ANN))).commands.map(({ body }) => body.type)).toEqual(['assign']);
  });

  it('is the youngest that is known, when an older webhook comes late', async () => {
    const older = scene.fake.move('SEC-1', 'Erledigt', ANN);
    scene.now += 1_000;
    const younger = scene.fake.move('SEC-1', 'In Bearbeitung', ANN);
    expect((await receive(younger)).commands.map(({ body }) => body.type)).toEqual(['acknowledge']);
    expect((await receive(older)).commands).toEqual([]);
  });

  it('is not what we did ourselves, nor what people say to one another', async () => {
    expect((await receive(scene.fake.move('SEC-1', 'Erledigt', scene.fake.me))).commands).toEqual([]);
    expect((await receive(scene.fake.comment('SEC-1', '/tocsin x', scene.fake.me))).commands).toEqual([]);
    expect((await receive(scene.fake.comment('SEC-1', 'what is /tocsin?', ANN))).commands).toEqual([]);
  });

  it.each([
    'null',
    '[]',
    '{"issue":null}',
    '{"issue":{"id":7}}',
    '{"issue":{"id":"10001","fields":3},"user":null}',
    '{"issue":{"id":"10001"},"comment":{"author":"x"}}',
  ])('is nothing when it has not the form of an event: %s', async (text) => {
    const body = Buffer.from(text);
    const signature = `sha256=${createHmac('sha256', String(process.env['TEST_JIRA_SECRET'])).update(body).digest('hex')}`;
    expect(await receive({ headers: { 'x-hub-signature': signature }, body })).toEqual({ status: 200, commands: [] });
  });

  it('is believed only when Jira signed it, and only of tickets that are ours', async () => {
    const hook = scene.fake.move('SEC-1', 'Erledigt', ANN);
    expect(await receive({ ...hook, headers: { ...hook.headers, 'x-hub-signature': 'sha256=00' } })).toEqual({ status: 401, commands: [] });
    expect(await receive({ ...hook, headers: {} })).toEqual({ status: 401, commands: [] });
    expect((await receive(hook, { subscription: 'another' })).commands).toEqual([]);
  });

  it('is found by asking, where Jira cannot call', async () => {
    scene.fake.move('SEC-1', 'Erledigt', ANN);
    scene.now += LAG_MS;
    const channel = create({ poll: '1m' });
    const said = await channel.poll?.run(never);
    expect(said?.map((one) => one.body.type)).toEqual(['resolve']);
    expect((await channel.poll?.run(never))?.map(({ id }) => id)).toEqual(said?.map(({ id }) => id));
    await channel.close();
  });

  it('is found by asking on every page, comments too, each once, and not again by the webhook of it', async () => {
    const channel = create({ poll: '1m' });
    for (let n = 0; n < 120; n++) await tell(channel, buildIncident({ group: { n: String(n) } }));
    const hook = scene.fake.comment('SEC-121', '/tocsin seen by polling', ANN);
    scene.fake.comment('SEC-121', '/tocsin ours', scene.fake.me);
    scene.fake.comment('SEC-121', 'between people', ANN);
    scene.now += LAG_MS;
    const said = (await channel.poll?.run(never)) ?? [];
    expect(said.map(({ body, actor }) => ({ ...body, actor }))).toEqual([{ type: 'note', comment: 'seen by polling', actor: 'Ann' }]);
    expect((await receive(hook)).commands.map(({ id }) => id)).toEqual(said.map(({ id }) => id));
    // What was said long ago is not said again because the ticket changes.
    scene.now += 3_600_000;
    scene.fake.move('SEC-121', 'In Bearbeitung', ANN);
    scene.now += LAG_MS;
    expect((await channel.poll?.run(never))?.map(({ body }) => body.type)).toEqual(['acknowledge']);
    await channel.close();
  }, 60_000);
});
