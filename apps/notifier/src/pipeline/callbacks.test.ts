import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Topic, openEmbeddedLog, topicSpecs, type EventLog } from '@tocsin/event-log';
import { createLogger } from '@tocsin/runtime';
import type { Channel, SaidBack } from '../channels/channel.js';
import { memoryOfProcess } from '../channels/testing.js';
import { callback } from './callbacks.js';
import { Poller } from './poller.js';
import { eventually } from './testing.js';

const ACKNOWLEDGED: SaidBack = {
  id: '5b2f9d3e-8a31-5b0e-9d0c-1f2e3d4c5b6a',
  actor: 'ann',
  time: '2026-09-14T14:02:11.123Z',
  incident: '1c9b5a70-4f7e-5d21-9a57-0c6f1e2d3b4a',
  body: { type: 'acknowledge', comment: 'é' },
};
const REVERTED: SaidBack = { id: 'b', actor: 'bob', time: ACKNOWLEDGED.time, action: 'c', body: { type: 'revert' }, teams: ['blue'] };
const request = { headers: {}, query: {}, body: Buffer.from('{}') };

describe('what receivers say back', () => {
  let log: EventLog;
  const commands: { key: string | undefined; value: unknown }[] = [];
  beforeEach(async () => {
    commands.length = 0;
    log = await openEmbeddedLog({ file: ':memory:' });
    await log.ensureTopics(topicSpecs(1));
    await log.consume({
      topic: Topic.Commands,
      group: 'test',
      onBatch: async (batch) => {
        for (const { key, value } of batch.records) commands.push({ key: key?.toString(), value: JSON.parse(value.toString()) });
        const last = batch.records.at(-1);
        if (last !== undefined) batch.done(last.offset);
      },
    });
  });
  afterEach(() => log.close());

  const channel = (own: Partial<Channel>): Channel => ({ takes: 'each', send: async () => [], close: async () => undefined, ...own });

  it('is on the log as commands, by whom and about what', async () => {
    const answering = channel({ receive: async () => ({ status: 200, body: 'ok', commands: [ACKNOWLEDGED, REVERTED] }) });
    expect(await callback('soc', request, { log, channelOf: () => answering })).toMatchObject({ status: 200, body: 'ok' });
    await eventually(() => commands.length === 2);
    expect(commands[0]).toEqual({
      key: ACKNOWLEDGED.incident,
      value: {
        schema: 1,
        id: ACKNOWLEDGED.id,
        target: 'incident',
        incident: ACKNOWLEDGED.incident,
        type: 'acknowledge',
        comment: 'é',
        actor: 'ann',
        time: ACKNOWLEDGED.time,
      },
    });
    expect(commands[1]).toMatchObject({ key: 'c', value: { target: 'action', action: 'c', type: 'revert', actor: 'bob', teams: ['blue'] } });
  });

  it('is not found where no such subscription is served, or its channel takes nothing back', async () => {
    expect(await callback('soc', request, { log, channelOf: () => undefined })).toMatchObject({ status: 404 });
    expect(await callback('soc', request, { log, channelOf: () => channel({}) })).toMatchObject({ status: 404 });
  });

  it('is not acknowledged before it is kept', async () => {
    const answering = channel({ receive: async () => ({ status: 200, commands: [ACKNOWLEDGED] }) });
    const broken = { ...log, append: () => Promise.reject(new Error('away')) } as unknown as EventLog;
    await expect(callback('soc', request, { log: broken, channelOf: () => answering })).rejects.toThrow('away');
  });

  it('is asked for by one replica a round', async () => {
    const memory = memoryOfProcess();
    let now = 1_000_000;
    let rounds = 0;
    const poll = {
      everyMs: 60_000,
      run: async () => {
        rounds++;
        return [ACKNOWLEDGED];
      },
    };
    const deps = { log, logger: createLogger('test', 'silent'), memory, now: () => now };
    const replicas = [new Poller('soc', poll, deps), new Poller('soc', poll, deps), new Poller('soc', poll, deps)];
    await Promise.all(replicas.map((replica) => replica.round()));
    expect(rounds).toBe(1);
    now += 60_000;
    await Promise.all(replicas.map((replica) => replica.round()));
    expect(rounds).toBe(2);
    await eventually(() => commands.length === 2);
  });

  it('goes on after a round that failed', async () => {
    let fails = true;
    const run = async (): Promise<SaidBack[]> => {
      if (fails) throw new Error('away');
      return [ACKNOWLEDGED];
    };
    let now = 1_000_000;
    const poller = new Poller(
      'soc',
      { everyMs: 1_000, run },
      { log, logger: createLogger('test', 'silent'), memory: memoryOfProcess(), now: () => now },
    );
    await poller.round();
    fails = false;
    now += 1_000;
    await poller.round();
    await eventually(() => commands.length === 1);
  });
});
