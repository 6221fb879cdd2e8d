import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { parseSyslog } from '@tocsin/syslog';
import { freePort, syslogReceiver, udpSyslogReceiver, type SyslogReceiver } from '@tocsin/testing';
import type { Channel, Delivery } from '../channel.js';
import { delivery, runChannelContract } from '../contract.js';
import { channelDeps } from '../testing.js';
import { syslog } from './syslog.js';

const never = new AbortController().signal;

function create(port: number, config: object = {}): Channel {
  return syslog.create(syslog.config.parse({ host: '127.0.0.1', port, timeout: '300ms', ...config }), channelDeps());
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
    const channel = syslog.create(syslog.config.parse({ host: '169.254.169.254' }), channelDeps());
    expect(await channel.send([delivery()], never)).toMatchObject([{ ok: false, retry: true, reason: 'blocked' }]);
    await channel.close();
  });

  it('goes to the next server when the first cannot be reached, and back to it after a while', async () => {
    const second = await syslogReceiver();
    const port = await freePort();
    let now = 0;
    const channel = syslog.create(
      syslog.config.parse({ host: '127.0.0.1', port, standby: [{ host: '127.0.0.1', port: second.port }], failback: '1m', timeout: '300ms' }),
      channelDeps({ now: () => now }),
    );
    const sent = Array.from({ length: 4 }, () => delivery());
    const send = async (index: number): Promise<void> => expect(await channel.send([sent[index] as Delivery], never)).toEqual([{ ok: true }]);
    await send(0);
    const first = await syslogReceiver({ port });
    now = 59_999;
    await send(1);
    now = 60_000;
    await send(2);
    await send(3);
    await first.until(() => first.messages.length === 2);
    const idsAt = ({ messages }: SyslogReceiver): number[] => messages.map((message) => sent.findIndex(({ id }) => message.includes(id)));
    expect([idsAt(first), idsAt(second)]).toEqual([
      [2, 3],
      [0, 1],
    ]);
    expect([first.connections, second.connections]).toEqual([1, 1]);
    await channel.close();
    await first.close();
    await second.close();
  });

  it('goes to the next server when the first takes connections and cuts them', async () => {
    const first = await syslogReceiver();
    first.behave({ resetAfterMs: 30 });
    const channel = create(first.port, { standby: [{ host: '127.0.0.1', port: receiver.port }] });
    const one = delivery();
    expect(await channel.send([one], never)).toMatchObject([{ ok: false, retry: true, reason: 'connection' }]);
    expect(await channel.send([one], never)).toEqual([{ ok: true }]);
    expect(await channel.send([delivery()], never)).toEqual([{ ok: true }]);
    await receiver.until(() => receiver.messages.length === 2);
    expect([first.connections, receiver.connections]).toEqual([1, 1]);
    await channel.close();
    await first.close();
  });

  it('stays with the second server while the first is still away, and loses nothing by asking it', async () => {
    let now = 0;
    const channel = syslog.create(
      syslog.config.parse({ host: '127.0.0.1', port: await freePort(), standby: [{ host: '127.0.0.1', port: receiver.port }], failback: '1s' }),
      channelDeps({ now: () => now }),
    );
    for (; now < 10_000; now += 700) expect(await channel.send([delivery()], never)).toEqual([{ ok: true }]);
    await receiver.until(() => receiver.messages.length === 15);
    expect(receiver.connections).toBe(1);
    await channel.close();
  });

  it('writes again at the first server what the second took and did not read', async () => {
    const second = await syslogReceiver();
    second.behave('hang');
    const port = await freePort();
    let now = 0;
    const channel = syslog.create(
      syslog.config.parse({ host: '127.0.0.1', port, standby: [{ host: '127.0.0.1', port: second.port }], failback: '1m' }),
      channelDeps({ now: () => now }),
    );
    const [before, after] = [delivery(), delivery()];
    expect(await channel.send([before], never)).toEqual([{ ok: true }]);
    const first = await syslogReceiver({ port });
    now = 60_000;
    expect(await channel.send([after], never)).toEqual([{ ok: true }]);
    await first.until(() => first.messages.length === 2);
    expect([first.messages[0]?.includes(before.id), first.messages[1]?.includes(after.id)]).toEqual([true, true]);
    await channel.close();
    await first.close();
    await second.close();
  });

  it('names a peer that has closed before it writes, and not as delivered what it wrote after that', async () => {
    const channel = create(receiver.port);
    await channel.send([delivery()], never);
    receiver.end();
    const one = delivery();
    expect(await channel.send([one], never)).toMatchObject([{ ok: false, retry: true, reason: 'connection' }]);
    expect(await channel.send([one], never)).toEqual([{ ok: true }]);
    await channel.close();
  });

  it('writes lines where that is asked for, and no message ends early', async () => {
    const chunks: Buffer[] = [];
    const server = createServer((socket) => socket.on('data', (chunk) => chunks.push(chunk)));
    opened.push(server);
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const channel = create((server.address() as AddressInfo).port, { framing: 'newline' });
    const text = (body: string): Delivery => delivery({ content: { format: 'template', mediaType: 'text/plain', body: Buffer.from(body) } });
    await channel.send([text('first\n<13>second\n'), text('third')], never);
    const lines = Buffer.concat(chunks).toString().split('\n');
    expect(lines.map((line) => line.slice(line.indexOf('] ') + 2))).toEqual(['first <13>second ', 'third', '']);
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
  it('sends one datagram per message, and cuts what is longer than every receiver takes', async () => {
    const receiver = await udpSyslogReceiver();
    const channel = create(receiver.port, { transport: 'udp' });
    const batch = [delivery(), delivery({ data: 'x'.repeat(70_000) }), delivery()];
    expect(await channel.send(batch, never)).toEqual([{ ok: true }, { ok: true }, { ok: true }]);
    await receiver.until(() => receiver.messages.length === 3);
    for (const [index, { id }] of batch.entries()) expect(receiver.messages[index]).toContain(id);
    expect(receiver.messages[1]).toHaveLength(2_048);
    expect(receiver.messages[1]).toMatch(/ truncated="70002"\] "x+ \[cut: 70002 bytes\]$/);
    await channel.close();
    await receiver.close();
  });

  it('goes to another server when a host says that nobody listens', async () => {
    const receiver = await udpSyslogReceiver();
    const channel = create(await freePort(), { transport: 'udp', standby: [{ host: '127.0.0.1', port: receiver.port }] });
    const last = delivery();
    while (receiver.messages.length === 0) {
      await channel.send([last], never);
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(receiver.messages[0]).toContain(last.id);
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
    ['a process id with a line end', { procId: 'a\n' }, 'printable ASCII'],
    ['a name of a certificate without TLS', { standby: [{ host: 'b', servername: 'c' }] }, 'only used with transport'],
    ['framing of datagrams', { transport: 'udp', framing: 'newline' }, 'a datagram is a message'],
    ['datagrams that no network carries', { transport: 'udp', maxMessageBytes: 65_508 }, 'at most 65507'],
    ['messages too short for a header', { maxMessageBytes: 479 }, '480'],
    ['a severity that is none', { severities: { high: 'error' } }, 'err'],
    ['a facility that is none', { facility: 'local8' }, 'local7'],
  ];
  it.each(bad)('refuses %s', (_name, config, expected) => {
    const { error } = syslog.config.safeParse({ host: 'siem.example', ...config });
    expect(JSON.stringify(error?.issues)).toContain(expected);
  });
});
