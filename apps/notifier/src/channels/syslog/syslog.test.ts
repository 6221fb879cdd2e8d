import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { createSocket } from 'node:dgram';
import { parseSyslog } from '@tocsin/syslog';
import { freePort, syslogReceiver, type SyslogReceiver } from '@tocsin/testing';
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

  it('goes on when the receiver is back', async () => {
    const channel = create(receiver.port);
    await channel.send([delivery()], never);
    await receiver.close();
    const port = receiver.port;
    let outcome = await channel.send([delivery()], never);
    while (outcome[0]?.ok === true) outcome = await channel.send([delivery()], never);
    receiver = await syslogReceiver(port);
    const last = delivery();
    expect(await channel.send([last], never)).toEqual([{ ok: true }]);
    await receiver.until(() => receiver.messages.some((message) => message.includes(last.id)));
    await channel.close();
  });
});

describe('syslog over UDP', () => {
  it('sends one datagram per message, and refuses what fits none', async () => {
    const socket = createSocket('udp4');
    await new Promise<void>((resolve) => socket.bind(0, '127.0.0.1', resolve));
    const received = new Promise<string>((resolve) => socket.once('message', (message) => resolve(message.toString())));
    const channel = create(socket.address().port, { transport: 'udp' });
    const small = delivery();
    const large = delivery({ data: 'x'.repeat(70_000) });
    expect(await channel.send([small, large], never)).toMatchObject([{ ok: true }, { ok: false, retry: false, reason: 'too_large' }]);
    expect(await received).toContain(small.id);
    await channel.close();
    socket.close();
  });
});
