import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Writable } from 'node:stream';
import { createLogger } from './logger.js';
import { Registry } from './metrics.js';
import { followPolicies, type PolicyListener } from './policy-reload.js';

interface Line {
  level: string;
  msg: string;
  rules?: number;
}

describe('followPolicies', () => {
  let registry: Registry;
  let lines: Line[];
  let documents: PolicyListener<string>;
  let applied: string[];
  let apply: (set: string) => Promise<object | undefined>;
  let stop: () => Promise<void>;
  let watched: boolean;

  const follow = async (app: 'notifier' | 'correlator' = 'notifier'): Promise<void> => {
    const destination = new Writable({
      write(chunk: Buffer, _encoding, done) {
        lines.push(JSON.parse(chunk.toString()) as Line);
        done();
      },
    });
    const following = await followPolicies<string>({
      app,
      logger: createLogger('test', 'info', destination),
      metrics: registry,
      watch: (listener) => {
        documents = listener;
        watched = true;
        return () => void (watched = false);
      },
      apply: (set) => apply(set),
    });
    ({ stop } = following);
  };
  const metric = async (name: string, labels: Record<string, string>): Promise<number | undefined> =>
    (await registry.getSingleMetric(name)?.get())?.values.find((value) => Object.entries(labels).every(([key, label]) => value.labels[key] === label))
      ?.value;
  const reloads = (result: string) => metric('tocsin_policy_reloads_total', { app: 'notifier', result });
  const successful = () => metric('tocsin_policy_last_reload_successful', { app: 'notifier' });
  const settle = () => jest.advanceTimersByTimeAsync(0);

  beforeEach(async () => {
    jest.useFakeTimers();
    registry = new Registry();
    lines = [];
    applied = [];
    apply = async (set) => {
      applied.push(set);
      return { rules: applied.length };
    };
    await follow();
  });
  afterEach(async () => {
    await stop();
    jest.useRealTimers();
  });

  it('applies a valid set, says so and counts it', async () => {
    expect(await successful()).toBe(1);
    documents.onValid('a');
    await settle();
    expect(applied).toEqual(['a']);
    expect(lines).toMatchObject([{ level: 'info', msg: 'Changed policies are in force.', rules: 1 }]);
    expect([await reloads('applied'), await successful()]).toEqual([1, 1]);
  });

  it('says nothing of a set that changes nothing for this app', async () => {
    apply = async () => undefined;
    documents.onValid('a');
    await settle();
    expect(lines).toEqual([]);
    expect(await reloads('applied')).toBe(1);
  });

  it('leaves all as it is when a set is invalid, and tells each mistake once', async () => {
    documents.onInvalid(new Error('a.yaml:3:1: spec: is wrong'));
    documents.onInvalid(new Error('a.yaml:3:1: spec: is wrong'));
    await settle();
    expect(applied).toEqual([]);
    expect(lines).toMatchObject([{ level: 'error', msg: expect.stringContaining('a.yaml:3:1: spec: is wrong') }]);
    expect([await reloads('invalid'), await successful()]).toEqual([1, 0]);
    documents.onInvalid(new Error('b.yaml:1:1: is worse'));
    documents.onValid('mended');
    documents.onInvalid(new Error('a.yaml:3:1: spec: is wrong'));
    expect(await reloads('invalid')).toBe(3);
  });

  it('is not successful while the documents are wrong, though the set before them is being applied', async () => {
    documents.onValid('a');
    documents.onInvalid(new Error('wrong'));
    await settle();
    expect(applied).toEqual(['a']);
    expect(await successful()).toBe(0);
    documents.onValid('a');
    await settle();
    expect(await successful()).toBe(1);
  });

  it('applies one set at a time, and of those that come meanwhile the last', async () => {
    const first = Promise.withResolvers<undefined>();
    apply = (set) => {
      applied.push(set);
      return set === 'a' ? first.promise : Promise.resolve(undefined);
    };
    documents.onValid('a');
    documents.onValid('b');
    documents.onValid('c');
    await settle();
    expect(applied).toEqual(['a']);
    first.resolve(undefined);
    await settle();
    expect(applied).toEqual(['a', 'c']);
  });

  it.each([0, 1, 2, 3, 4, 5])('leaves no set lying that comes %i turns after the one before was applied', async (turns) => {
    const first = Promise.withResolvers<undefined>();
    apply = (set) => {
      applied.push(set);
      return set === 'a' ? first.promise : Promise.resolve(undefined);
    };
    documents.onValid('a');
    first.resolve(undefined);
    for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    documents.onValid('b');
    await settle();
    expect(applied).toEqual(['a', 'b']);
  });

  it('tries a set again that could not be applied, later and later, unless another comes', async () => {
    const succeed = apply;
    apply = async (set) => {
      applied.push(set);
      throw new Error('The log is away.');
    };
    documents.onValid('a');
    await settle();
    await jest.advanceTimersByTimeAsync(999);
    expect(applied).toEqual(['a']);
    await jest.advanceTimersByTimeAsync(1);
    expect(applied).toEqual(['a', 'a']);
    await jest.advanceTimersByTimeAsync(1_999);
    expect(applied).toHaveLength(2);
    expect([await reloads('failed'), await successful()]).toEqual([2, 0]);
    apply = succeed;
    documents.onValid('b');
    await jest.advanceTimersByTimeAsync(60_000);
    expect(applied).toEqual(['a', 'a', 'b']);
    expect(await successful()).toBe(1);
  });

  it('applies nothing after it was stopped, and lets what is being applied end first', async () => {
    const first = Promise.withResolvers<undefined>();
    apply = (set) => {
      applied.push(set);
      return first.promise;
    };
    documents.onValid('a');
    documents.onValid('b');
    let stopped = false;
    const stopping = stop().then(() => (stopped = true));
    await settle();
    expect([watched, stopped]).toEqual([false, false]);
    first.reject(new Error('late'));
    await stopping;
    await jest.advanceTimersByTimeAsync(60_000);
    expect(applied).toEqual(['a']);
  });

  it('counts for each app of a process', async () => {
    await follow('correlator');
    documents.onValid('a');
    await settle();
    expect(await metric('tocsin_policy_reloads_total', { app: 'correlator', result: 'applied' })).toBe(1);
    expect(await reloads('applied')).toBe(undefined);
  });
});
