import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createHmac } from 'node:crypto';
import { buildIncident, buildViolation, fakeSlack, freePort, httpReceiver, type FakeSlack, type HttpReceiver } from '@tocsin/testing';
import { buildAction, buildDigest } from '../../formats/contract.js';
import type { Channel, Delivery, Reply } from '../channel.js';
import { delivery, deliveryOf, runChannelContract, runHttpChannelContract } from '../contract.js';
import { channelDeps, memoryOfProcess } from '../testing.js';
import { slack } from './slack.js';

const CANARY = 'xoxb-canary-canary-canary';
const SIGNING = 'signing-canary-signing-canary';
const CONVERSATION = 'C0123456789';
process.env['TEST_SLACK_TOKEN'] = CANARY;
process.env['TEST_SLACK_SIGNING'] = SIGNING;
const never = new AbortController().signal;

const byBot = { token: { env: 'TEST_SLACK_TOKEN' }, conversation: CONVERSATION, timeout: '200ms' };
const withButtons = { ...byBot, signingSecret: { env: 'TEST_SLACK_SIGNING' }, people: { U0000ANN: 'ann' } };

function create(config: object, deps: Parameters<typeof channelDeps>[0] = {}): Channel {
  return slack.create(slack.config.parse(config), channelDeps({ publicUrl: 'https://tocsin.example', ...deps }));
}

function byWebhook(url: string): Channel {
  process.env['TEST_SLACK_WEBHOOK'] = `${url}/${CANARY}`;
  return create({ webhook: { env: 'TEST_SLACK_WEBHOOK' }, timeout: '200ms' });
}

describe('slack, by an incoming webhook', () => {
  let receiver: HttpReceiver;
  beforeEach(async () => {
    receiver = await httpReceiver();
  });
  afterEach(() => receiver.close());
  runChannelContract('slack by webhook', {
    canary: CANARY,
    healthy: async () => ({ channel: byWebhook(receiver.url), received: async () => receiver.accepted.map(({ body }) => body.toString()) }),
    refused: async () => byWebhook(`http://127.0.0.1:${await freePort()}`),
    hanging: async () => {
      receiver.behave(() => 'hang');
      return byWebhook(receiver.url);
    },
  });
  runHttpChannelContract('slack by webhook', { canary: CANARY, create: byWebhook });
});

describe('slack, by a bot', () => {
  let fake: FakeSlack;
  beforeEach(async () => {
    fake = await fakeSlack({ token: CANARY, conversation: CONVERSATION });
  });
  afterEach(() => fake.close());

  runChannelContract('slack by bot', {
    canary: CANARY,
    healthy: async () => ({
      channel: create({ ...byBot, api: fake.url }),
      received: async () => fake.messages.map((message) => JSON.stringify(message)),
    }),
    refused: async () => create({ ...byBot, api: `http://127.0.0.1:${await freePort()}/` }),
  });

  const opened = buildIncident();
  const acknowledged = { ...opened, version: 2, change: 'acknowledged', status: 'acknowledged' } as const;

  async function send(channel: Channel, one: Delivery) {
    const [outcome] = await channel.send([one], never);
    expect(JSON.stringify(outcome)).not.toContain(CANARY);
    return outcome;
  }

  it('keeps one message per incident up to date, with its changes in the thread', async () => {
    const channel = create({ ...withButtons, api: fake.url });
    expect(await send(channel, deliveryOf('incident', opened))).toEqual({ ok: true });
    expect(await send(channel, deliveryOf('incident', acknowledged))).toEqual({ ok: true });
    const [first, ...thread] = fake.messages;
    expect(thread.map(({ thread_ts: of, text }) => [of, text.split(':')[0]])).toEqual([[first?.ts, 'acknowledged']]);
    expect(JSON.stringify(first?.blocks)).toContain('acknowledged');
    // It was taken up: there is nothing to press any more.
    expect(JSON.stringify(first?.blocks)).not.toContain('"Acknowledge"');
    await channel.close();
  });

  it('tells a change once, however often it comes', async () => {
    const channel = create({ ...byBot, api: fake.url });
    for (const one of [opened, acknowledged, acknowledged]) await send(channel, deliveryOf('incident', one));
    expect(fake.messages).toHaveLength(2);
    await channel.close();
  });

  it.each([
    ['is lost', 'lost reply'],
    ['does not come, since nothing was posted', 'reset'],
  ] as const)('posts one message when the answer %s', async (_what, fault) => {
    const memory = memoryOfProcess();
    const one = deliveryOf('incident', opened);
    fake.misbehave((method, call) => (method === 'chat.postMessage' && call === 0 ? fault : undefined));
    // After a restart nothing is left but what was remembered.
    const before = create({ ...byBot, api: fake.url }, { memory });
    expect(await send(before, one)).toMatchObject({ ok: false, retry: true, reason: 'connection' });
    await before.close();
    const after = create({ ...byBot, api: fake.url }, { memory });
    expect(await send(after, one)).toEqual({ ok: true });
    expect(fake.messages).toHaveLength(1);
    expect(fake.calls).toContain('conversations.history');
    await after.close();
  });

  it('posts again after a lost answer where it may not read, rather than not at all', async () => {
    await fake.close();
    fake = await fakeSlack({ token: CANARY, conversation: CONVERSATION, scopes: ['chat:write'] });
    fake.misbehave((method, call) => (method === 'chat.postMessage' && call === 0 ? 'lost reply' : undefined));
    const channel = create({ ...byBot, api: fake.url });
    const one = deliveryOf('incident', opened);
    await send(channel, one);
    expect(await send(channel, one)).toEqual({ ok: true });
    expect(fake.messages).toHaveLength(2);
    await channel.close();
  });

  it.each([
    [
      { status: 429, headers: { 'retry-after': '30' } },
      { retry: true, reason: 'rate_limited', afterMs: 30_000 },
    ],
    [{ status: 500 }, { retry: true, reason: 'server_error' }],
    [{ error: 'ratelimited' }, { retry: true, reason: 'rate_limited' }],
    [{ error: 'internal_error' }, { retry: true, reason: 'server_error' }],
    [{ error: 'token_revoked' }, { retry: true, reason: 'auth' }],
    [{ error: 'not_in_channel' }, { retry: true, reason: 'auth' }],
    [{ error: 'msg_too_long' }, { retry: false, reason: 'too_large' }],
    [{ error: 'invalid_blocks' }, { retry: false, reason: 'client_error' }],
  ] as const)('makes of %j what it means', async (fault, expected) => {
    fake.misbehave(() => fault);
    const channel = create({ ...byBot, api: fake.url });
    expect(await send(channel, deliveryOf('incident', opened))).toMatchObject({ ok: false, ...expected });
    // It said that nothing was posted, or will be looked for.
    fake.misbehave(() => undefined);
    expect(await send(channel, deliveryOf('incident', opened))).toEqual({ ok: true });
    expect(fake.messages).toHaveLength(1);
    await channel.close();
  });

  it('stays within the limits of Block Kit, and mentions nobody', async () => {
    const channel = create({ ...byBot, api: fake.url });
    const violation = buildViolation({ name: '<!channel> & <https://evil.example|x>'.repeat(200), message: '<@U0000ANN>\n'.repeat(5_000) });
    expect(await send(channel, delivery({ data: violation }))).toEqual({ ok: true });
    expect(fake.messages[0]?.text).toContain('&lt;!channel&gt; &amp; &lt;');
    expect(JSON.stringify(fake.messages[0]?.blocks)).not.toContain('mrkdwn');
    expect(await send(channel, deliveryOf('digest', buildDigest()))).toEqual({ ok: true });
    await channel.close();
  });

  describe('with buttons', () => {
    const now = Date.parse('2026-09-14T15:00:00.000Z');
    const action = buildAction({ state: 'awaiting_approval', plan_hash: 'f00ba4' });

    async function buttonsOf(one: Delivery, at = now): Promise<Record<string, string>> {
      const channel = create({ ...withButtons, api: fake.url }, { now: () => at });
      expect(await send(channel, one)).toEqual({ ok: true });
      await channel.close();
      const blocks = (fake.messages.at(-1)?.blocks ?? []) as { type: string; elements?: { text: { text: string }; value?: string }[] }[];
      const elements = blocks.find(({ type }) => type === 'actions')?.elements ?? [];
      return Object.fromEntries(elements.map(({ text, value }) => [text.text, value ?? '']));
    }

    interface Pressed {
      user?: string;
      at?: number;
      signedAt?: number;
      secret?: string;
      subscription?: string;
    }

    async function press(
      value: string | undefined,
      { user = 'U0000ANN', at = now, signedAt = at, secret = SIGNING, subscription = 'test' }: Pressed = {},
    ): Promise<Reply> {
      const payload = { type: 'block_actions', user: { id: user }, actions: [{ value }] };
      const body = Buffer.from(new URLSearchParams({ payload: JSON.stringify(payload) }).toString());
      const timestamp = String(Math.floor(signedAt / 1_000));
      const signature = `v0=${createHmac('sha256', secret).update(`v0:${timestamp}:${body.toString()}`).digest('hex')}`;
      const channel = create({ ...withButtons, api: fake.url }, { now: () => at, subscription });
      const headers = { 'x-slack-signature': signature, 'x-slack-request-timestamp': timestamp };
      const reply = await (channel.receive as NonNullable<Channel['receive']>)({ headers, query: {}, body });
      await channel.close();
      return reply;
    }

    it('takes up an incident by who pressed', async () => {
      const { Acknowledge: value } = await buttonsOf(deliveryOf('incident', opened));
      const reply = await press(value);
      expect(reply).toMatchObject({ status: 200, commands: [{ actor: 'ann', incident: opened.id, body: { type: 'acknowledge' } }] });
      // The same press again is the same command.
      expect((await press(value)).commands[0]?.id).toBe(reply.commands[0]?.id);
    });

    it('approves exactly the plan that was shown, or rejects it', async () => {
      const { Approve, Reject } = await buttonsOf(deliveryOf('action', action));
      expect((await press(Approve)).commands).toMatchObject([{ actor: 'ann', action: action.id, body: { type: 'approve', plan_hash: 'f00ba4' } }]);
      expect((await press(Reject)).commands).toMatchObject([{ actor: 'ann', action: action.id, body: { type: 'reject' } }]);
    });

    it.each<[string, Pressed, number]>([
      ['somebody who is not among the people', { user: 'U0000EVE' }, 200],
      ['a name of the prototype', { user: 'constructor' }, 200],
      ['somebody who does not know the signing secret', { secret: 'x' }, 401],
      ['a request that was recorded', { signedAt: now - 6 * 60_000 }, 401],
      ['a button that is too old', { at: now + 25 * 3_600_000 }, 200],
      ['a button of another subscription', { subscription: 'other' }, 200],
    ])('does nothing for %s', async (_who, pressed, status) => {
      const { Approve } = await buttonsOf(deliveryOf('action', action));
      expect(await press(Approve, pressed)).toMatchObject({ status, commands: [] });
    });

    it('does nothing for a value that was made up or changed', async () => {
      const { Approve = '' } = await buttonsOf(deliveryOf('action', action));
      const forged = Buffer.from(JSON.stringify({ do: 'approve', action: 'other', plan: 'x', until: now + 1e9 })).toString('base64url');
      for (const value of [undefined, '', 'x', `${forged}.${Approve.split('.')[1]}`, `${Approve}x`, `${Approve}.x`]) {
        expect(await press(value)).toMatchObject({ commands: [] });
      }
    });

    it.each([['not a form'], ['payload=%7B'], ['payload=null'], [`payload=${encodeURIComponent('{"type":"view_submission"}')}`]])(
      'takes the body %s for what it is',
      async (text) => {
        const timestamp = String(now / 1_000);
        const signature = `v0=${createHmac('sha256', SIGNING).update(`v0:${timestamp}:${text}`).digest('hex')}`;
        const channel = create({ ...withButtons, api: fake.url }, { now: () => now });
        const headers = { 'x-slack-signature': signature, 'x-slack-request-timestamp': timestamp };
        expect(await channel.receive?.({ headers, query: {}, body: Buffer.from(text) })).toEqual({ status: 200, commands: [] });
        await channel.close();
      },
    );
  });

  it.each([
    [{}, 'one of "webhook" and "token"'],
    [{ token: { env: 'X' } }, 'needs "conversation"'],
    [{ webhook: { env: 'X' }, signingSecret: { env: 'X' } }, 'which needs "token"'],
    [{ token: { env: 'X' }, conversation: '#general' }, 'the id of a conversation'],
  ])('refuses %j', (config, message) => {
    expect(
      slack.config
        .safeParse(config)
        .error?.issues.map((issue) => issue.message)
        .join('; '),
    ).toContain(message);
  });
});
