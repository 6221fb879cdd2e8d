import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createServer, type Server, type Socket } from 'node:net';
import type { AddressInfo } from 'node:net';
import { buildIncident, buildViolation, describeReal, freePort, makeCertificates, startExim, type Certificates, type Exim } from '@tocsin/testing';
import { buildAction } from '../../formats/contract.js';
import type { Channel, Delivery } from '../channel.js';
import { delivery, deliveryOf, runChannelContract } from '../contract.js';
import { channelDeps } from '../testing.js';
import { email } from './email.js';

jest.setTimeout(60_000);
const CANARY = 'canary-canary-canary';
process.env['TEST_EMAIL_PASSWORD'] = CANARY;
const never = new AbortController().signal;

function create(port: number, config: object = {}): Channel {
  const defaults = { host: '127.0.0.1', port, security: 'none', from: 'Tocsin <tocsin@test.example>', to: ['soc@test.example'], timeout: '5s' };
  return email.create(email.config.parse({ ...defaults, ...config }), channelDeps({ publicUrl: 'https://tocsin.example' }));
}

async function send(channel: Channel, one: Delivery) {
  const [outcome] = await channel.send([one], never);
  expect(JSON.stringify(outcome)).not.toContain(CANARY);
  return outcome;
}

/** A header of a mail, unfolded. */
function header(mail: string, name: string): string | undefined {
  const [head = ''] = mail.split(/\r?\n\r?\n/);
  const unfolded = head.replaceAll(/\r?\n[ \t]+/g, ' ');
  return new RegExp(`^${name}: (.*)$`, 'im').exec(unfolded)?.[1];
}

describeReal('exim', 'mail to a real SMTP server', () => {
  let exim: Exim | undefined;
  const started: Exim = new Proxy({} as Exim, { get: (_target, name) => Reflect.get(exim as Exim, name) as unknown });
  let silent: Server | undefined;
  const sockets = new Set<Socket>();
  afterEach(async () => {
    await exim?.close();
    exim = undefined;
    for (const socket of sockets) socket.destroy();
    silent?.close();
    silent = undefined;
  });

  describe('that takes everything', () => {
    beforeEach(async () => {
      exim = await startExim();
    });

    runChannelContract('email', {
      canary: CANARY,
      healthy: async () => ({
        channel: create(started.port),
        received: async () => {
          const mails = await started.until(5);
          const at = (mail: string): number => Number(header(mail, 'X-Test-Order') ?? 0);
          // Files of mails have no order; the order in which the server took them stands in what it added.
          return mails.toSorted((a, b) => at(a) - at(b) || (header(a, 'Received') ?? '').localeCompare(header(b, 'Received') ?? ''));
        },
      }),
      refused: async () => create(await freePort()),
      hanging: async () => {
        silent = createServer((socket) => void sockets.add(socket));
        await new Promise<void>((resolve) => silent?.listen(0, '127.0.0.1', resolve));
        return create((silent.address() as AddressInfo).port, { timeout: '500ms' });
      },
    });

    it('has one thread for an incident and what was done about it', async () => {
      const channel = create(started.port);
      const incident = buildIncident({ title: 'Ünusual 😀' });
      const first = deliveryOf('incident', incident);
      expect(await send(channel, first)).toEqual({ ok: true });
      expect(await send(channel, deliveryOf('action', buildAction({ incident: incident.id })))).toEqual({ ok: true });
      const mails = await started.until(2);
      const threads = mails.map((mail) => header(mail, 'References'));
      expect(threads).toEqual([threads[0], threads[0]]);
      const mail = mails.find((one) => header(one, 'Message-ID')?.includes(first.id) === true) ?? '';
      expect(header(mail, 'X-Tocsin-Delivery')).toBe(first.id);
      expect(header(mail, 'To')).toBe('soc@test.example');
      expect(header(mail, 'Auto-Submitted')).toBe('auto-generated');
      expect(header(mail, 'Subject')).toMatch(/=\?UTF-8\?/i);
      await channel.close();
    });

    it('lets no event add a header or a recipient', async () => {
      const channel = create(started.port);
      const violation = buildViolation({ name: 'x\r\nBcc: eve@evil.example\r\n\r\nbody', message: '<script>alert(1)</script>\r\n.\r\nQUIT' });
      const one = delivery({ data: violation });
      expect(await send(channel, one)).toEqual({ ok: true });
      const [mail = ''] = await started.until(1);
      expect(header(mail, 'Bcc')).toBeUndefined();
      expect(mail.slice(mail.indexOf('text/html'))).not.toContain('<script>');
      expect(header(mail, 'Subject')).toContain('Bcc: eve@evil.example');
      await channel.close();
    });
  });

  it('gives up a mail that is too large, and waits where recipients are refused', async () => {
    exim = await startExim({ maxBytes: 1_000, unknown: 'nobody@test.example' });
    const channel = create(exim.port);
    expect(await send(channel, deliveryOf('incident', buildIncident()))).toMatchObject({ ok: false, retry: false, reason: 'too_large' });
    await channel.close();
    const other = create(exim.port, { to: ['nobody@test.example'] });
    expect(await send(other, deliveryOf('incident', buildIncident()))).toMatchObject({ ok: false, retry: true, reason: 'config' });
    await other.close();
  });

  it('does not connect to an address that is never a receiver', async () => {
    const channel = create(25, { host: '169.254.169.254' });
    expect(await send(channel, deliveryOf('incident', buildIncident()))).toMatchObject({ ok: false, retry: true, reason: 'blocked' });
    await channel.close();
  });

  it('sends nothing in the clear where TLS was asked for', async () => {
    exim = await startExim();
    const channel = create(exim.port, { security: 'starttls' });
    expect(await send(channel, deliveryOf('incident', buildIncident()))).toMatchObject({ ok: false, retry: true });
    expect(await exim.mails()).toEqual([]);
    await channel.close();
  });
});

describeReal(['exim', 'openssl'], 'mail over TLS', () => {
  let certificates: Certificates;
  let exim: Exim;
  beforeEach(async () => {
    certificates = await makeCertificates();
    exim = await startExim({ tls: certificates, login: { username: 'tocsin', password: CANARY } });
  });
  afterEach(async () => {
    await exim.close();
    await certificates.remove();
  });
  const login = { security: 'starttls', host: 'localhost', username: 'tocsin', password: { env: 'TEST_EMAIL_PASSWORD' } };

  it('logs in after STARTTLS', async () => {
    const channel = create(exim.port, { ...login, caFile: certificates.caFile });
    expect(await send(channel, deliveryOf('incident', buildIncident()))).toEqual({ ok: true });
    await exim.until(1);
    await channel.close();
  });

  it('shows its password to no server that it does not trust', async () => {
    const channel = create(exim.port, login);
    expect(await send(channel, deliveryOf('incident', buildIncident()))).toMatchObject({ ok: false, retry: true, reason: 'config' });
    await channel.close();
  });

  it('waits while the password is wrong, and goes on when it was mended', async () => {
    process.env['TEST_EMAIL_PASSWORD'] = 'wrong-wrong-wrong';
    const channel = create(exim.port, { ...login, caFile: certificates.caFile });
    const outcome = await send(channel, deliveryOf('incident', buildIncident()));
    process.env['TEST_EMAIL_PASSWORD'] = CANARY;
    expect(outcome).toMatchObject({ ok: false, retry: true, reason: 'auth' });
    expect(await send(channel, deliveryOf('incident', buildIncident()))).toEqual({ ok: true });
    await channel.close();
  });
});

describe('email', () => {
  it.each([
    [{ password: { env: 'X' } }, 'needs both "username" and "password"'],
    [{ security: 'none', username: 'a', password: { env: 'X' } }, 'would send the password in the clear'],
    [{ to: ['a@b.c\nBcc: x@y.z'] }, 'expected an address'],
    [{ from: 'x' }, 'expected an address'],
  ])('refuses %j', (config, message) => {
    const parsed = email.config.safeParse({ host: 'mail', from: 'a@b.example', to: ['c@d.example'], ...config });
    expect(parsed.error?.issues.map((issue) => issue.message).join('; ')).toContain(message);
  });
});
