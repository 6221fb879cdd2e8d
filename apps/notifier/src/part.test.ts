import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger, Registry, type CommonConfig, type RunningPart } from '@tocsin/runtime';
import { migrate, openStore, type Store } from '@tocsin/store';
import type { HttpReceiver } from '@tocsin/testing';
import { notifierConfig } from './config.js';
import { notifierPart } from './part.js';
import { Bench, eventually, metric, numberOf, story } from './pipeline/testing.js';

/** Documents are looked at once a second. */
jest.setTimeout(30_000);

describe('notifier', () => {
  let bench: Bench;
  let policyDir: string;
  let part: RunningPart;
  let store: Store;
  let registry: Registry;
  let [first, second]: HttpReceiver[] = [];

  const describeSubscription = (to: HttpReceiver | undefined, more = ''): string =>
    `apiVersion: tocsin.dev/v1\nkind: Subscription\nmetadata: { name: soc }\nspec: { events: violations, ${more} channel: { type: webhook, url: "${to?.url}" } }\n`;
  const write = (text: string): Promise<void> => writeFile(join(policyDir, 'soc.yaml'), text);
  const numbers = (to: HttpReceiver | undefined): Set<number> => new Set(to?.accepted.map(numberOf));

  beforeEach(async () => {
    bench = await Bench.open();
    policyDir = await mkdtemp(join(tmpdir(), 'notifier-'));
    [first, second] = [await bench.receiver(), await bench.receiver()];
    await write(describeSubscription(first));
    const common = { policyDir, policies: { source: 'directory' }, dataDir: policyDir, evidence: { type: 'directory', retentionDays: 1 } };
    const build = await notifierPart.plan(notifierConfig.parse({}), common as CommonConfig);
    registry = new Registry();
    store = await openStore({ file: ':memory:' });
    await migrate(store);
    const runtime = { log: bench.log, store, logger: createLogger('test', 'silent'), metrics: registry, clock: { now: () => Date.now() } };
    part = await build(runtime as never);
    await part.start?.();
  });
  afterEach(async () => {
    await part.stop?.();
    await store.close();
    await bench.close();
    await rm(policyDir, { recursive: true });
  });

  it('follows its documents while it runs, and keeps to those from before while they have mistakes', async () => {
    const reloads = (result: string) => metric(registry, 'tocsin_policy_reloads_total', { app: 'notifier', result });
    await bench.push(story(10));
    await eventually(() => numbers(first).size === 10);
    await write(describeSubscription(second, 'filtre: "true",'));
    await eventually(async () => (await reloads('invalid')) === 1);
    await bench.push(story(20).slice(10));
    await eventually(() => numbers(first).size === 20);
    await write(describeSubscription(second));
    await eventually(async () => (await reloads('applied')) === 1);
    await bench.push(story(30).slice(20));
    await eventually(() => numbers(second).size === 10);
    expect([numbers(first).size, Math.min(...numbers(second))]).toEqual([20, 20]);
    expect(await metric(registry, 'tocsin_policy_last_reload_successful', { app: 'notifier' })).toBe(1);
  });
});
