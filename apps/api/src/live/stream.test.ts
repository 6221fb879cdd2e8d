import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Topic, openEmbeddedLog, topicSpecs, type EventLog } from '@tocsin/event-log';
import { LiveHub } from './hub.js';
import { eventStream, type StreamOptions } from './stream.js';

const HEARTBEAT_MS = 15_000;

describe('a stream of events', () => {
  let log: EventLog;
  let hub: LiveHub;
  beforeEach(async () => {
    log = await openEmbeddedLog({ file: ':memory:' });
    await log.ensureTopics(topicSpecs(1));
    hub = new LiveHub(log);
    await hub.open();
  });
  afterEach(async () => {
    jest.useRealTimers();
    await hub.close();
    await log.close();
  });

  const stream = (options: Partial<StreamOptions> = {}) =>
    eventStream(hub, {
      wanted: { types: ['incident'], severity: 0, incident: undefined },
      after: undefined,
      lastMs: 3_600_000,
      refused: async () => undefined,
      ...options,
    });

  it('ends with the next heartbeat when its reader may not read any more', async () => {
    jest.useFakeTimers();
    let why: string | undefined;
    const reading = stream({ refused: async () => why }).resume();
    let ended = false;
    reading.once('end', () => (ended = true));
    await jest.advanceTimersByTimeAsync(4 * HEARTBEAT_MS);
    expect(ended).toBe(false);
    why = 'the token was revoked';
    await jest.advanceTimersByTimeAsync(HEARTBEAT_MS);
    expect(ended).toBe(true);
  });

  it('goes on while it cannot be asked whether its reader may read, and ends in its time', async () => {
    jest.useFakeTimers();
    const reading = stream({ lastMs: 60_000, refused: async () => Promise.reject(new Error('The database restarts.')) }).resume();
    let ended = false;
    reading.once('end', () => (ended = true));
    await jest.advanceTimersByTimeAsync(59_000);
    expect(ended).toBe(false);
    await jest.advanceTimersByTimeAsync(1_001);
    expect(ended).toBe(true);
  });

  it('cuts off a reader that takes nothing', async () => {
    const closed = Promise.withResolvers<void>();
    stream().once('close', closed.resolve);
    const data = JSON.stringify({ id: 'i', severity_id: 5, title: 'x'.repeat(900_000) });
    for (let n = 0; n < 6; n++) await log.append(Topic.Incidents, [{ key: 'k', headers: {}, value: Buffer.from(data) }]);
    await closed.promise;
  });
});
