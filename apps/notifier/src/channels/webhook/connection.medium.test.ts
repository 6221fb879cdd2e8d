import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { copyFile, mkdtemp, rm } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeReal, httpReceiver, makeCertificates, type Certificates, type HttpReceiver } from '@tocsin/testing';
import type { Channel, Outcome } from '../channel.js';
import { delivery } from '../contract.js';
import { Egress } from '../egress.js';
import { channelDeps } from '../testing.js';
import { webhook } from './webhook.js';

const CANARY = 'canary-canary-canary';
const never = new AbortController().signal;
process.env['TEST_WEBHOOK_CREDENTIAL'] = CANARY;
const secret = { env: 'TEST_WEBHOOK_CREDENTIAL' };

function create(url: string, config: object = {}, deps: Parameters<typeof channelDeps>[0] = {}): Channel {
  return webhook.create(webhook.config.parse({ url, timeout: '5s', ...config }), channelDeps(deps));
}

async function sendOne(channel: Channel): Promise<Outcome> {
  const [outcome] = await channel.send([delivery()], never);
  expect(JSON.stringify(outcome)).not.toContain(CANARY);
  return outcome as Outcome;
}

describe('webhook, as whom and how it connects', () => {
  let receiver: HttpReceiver;
  beforeEach(async () => {
    receiver = await httpReceiver();
  });
  afterEach(() => receiver.close());

  it.each([
    ['bearer', { bearer: secret }, `Bearer ${CANARY}`],
    ['basic', { basic: { username: 'tocsin', password: secret } }, `Basic ${Buffer.from(`tocsin:${CANARY}`).toString('base64')}`],
  ])('shows %s credentials', async (_name, auth, expected) => {
    const channel = create(receiver.url, { auth, method: 'PUT' });
    expect(await sendOne(channel)).toEqual({ ok: true });
    expect(receiver.accepted[0]).toMatchObject({ method: 'PUT', headers: { authorization: expected } });
    await channel.close();
  });

  it('refuses credentials that are said twice', () => {
    expect(() => create(receiver.url, { auth: { bearer: secret, basic: { username: 'a', password: secret } } })).toThrow('expected one of');
    expect(() => create(receiver.url, { auth: { bearer: secret }, headers: { Authorization: 'x' } })).toThrow('expected one of them');
  });

  describe('by OAuth 2 client credentials', () => {
    let server: HttpReceiver;
    let now = 1_000_000;
    let issued = 0;
    beforeEach(async () => {
      issued = 0;
      server = await httpReceiver();
      server.behave(() => ({ status: 200, body: JSON.stringify({ access_token: `token-${++issued}`, token_type: 'Bearer', expires_in: 300 }) }));
    });
    afterEach(() => server.close());
    const open = (): Channel => {
      const oauth2 = { tokenUrl: server.url, clientId: 'to csin', clientSecret: secret, scope: 'events' };
      return create(receiver.url, { auth: { oauth2 } }, { now: () => now });
    };

    it('asks once for a token, and again before it ends', async () => {
      const channel = open();
      for (let event = 0; event < 3; event++) expect(await sendOne(channel)).toEqual({ ok: true });
      expect(server.requests).toHaveLength(1);
      expect(server.requests[0]?.body.toString()).toBe('grant_type=client_credentials&scope=events');
      expect(server.requests[0]?.headers.authorization).toBe(`Basic ${Buffer.from(`to%20csin:${CANARY}`).toString('base64')}`);
      now += 280_000;
      expect(await sendOne(channel)).toEqual({ ok: true });
      expect(receiver.accepted.map(({ headers }) => headers.authorization)).toEqual([...Array(3).fill('Bearer token-1'), 'Bearer token-2']);
      await channel.close();
    });

    it('asks again when the receiver refuses the token', async () => {
      receiver.behave(({ headers }) => ({ status: headers.authorization === 'Bearer token-1' ? 401 : 200 }));
      const channel = open();
      expect(await sendOne(channel)).toMatchObject({ ok: false, retry: true, reason: 'auth' });
      expect(await sendOne(channel)).toEqual({ ok: true });
      await channel.close();
    });

    it.each([
      ['refuses', { status: 400, body: '{"error":"invalid_client"}' }, 'auth'],
      ['is away', { status: 503 }, 'server_error'],
      ['answers without a token', { status: 200, body: '<html>' }, 'auth'],
    ] as const)('waits when the server %s', async (_what, behaviour, reason) => {
      server.behave(() => behaviour);
      const channel = open();
      expect(await sendOne(channel)).toMatchObject({ ok: false, retry: true, reason, message: expect.stringContaining('token') });
      expect(receiver.requests).toEqual([]);
      await channel.close();
    });
  });

  describe('through a proxy', () => {
    let proxy: Server;
    const asked: string[] = [];
    beforeEach(async () => {
      asked.length = 0;
      proxy = createServer((incoming, response) => {
        asked.push(`${incoming.url} ${incoming.headers['proxy-authorization']}`);
        const onward = request(incoming.url ?? '', { method: incoming.method, headers: incoming.headers }, (answer) => {
          response.writeHead(answer.statusCode ?? 502);
          answer.pipe(response);
        });
        incoming.pipe(onward);
      });
      proxy.on('connect', (incoming, socket) => {
        asked.push(`CONNECT ${incoming.url} ${incoming.headers['proxy-authorization']}`);
        const [host, port] = (incoming.url ?? '').split(':');
        const onward = connect(Number(port), host, () => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
        socket.pipe(onward).pipe(socket);
        for (const end of [socket, onward]) end.on('error', () => end.destroy());
      });
      await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    });
    afterEach(() => {
      proxy.closeAllConnections();
      proxy.close();
    });
    const through = () => ({ proxy: { url: `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`, authorization: secret } });

    it('sends over it, and shows the proxy its own credentials alone', async () => {
      const channel = create(receiver.url, through());
      expect(await sendOne(channel)).toEqual({ ok: true });
      expect(asked).toEqual([`${receiver.url} ${CANARY}`]);
      expect(receiver.accepted[0]?.headers['authorization']).toBeUndefined();
      await channel.close();
    });

    it('does not send to where it may not connect without one either', async () => {
      const inside = new Egress({ allow: [], deny: [] }, (_host, _options, callback) => callback(null, [{ address: '169.254.169.254', family: 4 }]));
      for (const url of ['http://169.254.169.254/latest', 'http://receiver.example/']) {
        const channel = create(url, through(), { egress: inside });
        expect(await sendOne(channel)).toMatchObject({ ok: false, retry: true, reason: 'blocked' });
        await channel.close();
      }
      expect(asked).toEqual([]);
    });
  });

  it('does not connect to what a name points to since it was looked at', async () => {
    let asked = 0;
    const rebinding = new Egress({ allow: ['127.0.0.0/8'], deny: [] }, (_host, _options, callback) => {
      callback(null, [{ address: asked++ === 0 ? '127.0.0.1' : '169.254.169.254', family: 4 }]);
    });
    const channel = create(receiver.url.replace('127.0.0.1', 'receiver.example'), {}, { egress: rebinding });
    expect(await sendOne(channel)).toEqual({ ok: true });
    receiver.closeIdle();
    let outcome = await sendOne(channel);
    // The kept connection may be noticed to be gone only now.
    if (!outcome.ok && outcome.reason === 'connection') outcome = await sendOne(channel);
    expect(outcome).toMatchObject({ ok: false, retry: true, reason: 'blocked' });
    await channel.close();
  });
});

describeReal('openssl', 'webhook over TLS', () => {
  let certificates: Certificates;
  let others: Certificates;
  beforeEach(async () => {
    [certificates, others] = await Promise.all([makeCertificates(), makeCertificates()]);
  });
  afterEach(async () => {
    await certificates.remove();
    await others.remove();
  });

  it('trusts the authority that is configured, and shows its certificate', async () => {
    const receiver = await httpReceiver({ tls: certificates, mutual: true });
    const { caFile, clientCertFile: certFile, clientKeyFile: keyFile } = certificates;
    const channel = create(receiver.url, { tls: { caFile, certFile, keyFile } });
    expect(await sendOne(channel)).toEqual({ ok: true });
    await channel.close();
    await receiver.close();
  });

  it.each([
    ['an authority that it does not know', () => ({})],
    ['another authority', () => ({ tls: { caFile: others.caFile } })],
    ['another name', () => ({ tls: { caFile: certificates.caFile, servername: 'siem.example.com' } })],
  ])('sends nothing to a server with a certificate of %s', async (_name, config) => {
    const receiver = await httpReceiver({ tls: certificates });
    const channel = create(receiver.url, config());
    expect(await sendOne(channel)).toMatchObject({ ok: false, retry: true, reason: 'config', message: expect.stringContaining('not trusted') });
    expect(receiver.requests).toEqual([]);
    await channel.close();
    await receiver.close();
  });

  it('waits where the server wants a certificate and gets none', async () => {
    const receiver = await httpReceiver({ tls: certificates, mutual: true });
    const channel = create(receiver.url, { tls: { caFile: certificates.caFile } });
    expect(await sendOne(channel)).toMatchObject({ ok: false, retry: true });
    expect(receiver.requests).toEqual([]);
    await channel.close();
    await receiver.close();
  });

  it('takes up a certificate that was renewed, and says which file cannot be read', async () => {
    const directory = await mkdtemp(join(tmpdir(), 'tocsin-webhook-'));
    const caFile = join(directory, 'ca.pem');
    const receiver = await httpReceiver({ tls: certificates });
    const missing = create(receiver.url, { tls: { caFile } });
    expect(await sendOne(missing)).toMatchObject({ ok: false, retry: true, reason: 'config', message: expect.stringContaining(caFile) });
    await missing.close();
    await copyFile(others.caFile, caFile);
    const channel = create(receiver.url, { tls: { caFile } });
    expect(await sendOne(channel)).toMatchObject({ ok: false, reason: 'config' });
    await copyFile(certificates.caFile, caFile);
    // Files are looked at every few seconds.
    let outcome = await sendOne(channel);
    while (!outcome.ok) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      outcome = await sendOne(channel);
    }
    expect(outcome).toEqual({ ok: true });
    await channel.close();
    await receiver.close();
    await rm(directory, { recursive: true });
  });
});
