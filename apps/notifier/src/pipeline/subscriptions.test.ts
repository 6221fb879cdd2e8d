import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import type { Violation } from '@tocsin/domain';
import type { EventLog } from '@tocsin/event-log';
import type { HttpReceiver } from '@tocsin/testing';
import { Subscriptions } from './subscriptions.js';
import { Bench, document, eventually, numberOf, story } from './testing.js';

describe('subscriptions', () => {
  let bench: Bench;
  let to: Record<string, HttpReceiver>;
  let created: string[];
  let log: EventLog;
  let subscriptions: Subscriptions;

  beforeEach(async () => {
    bench = await Bench.open();
    to = { a: await bench.receiver(), b: await bench.receiver(), c: await bench.receiver() };
    created = [];
    log = bench.log;
    subscriptions = new Subscriptions((described) => {
      created.push(described.metadata.name);
      return bench.create(described, to[described.metadata.name] as HttpReceiver, log);
    });
  });
  afterEach(async () => {
    await subscriptions.stop();
    await bench.close();
  });

  const numbers = (name: string): number[] => (to[name]?.accepted ?? []).map(numberOf);
  const distinct = (name: string): number => new Set(numbers(name)).size;
  const all = (name: string, count: number) => eventually(() => distinct(name) === count);

  it('starts what is new, stops what is gone or disabled, and does not touch the rest', async () => {
    expect(await subscriptions.apply([document('a'), document('b'), document('c', { enabled: false })])).toEqual({
      started: ['a', 'b'],
      restarted: [],
      stopped: [],
    });
    await bench.push(story(10));
    await Promise.all([all('a', 10), all('b', 10)]);
    expect(await subscriptions.apply([document('a'), document('b', { enabled: false }), document('c')])).toEqual({
      started: ['c'],
      restarted: [],
      stopped: ['b'],
    });
    await bench.push(story(20).slice(10));
    await Promise.all([all('a', 20), all('c', 20)]);
    expect([numbers('a').length, numbers('b').length, created]).toEqual([20, 10, ['a', 'b', 'c']]);
    expect(await bench.metric('tocsin_notifier_lag_events', { subscription: 'b' })).toBe(undefined);
  });

  it('restarts what changed where it was, so that nothing is lost and nothing sent twice', async () => {
    await subscriptions.apply([document('a'), document('b')]);
    await bench.push(story(10));
    await Promise.all([all('a', 10), all('b', 10)]);
    const pushed = bench.push(story(20).slice(10));
    const changed = document('a', { filter: 'violation.severity_id >= 1' });
    expect(await subscriptions.apply([changed, document('b')])).toEqual({ started: [], restarted: ['a'], stopped: [] });
    await pushed;
    await bench.push(story(30).slice(20));
    await Promise.all([all('a', 30), all('b', 30)]);
    expect(created).toEqual(['a', 'b', 'a']);
    expect(numbers('b')).toHaveLength(30);
  });

  it('sends by the changed document what was still waiting', async () => {
    to['a']?.behave(() => ({ status: 503 }));
    await subscriptions.apply([document('a')]);
    await bench.push(story(10));
    await eventually(() => (to['a']?.requests.length ?? 0) > 0);
    await subscriptions.apply([document('a', { filter: 'violation.severity_id == 5' })]);
    to['a']?.behave(() => ({ status: 200 }));
    await all('a', 5);
    expect(numbers('a').every((number) => number % 2 === 1)).toBe(true);
  });

  it('goes on when a filter leaves out the one event that held everything up, which the log names', async () => {
    const violations = story(10, 1);
    to['a']?.behave((request) => ({ status: numberOf(request) === 3 ? 500 : 200 }));
    await subscriptions.apply([document('a')]);
    await bench.push(violations);
    await eventually(() => bench.warnings.length > 0);
    expect(numbers('a')).toEqual([0, 1, 2]);
    const { id } = violations[3] as Violation;
    expect(bench.warnings).toMatchObject([{ subscription: 'a', reason: 'server_error', event: id, attempts: 1 }]);
    await subscriptions.apply([document('a', { filter: `violation.id != "${id}"` })]);
    await all('a', 9);
    expect(numbers('a')).not.toContain(3);
  });

  it('says that nothing changed', async () => {
    await subscriptions.apply([document('a'), document('b', { enabled: false })]);
    const moved = { ...document('a'), origin: { file: 'other.yaml', line: 9 } };
    expect(await subscriptions.apply([moved])).toBe(undefined);
    expect(created).toEqual(['a']);
  });

  it('serves the others when one cannot start, and that one with the next call', async () => {
    let away = true;
    const consume: EventLog['consume'] = (options) =>
      away && options.group === 'notifier.a' ? Promise.reject(new Error('The log is away.')) : bench.log.consume(options);
    log = { ...bench.log, append: bench.log.append.bind(bench.log), offsets: bench.log.offsets.bind(bench.log), consume };
    const wanted = [document('a'), document('b')];
    await expect(subscriptions.apply(wanted)).rejects.toThrow('The log is away.');
    expect(subscriptions.names).toEqual(['b']);
    away = false;
    expect(await subscriptions.apply(wanted)).toEqual({ started: ['a'], restarted: [], stopped: [] });
    await bench.push(story(5));
    await Promise.all([all('a', 5), all('b', 5)]);
  });
});
