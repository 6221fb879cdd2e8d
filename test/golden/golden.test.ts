// What versions before put on the log, read by this one: in a rolling upgrade, and after it, since the log keeps it for weeks.
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { openEmbeddedLog, topicSpecs, Topic, EventType, type TopicName } from '@tocsin/event-log';
import { SCHEMAS } from '../../apps/api/src/http/routes/index.js';
import { startProduct, type Product } from '../product.js';
import { bytesOf, schemasNow, shifted, type Golden } from './shape.js';

jest.setTimeout(120_000);
const here = new URL('./', import.meta.url);
const VERSIONS = readdirSync(here).filter((name) => /^v\d/.test(name));
const NEWEST = VERSIONS.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true })).at(-1) as string;
const SHOWN: Readonly<Record<string, keyof typeof SCHEMAS>> = {
  [EventType.Violation]: 'Violation',
  [EventType.Incident]: 'Incident',
  [EventType.Action]: 'Action',
};

const goldenOf = (version: string, topic: TopicName): Golden[] =>
  readFileSync(new URL(`${version}/${topic}.ndjson`, here), 'utf8')
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Golden);

describe.each(VERSIONS)('what %s wrote', (version) => {
  it('has a record of every topic', () => {
    for (const topic of Object.values(Topic)) expect([topic, goldenOf(version, topic).length > 0]).toEqual([topic, true]);
  });

  it('is as the API documents such things now', () => {
    for (const topic of Object.values(Topic)) {
      for (const golden of goldenOf(version, topic)) {
        const name = SHOWN[golden.headers['ce_type'] ?? ''];
        if (name === undefined) continue;
        const data = JSON.parse(bytesOf(golden).toString('utf8')) as unknown;
        expect(SCHEMAS[name].parse(data)).toEqual(data);
      }
    }
  });

  describe('on the log of a product that starts', () => {
    let directory: string;
    let product: Product | undefined;
    afterEach(async () => {
      await product?.stop();
      await rm(directory, { recursive: true, force: true });
    });

    it('reaches subscriptions and the API, and nothing of it becomes a dead letter', async () => {
      directory = await mkdtemp(join(tmpdir(), 'tocsin-golden-'));
      const written = Object.values(Topic).flatMap((topic) => goldenOf(version, topic).map((golden) => ({ topic, ...golden })));
      // As if it had been written just now: what is old is pruned.
      const newest = Math.max(...written.map(({ headers }) => Date.parse(headers['ce_time'] ?? '') || 0));
      const records = written.map(({ topic, ...golden }) => ({
        topic,
        ...(JSON.parse(shifted(JSON.stringify(golden), Date.now() - newest)) as Golden),
      }));

      await mkdir(join(directory, 'data'));
      const log = await openEmbeddedLog({ file: join(directory, 'data', 'log.db') });
      await log.ensureTopics(topicSpecs());
      for (const golden of records) {
        const { topic, key, headers } = golden;
        await log.append(topic, [{ key, headers, value: bytesOf(golden) }]);
      }
      await log.close();

      await mkdir(join(directory, 'policies'));
      const subscriptions = (['violations', 'incidents', 'actions'] as const).map((events) => {
        // The digest is one of the subscription "everything", and read by one that makes digests itself.
        const [name, digest] = events === 'violations' ? ['everything', 'digest: { above: 1000, every: 1s }, '] : [events, ''];
        return `apiVersion: tocsin.dev/v1\nkind: Subscription\nmetadata: { name: ${name} }\nspec: { events: ${events}, ${digest}channel: { type: file, path: ${directory}/${events} } }\n`;
      });
      await writeFile(join(directory, 'policies', 'all.yaml'), subscriptions.join('---\n'));
      product = await startProduct(directory);

      const of = (topic: TopicName): string[] => records.filter((golden) => golden.topic === topic).map(({ headers }) => headers['ce_id'] ?? '');
      const told = async (events: string): Promise<string> => readFile(join(directory, events), 'utf8').catch(() => '');
      const reach = async (events: string, ids: readonly string[]): Promise<void> => {
        for (let text = ''; !ids.every((id) => text.includes(id)); text = await told(events)) await pause(100);
      };
      const dataOf = (topic: TopicName): { id: string; muted?: unknown }[] =>
        records
          .filter((golden) => golden.topic === topic)
          .map((golden) => JSON.parse(bytesOf(golden).toString('utf8')) as { id: string; muted?: unknown });
      await reach('violations', [...of(Topic.Violations), ...of(Topic.Digests)]);
      await reach(
        'incidents',
        // What is muted, nobody is told of.
        dataOf(Topic.Incidents).flatMap(({ id, muted }) => (muted === undefined ? [id] : [])),
      );
      await reach(
        'actions',
        dataOf(Topic.Actions).map(({ id }) => id),
      );

      const { url } = product;
      const found = async (path: string): Promise<unknown> => {
        for (;;) {
          const response = await fetch(`${url}${path}`);
          if (response.ok) return response.json();
          if (response.status !== 404) throw new Error(`${path}: ${response.status} ${await response.text()}`);
          await pause(200);
        }
      };
      for (const id of of(Topic.Violations)) expect(await found(`/v1/violations/${id}`)).toMatchObject({ id });
      for (const id of of(Topic.Commands)) expect(await found(`/v1/commands/${id}`)).toMatchObject({ id });
      const letters = (await found('/v1/dead-letters')) as { items: { reason: string }[] };
      expect(letters.items.length).toBeLessThanOrEqual(goldenOf(version, Topic.DeadLetters).length);
      for (const { reason } of letters.items)
        expect(goldenOf(version, Topic.DeadLetters).map(({ headers }) => headers['tocsin.error.reason'])).toContain(reason);
    });
  });
});

it('has golden records of the shape that things have now; else run: node test/golden/record.ts', () => {
  expect(schemasNow(SCHEMAS)).toEqual(JSON.parse(readFileSync(new URL(`${NEWEST}/schemas.json`, here), 'utf8')));
});
