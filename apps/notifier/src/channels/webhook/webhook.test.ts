import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { freePort, httpReceiver, type HttpReceiver } from '@tocsin/testing';
import { Webhook as StandardWebhook } from 'standardwebhooks';
import type { Channel } from '../channel.js';
import { delivery, runChannelContract, runHttpChannelContract } from '../contract.js';
import { Egress } from '../egress.js';
import { channelDeps } from '../testing.js';
import { webhook } from './webhook.js';

const CANARY = 'c2VjcmV0LWNhbmFyeS1zZWNyZXQtY2FuYXJ5';
const never = new AbortController().signal;
process.env['TEST_WEBHOOK_SECRET'] = `whsec_${CANARY}`;
process.env['TEST_WEBHOOK_OLD_SECRET'] = `whsec_${Buffer.alloc(24, 7).toString('base64')}`;

function create(url: string, config: object = {}, allow: string[] = []): Channel {
  const parsed = webhook.config.parse({
    url: `${url}/${CANARY}?token=${CANARY}`,
    secrets: [{ env: 'TEST_WEBHOOK_SECRET' }, { env: 'TEST_WEBHOOK_OLD_SECRET' }],
    timeout: '200ms',
    ...config,
  });
  return webhook.create(parsed, channelDeps({ egress: new Egress({ allow, deny: [] }) }));
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

  runHttpChannelContract('webhook', { canary: CANARY, create: (url) => create(url, { headers: { authorization: { env: 'TEST_WEBHOOK_SECRET' } } }) });

  it('sends what another format writes as it is, signed, with its media type', async () => {
    const content = { format: 'cef', mediaType: 'text/plain; charset=utf-8', body: Buffer.from('CEF:0|é') };
    const channel = create(receiver.url);
    expect(await channel.send([delivery({ content })], never)).toEqual([{ ok: true }]);
    const { headers, body } = receiver.accepted[0] as HttpReceiver['accepted'][0];
    expect([body.toString(), headers['content-type']]).toEqual(['CEF:0|é', 'text/plain; charset=utf-8']);
    const [id, timestamp, signature] = ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => String(headers[name]));
    expect(signature?.split(' ')).toContain(new StandardWebhook(CANARY).sign(id as string, new Date(Number(timestamp) * 1000), body.toString()));
    await channel.close();
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

  it('says that a secret is missing, and takes it up when it is there', async () => {
    delete process.env['TEST_WEBHOOK_LATE'];
    const channel = create(receiver.url, { secrets: [{ env: 'TEST_WEBHOOK_LATE' }] });
    expect(await channel.send([delivery()], never)).toMatchObject([{ ok: false, retry: true, reason: 'config' }]);
    process.env['TEST_WEBHOOK_LATE'] = `whsec_${CANARY}`;
    expect(await channel.send([delivery()], never)).toEqual([{ ok: true }]);
    await channel.close();
  });

  it('refuses a secret that cannot be in a header, without showing it', async () => {
    process.env['TEST_WEBHOOK_HEADER'] = `${CANARY}\r\nx-evil: 1`;
    const channel = create(receiver.url, { headers: { authorization: { env: 'TEST_WEBHOOK_HEADER' } } });
    const [outcome] = await channel.send([delivery()], never);
    expect(outcome).toMatchObject({ ok: false, retry: true, reason: 'config' });
    expect(JSON.stringify(outcome)).not.toContain(CANARY);
    await channel.close();
  });

  const bad: [string, object, string][] = [
    ['credentials in the URL', { url: 'http://user:pass@siem.example/' }, 'must not hold credentials'],
    ['another protocol', { url: 'ftp://siem.example/' }, 'expected an http:// or https:// URL'],
    ['a secret in plain text', { url: 'http://siem.example/', secrets: ['whsec_abc'] }, 'expected a reference to a secret'],
    ['a header of our own', { url: 'http://siem.example/', headers: { 'Webhook-Id': 'x' } }, 'is a header that Tocsin writes itself'],
    ['a header with a line end', { url: 'http://siem.example/', headers: { a: 'x\ny: z' } }, 'expected printable ASCII'],
  ];
  it.each(bad)('refuses %s', (_name, config, expected) => {
    const result = webhook.config.safeParse(config);
    expect(JSON.stringify(result.error?.issues)).toContain(expected);
  });
});
