import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Violation } from '@tocsin/domain';
import { LogUnavailable, readDeadLetter, Topic } from '@tocsin/event-log';
import { Registry } from 'prom-client';
import { ingestConfig, registry, type ListenerConfig } from '../config.js';
import { createIngestMetrics } from '../metrics.js';
import { faulty, keepDeps, logger, openTestLog, readTopic, topicLength, type FaultyLog } from '../pipeline/testing.js';
import type { Source } from '../sources/source.js';
import { syslogListener, type SyslogListener } from './listener.js';
import { SyslogQueue } from './queue.js';

const neuvectorLines = readFileSync(new URL('../sources/neuvector/fixtures/syslog.txt', import.meta.url), 'utf8')
  .trim()
  .split('\n');
const json = neuvectorLines.at(-2) ?? '';

/** Waits for a condition, not for a time. */
async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setImmediate(resolve));
}

describe('syslog listener', () => {
  let log: FaultyLog;
  let metrics: ReturnType<typeof createIngestMetrics>;
  const open: { stop(): Promise<void> }[] = [];
  const sockets: Socket[] = [];

  beforeEach(async () => {
    log = faulty(await openTestLog());
    metrics = createIngestMetrics(new Registry());
  });
  afterEach(async () => {
    for (const socket of sockets.splice(0)) socket.destroy();
    for (const listener of open.splice(0)) await listener.stop();
    await log.close();
  });

  async function listen(changes: Partial<ListenerConfig>, maxBytes = 1024 * 1024): Promise<SyslogListener> {
    const [config] = ingestConfig.parse({ syslog: { listeners: [{ protocol: 'tcp', source: 'neuvector', port: 0 }] } }).syslog.listeners;
    const merged = { ...(config as ListenerConfig), ...changes };
    const source = registry.get(merged.source) as Source;
    const decoder = source.create(source.config.parse({}), undefined);
    const received = { cluster: 'test', limits: { maxItems: 10, maxDepth: 64 }, ...(merged.source === 'generic' ? { mapping: 'syslog' } : {}) };
    const listener = syslogListener({
      config: merged,
      metrics,
      logger,
      openQueue: (onDrained) => new SyslogQueue({ ...keepDeps(log), metrics, source, decoder, received, maxBytes, logger, onDrained }),
    });
    await listener.start();
    open.push(listener);
    return listener;
  }

  async function dial(listener: SyslogListener): Promise<Socket> {
    const socket = connect(listener.port(), '127.0.0.1');
    sockets.push(socket);
    socket.on('error', () => undefined);
    await once(socket, 'connect');
    return socket;
  }

  it("takes NeuVector's lines and counted frames of one connection", async () => {
    const socket = await dial(await listen({}));
    const [, , , text = ''] = neuvectorLines;
    socket.write(`${json}\n`);
    socket.write(`${Buffer.byteLength(neuvectorLines[4] ?? '')} ${neuvectorLines[4]}`);
    socket.write(`${text}\n`);
    await until(async () => (await topicLength(log)) === 2);
    const names = (await readTopic(log, Topic.Violations, 2)).map((record) => (JSON.parse(record.value.toString()) as Violation).name);
    expect(names.toSorted()).toEqual(['Network.Violation', 'SQL.Injection']);
  });

  it('keeps what the source cannot read as dead letters', async () => {
    const socket = await dial(await listen({}));
    socket.write('<13>Sep 14 09:00:00 host app: hello\n');
    await until(async () => (await topicLength(log, Topic.DeadLetters)) === 1);
    const [letter] = await readTopic(log, Topic.DeadLetters, 1);
    expect(letter?.value.toString()).toBe('hello');
    expect(readDeadLetter(letter!)).toMatchObject({ component: 'neuvector', reason: 'bad_input' });
  });

  it('makes violations of any message where the source is generic', async () => {
    const socket = await dial(await listen({ source: 'generic' }));
    socket.write('<34>Sep 14 09:00:00 host su: failed\n<34>Sep 14 09:00:01 host su: failed\n');
    await until(async () => (await topicLength(log)) === 2);
  });

  it('keeps messages while the log is down, holds the sender back and goes on afterwards', async () => {
    log.failing = () => new LogUnavailable('away');
    const listener = await listen({ source: 'generic' }, 4_000);
    const socket = await dial(listener);
    const total = 3_000;
    for (let n = 0; n < total; n++) socket.write(`<34>1 2026-09-14T09:00:00Z host su - - - message ${n} ${'x'.repeat(500)}\n`);
    await until(() => log.appends > 0);
    const waiting = (await metrics.syslogQueueBytes.get()).values[0]?.value ?? 0;
    expect(waiting).toBeLessThan(500_000);
    log.failing = undefined;
    await until(async () => (await topicLength(log)) === total);
    expect((await metrics.syslogDropped.get()).values).toEqual([]);
  });

  it('takes the last message of a connection that ends without a line feed', async () => {
    const socket = await dial(await listen({}));
    socket.end(json);
    await until(async () => (await topicLength(log)) === 1);
  });

  it('refuses connections past the limit', async () => {
    const listener = await listen({ maxConnections: 1 });
    await dial(listener);
    const second = await dial(listener);
    await once(second, 'close');
  });

  it('closes a connection that stays idle', async () => {
    const socket = await dial(await listen({ idleTimeout: 20 }));
    socket.resume();
    await once(socket, 'close');
  });

  it('takes datagrams, and counts those that it has no room for', async () => {
    log.failing = () => new LogUnavailable('away');
    const listener = await listen({ protocol: 'udp' }, 1_000);
    const client = createSocket('udp4');
    for (let n = 0; n < 5; n++)
      await new Promise((resolve) => client.send(json.replace('5f1081eb', `5f1081e${n}`), listener.port(), '127.0.0.1', resolve));
    client.close();
    await until(async () => ((await metrics.syslogMessages.get()).values[0]?.value ?? 0) === 5);
    const dropped = (await metrics.syslogDropped.get()).values[0]?.value ?? 0;
    expect(dropped).toBe(4);
    log.failing = undefined;
    await until(async () => (await topicLength(log)) === 1);
  });

  it('appends what waits before it stops, and counts what it has to give up', async () => {
    const listener = await listen({});
    const socket = await dial(listener);
    socket.write(`${json}\n`);
    await until(async () => ((await metrics.syslogMessages.get()).values[0]?.value ?? 0) === 1);
    await listener.stop();
    open.pop();
    expect(await topicLength(log)).toBe(1);

    log.failing = () => new LogUnavailable('away');
    const other = await listen({});
    (await dial(other)).write(`${json.replace('5f1081eb', '5f1081ec')}\n`);
    await until(async () => ((await metrics.syslogMessages.get()).values[0]?.value ?? 0) === 2);
    await other.stop();
    open.pop();
    expect((await metrics.syslogDropped.get()).values[0]?.value).toBe(1);
  });
});
