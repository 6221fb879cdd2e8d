import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { parseSyslog } from '@tocsin/syslog';
import { freePort, syslogReceiver, udpSyslogReceiver, type SyslogReceiver } from '@tocsin/testing';
import type { Channel } from '../channel.js';
import { delivery, runChannelContract } from '../contract.js';
import { Egress } from '../egress.js';
import { syslog } from './syslog.js';

const never = new AbortController().signal;

function create(port: number, config: object = {}): Channel {
  return syslog.create(syslog.config.parse({ host: '127.0.0.1', port, timeout: '300ms', ...config }), {
    egress: new Egress({ allow: [], deny: [] }),
    now: () => Date.now(),
  });
}

describe('syslog over TCP', () => {
  let receiver: SyslogReceiver;
  const opened: Server[] = [];
  beforeEach(async () => {
    receiver = await syslogReceiver();
  });
  afterEach(async () => {
    await receiver.close();
    for (const server of opened.splice(0)) server.close();
  });

  runChannelContract('syslog', {
    canary: 'no-secret-here',
    healthy: async () => ({
      channel: create(receiver.port),
      received: async () => {
        await receiver.until(() => receiver.messages.length >= 5);
        return receiver.messages;
      },
    }),
    refused: async () => create(await freePort()),
    hanging: async () => {
      // TLS is where a server that does nothing can be told: the handshake does not end.
      const server = createServer();
      opened.push(server);
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
      return create((server.address() as AddressInfo).port, { transport: 'tls' });
    },
  });

  it('writes the event as JSON with our ids in the structured data', async () => {
    const channel = create(receiver.port, { facility: 'local4', appName: 'sec' });
    const one = delivery({ data: { text: 'é "]\n', severity_id: 5 } });
    await channel.send([one], never);
    await receiver.until(() => receiver.messages.length === 1);
    const message = receiver.messages[0] as string;
    expect(message).toMatch(/^<163>1 2026-09-14T14:02:11\.123Z \S+ sec - violation \[tocsin@32473 /);
    expect(message).toContain(`delivery="${one.id}" event="${one.event.id}"`);
    expect(JSON.parse(message.slice(message.indexOf('] ') + 2))).toEqual({ text: 'é "]\n', severity_id: 5 });
    expect(parseSyslog(Buffer.from(message), Date.now())).toBeDefined();
    await channel.close();
  });

  it('writes again what a cut connection may have lost, without waiting for the next event', async () => {
    const channel = create(receiver.port);
    const batch = [delivery(), delivery()];
    await channel.send(batch, never);
    await receiver.until(() => receiver.messages.length === 2);
    receiver.cut();
    await receiver.until(() => receiver.messages.length >= 4);
    for (const { id } of batch) expect(receiver.messages.slice(2).some((message) => message.includes(id))).toBe(true);
    await channel.close();
  });

  it('does not report as delivered what a load balancer without a backend takes', async () => {
    receiver.behave({ resetAfterMs: 30 });
    const channel = create(receiver.port);
    for (let attempt = 0; attempt < 3; attempt++) {
      expect(await channel.send([delivery()], never)).toMatchObject([{ ok: false, retry: true, reason: 'connection' }]);
    }
    receiver.behave('read');
    expect(await channel.send([delivery()], never)).toEqual([{ ok: true }]);
    await channel.close();
  });

  it('gives up a receiver that reads nothing, and loses nothing of what it took before', async () => {
    receiver.behave('hang');
    const channel = create(receiver.port);
    const sent: string[] = [];
    const taken: string[] = [];
    for (;;) {
      const batch = Array.from({ length: 50 }, () => delivery({ data: 'x'.repeat(50_000) }));
      const [outcome] = await channel.send(batch, never);
      sent.push(...batch.map(({ id }) => id));
      if (outcome?.ok === true) {
        taken.push(...batch.map(({ id }) => id));
        continue;
      }
      expect(outcome).toMatchObject({ ok: false, retry: true, reason: 'timeout' });
      break;
    }
    receiver.behave('read');
    const arrived = (): Set<string | undefined> => new Set(receiver.messages.map((message) => /delivery="([^"]+)"/.exec(message)?.[1]));
    await receiver.until(() => taken.every((id) => arrived().has(id)));
    await channel.close();
  });

  // A partition that was taken away while its batch waited once cut the connection of all others, whose last minute was
  // then sent again.
  it('keeps the connection when a batch is stopped that has not begun', async () => {
    const channel = create(receiver.port);
    const [first, last] = [delivery(), delivery()];
    const sending = [channel.send([first], never), channel.send([delivery()], AbortSignal.abort())];
    expect(await Promise.all(sending)).toMatchObject([[{ ok: true }], [{ ok: false, retry: true, reason: 'timeout' }]]);
    expect(await channel.send([last], never)).toEqual([{ ok: true }]);
    await receiver.until(() => receiver.messages.some((message) => message.includes(last.id)));
    expect(receiver.messages).toHaveLength(2);
    expect(receiver.connections).toBe(1);
    await channel.close();
  });

  it('opens no connection after it was closed, though it could not write again what may be lost', async () => {
    jest.useFakeTimers({ advanceTimers: true });
    const channel = create(receiver.port);
    await channel.send([delivery()], never);
    receiver.behave({ resetAfterMs: 1 });
    receiver.cut();
    await receiver.until(() => receiver.connections === 2);
    await channel.close();
    const before = receiver.connections;
    jest.advanceTimersByTime(60_000);
    jest.useRealTimers();
    receiver.behave('read');
    // Connections are taken in their order, so one that the closed channel opened would be seen before this one.
    const other = create(receiver.port);
    await other.send([delivery()], never);
    expect(receiver.connections).toBe(before + 1);
    await other.close();
  });

  it('leaves no timer behind that keeps the process alive', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((resource) => resource === 'Timeout').length;
    const channel = create(receiver.port);
    const stop = new AbortController();
    const before = timers();
    const sending = channel.send([delivery()], stop.signal);
    await receiver.until(() => receiver.messages.length === 1);
    stop.abort();
    expect(await sending).toMatchObject([{ ok: false, retry: true }]);
    expect(timers()).toBe(before);
    await channel.close();
  });

  it('leaves nothing behind with each batch on a connection that stays', async () => {
    const warnings: Error[] = [];
    const note = (warning: Error): unknown => warnings.push(warning);
    process.on('warning', note);
    const channel = create(receiver.port);
    for (let batch = 0; batch < 50; batch++) await channel.send([delivery()], never);
    await receiver.until(() => receiver.messages.length === 50);
    await new Promise((resolve) => setImmediate(resolve));
    process.removeListener('warning', note);
    expect(warnings.filter(({ name }) => name === 'MaxListenersExceededWarning')).toEqual([]);
    expect(receiver.connections).toBe(1);
    await channel.close();
  });

  it('does not connect to an address that is never a receiver', async () => {
    const channel = syslog.create(syslog.config.parse({ host: '169.254.169.254' }), {
      egress: new Egress({ allow: [], deny: [] }),
      now: () => Date.now(),
    });
    expect(await channel.send([delivery()], never)).toMatchObject([{ ok: false, retry: true, reason: 'blocked' }]);
    await channel.close();
  });

  it('goes on when the receiver is back', async () => {
    const channel = create(receiver.port);
    await channel.send([delivery()], never);
    await receiver.close();
    const port = receiver.port;
    let outcome = await channel.send([delivery()], never);
    while (outcome[0]?.ok === true) outcome = await channel.send([delivery()], never);
    receiver = await syslogReceiver({ port });
    const last = delivery();
    expect(await channel.send([last], never)).toEqual([{ ok: true }]);
    await receiver.until(() => receiver.messages.some((message) => message.includes(last.id)));
    await channel.close();
  });
});

describe('syslog over UDP', () => {
  it('sends one datagram per message, and refuses what fits none', async () => {
    const receiver = await udpSyslogReceiver();
    const channel = create(receiver.port, { transport: 'udp' });
    const [small, large, last] = [delivery(), delivery({ data: 'x'.repeat(70_000) }), delivery()];
    expect(await channel.send([small, large, last], never)).toMatchObject([
      { ok: true },
      { ok: false, retry: false, reason: 'too_large' },
      { ok: true },
    ]);
    await receiver.until(() => receiver.messages.length === 2);
    expect(receiver.messages[0]).toContain(small.id);
    expect(receiver.messages[1]).toContain(last.id);
    await channel.close();
    await receiver.close();
  });

  it('does not send to an address that is never a receiver', async () => {
    const channel = create(514, { transport: 'udp', host: '169.254.169.254' });
    expect(await channel.send([delivery()], never)).toMatchObject([{ ok: false, retry: true, reason: 'blocked' }]);
    await channel.close();
  });
});

describe('syslog configuration', () => {
  const bad: [string, object, string][] = [
    ['client certificates without TLS', { tls: { caFile: '/ca.pem' } }, 'is only used with transport'],
    ['a certificate without its key', { transport: 'tls', tls: { certFile: '/c.pem' } }, 'needs both'],
    ['an application name with a space', { appName: 'a b' }, 'printable ASCII'],
    ['a facility that is none', { facility: 'local8' }, 'local7'],
  ];
  it.each(bad)('refuses %s', (_name, config, expected) => {
    const { error } = syslog.config.safeParse({ host: 'siem.example', ...config });
    expect(JSON.stringify(error?.issues)).toContain(expected);
  });
});
