import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort, httpReceiver, type Behaviour, type HttpReceiver } from '@tocsin/testing';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import type { Channel } from '../channel.js';
import { delivery, runChannelContract } from '../contract.js';
import { Egress } from '../egress.js';
import { webhook } from './webhook.js';

const CANARY = 'c2VjcmV0LWNhbmFyeS1zZWNyZXQtY2FuYXJ5';
const never = new AbortController().signal;
process.env['TEST_WEBHOOK_SECRET'] = `whsec_${CANARY}`;
process.env['TEST_WEBHOOK_OLD_SECRET'] = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

function create(url: string, config: object = {}, allow: string[] = []): Channel {
  const parsed = webhook.config.parse({
    url: `${url}?token=${CANARY}`,
    secrets: [{ env: 'TEST_WEBHOOK_SECRET' }, { env: 'TEST_WEBHOOK_OLD_SECRET' }],
    timeout: '200ms',
    ...config,
  });
  return webhook.create(parsed, { egress: new Egress({ allow, deny: [] }), now: () => Date.now() });
}

describe('webhook', () => {
  let receiver: HttpReceiver;
  beforeEach(async () => {
    receiver = await httpReceiver();
  });
  afterEach(() => receiver.close());

  runChannelContract('webhook', {
    canary: CANARY,
    healthy: async () => ({
      channel: create(receiver.url),
      received: async () => receiver.accepted.map(({ headers }) => String(headers['webhook-id'])),
    }),
    refused: async () => create(`http://127.0.0.1:${await freePort()}/`),
    hanging: async () => {
      receiver.behave(() => 'hang');
      return create(receiver.url);
    },
  });

  it('is verified by the official library, with the new secret and with the old', async () => {
    const channel = create(receiver.url, { headers: { 'x-team': 'blue' } });
    const one = delivery({ data: { name: 'é' } });
    expect(await channel.send([one], never)).toEqual([{ ok: true }]);
    const { headers, body } = receiver.accepted[0] as HttpReceiver['accepted'][0];
    for (const name of ['TEST_WEBHOOK_SECRET', 'TEST_WEBHOOK_OLD_SECRET']) {
      const verified = new StandardWebhook(process.env[name] as string).verify(body.toString(), headers as Record<string, string>);
      expect(verified).toEqual({ type: one.event.type, timestamp: one.event.time, data: { name: 'é' } });
    }
    expect(headers['x-team']).toBe('blue');
    await channel.close();
  });

  const table: [string, Behaviour, object][] = [
    ['204', { status: 204 }, { ok: true }],
    ['301 to an inside address', { status: 301, headers: { location: 'http://169.254.169.254/' } }, { ok: false, retry: true, reason: 'redirected' }],
    ['400', { status: 400 }, { ok: false, retry: false, reason: 'client_error' }],
    ['401', { status: 401 }, { ok: false, retry: true, reason: 'auth' }],
    ['408', { status: 408 }, { ok: false, retry: true, reason: 'server_error' }],
    ['410', { status: 410 }, { ok: false, retry: false, reason: 'gone' }],
    ['413', { status: 413 }, { ok: false, retry: false, reason: 'too_large' }],
    ['429 with seconds', { status: 429, headers: { 'retry-after': '7' } }, { ok: false, retry: true, reason: 'rate_limited', afterMs: 7000 }],
    ['429 without a time', { status: 429 }, { ok: false, retry: true, reason: 'rate_limited' }],
    ['429 with nonsense', { status: 429, headers: { 'retry-after': '-1 soon' } }, { ok: false, retry: true, reason: 'rate_limited' }],
    ['500', { status: 500 }, { ok: false, retry: true, reason: 'server_error' }],
    ['503 with seconds', { status: 503, headers: { 'retry-after': '1' } }, { ok: false, retry: true, reason: 'server_error', afterMs: 1000 }],
    ['a cut connection', 'reset', { ok: false, retry: true, reason: 'connection' }],
    ['a dripping answer', 'drip', { ok: false, retry: true, reason: 'timeout' }],
    ['an endless answer', 'endless', { ok: false, retry: true, reason: 'server_error' }],
  ];
  it.each(table)('answers %s with an outcome, and no secret in it', async (_name, behaviour, expected) => {
    receiver.behave(() => behaviour);
    const channel = create(receiver.url);
    const [outcome] = await channel.send([delivery()], never);
    expect(outcome).toMatchObject(expected);
    expect(JSON.stringify(outcome)).not.toContain(CANARY);
    expect(receiver.requests).toHaveLength(1);
    await channel.close();
  });

  it('reads Retry-After as a date', async () => {
    receiver.behave(() => ({ status: 429, headers: { 'retry-after': new Date(Date.now() + 60_000).toUTCString() } }));
    const channel = create(receiver.url);
    const [outcome] = await channel.send([delivery()], never);
    expect((outcome as { afterMs: number }).afterMs).toBeGreaterThan(50_000);
    await channel.close();
  });

  it.each(['http://169.254.169.254/latest', 'http://[fe80::1]/', 'http://0.0.0.0:1/', 'http://[::ffff:169.254.169.254]/'])(
    'does not connect to %s',
    async (url) => {
      const channel = create(url);
      expect(await channel.send([delivery()], never)).toMatchObject([{ ok: false, retry: true, reason: 'blocked' }]);
      await channel.close();
    },
  );

  it('says that a secret is missing, and takes it up when it is there', async () => {
    delete process.env['TEST_WEBHOOK_LATE'];
    const channel = create(receiver.url, { secrets: [{ env: 'TEST_WEBHOOK_LATE' }] });
    expect(await channel.send([delivery()], never)).toMatchObject([{ ok: false, retry: true, reason: 'config' }]);
    process.env['TEST_WEBHOOK_LATE'] = `whsec_${CANARY}`;
    expect(await channel.send([delivery()], never)).toEqual([{ ok: true }]);
    await channel.close();
  });
});
