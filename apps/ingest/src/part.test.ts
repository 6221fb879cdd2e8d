import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Violation } from '@tocsin/domain';
import { Topic, type EventLog } from '@tocsin/event-log';
import { Health, Registry, type CommonConfig, type RunningPart } from '@tocsin/runtime';
import { createHttp } from '@tocsin/runtime/nest';
import { ingestConfig } from './config.js';
import { ingestPart } from './part.js';
import { logger, openTestLog, readTopic, testClock, topicLength } from './pipeline/testing.js';

/** Documents are looked at once a second. */
jest.setTimeout(30_000);

describe('ingest', () => {
  let log: EventLog;
  let policyDir: string;
  let metrics: Registry;
  let part: RunningPart;
  let app: NestFastifyApplication;

  const write = (fields: string): Promise<void> =>
    writeFile(join(policyDir, 'edr.yaml'), `apiVersion: tocsin.dev/v1\nkind: SourceMapping\nmetadata: { name: edr }\nspec: { fields: ${fields} }\n`);
  const start = async (config: object = {}): Promise<void> => {
    const build = await ingestPart.plan(ingestConfig.parse(config), {
      policyDir,
      policies: { source: 'directory' },
      cluster: 'test',
      http: { host: '127.0.0.1' },
    } as CommonConfig);
    part = await build({ log, logger, metrics, clock: testClock() } as never);
    app = await createHttp({ modules: [part.module], health: new Health({ log, store: undefined }), metrics, logger, maxBodyBytes: 1024 * 1024 });
    await app.init();
    await app.getHttpAdapter().getInstance().ready();
    await part.start?.();
  };
  const post = async (body: object): Promise<number> => {
    const headers = { 'content-type': 'application/json' };
    return (await app.inject({ method: 'POST', url: '/v1/sources/generic?mapping=edr', headers, payload: JSON.stringify(body) })).statusCode;
  };
  const names = async (): Promise<string[]> =>
    (await readTopic(log, Topic.Violations, await topicLength(log))).map(({ value }) => (JSON.parse(value.toString()) as Violation).name);
  const reloads = async (result: string): Promise<number | undefined> => {
    const metric = await metrics.getSingleMetric('tocsin_policy_reloads_total')?.get();
    return metric?.values.find(({ labels }) => labels['app'] === 'ingest' && labels['result'] === result)?.value;
  };
  const eventually = async (condition: () => Promise<boolean>): Promise<void> => {
    while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
  };

  beforeEach(async () => {
    log = await openTestLog();
    metrics = new Registry();
    policyDir = await mkdtemp(join(tmpdir(), 'ingest-'));
  });
  afterEach(async () => {
    await app?.close();
    await part?.stop?.();
    await log.close();
    await rm(policyDir, { recursive: true });
  });

  it('reads by the mappings of documents, and follows them while it runs', async () => {
    await write('{ name: first }');
    await start();
    const event = { first: 'by the first', second: 'by the second' };
    expect(await post({ ...event, id: 1 })).toBe(200);
    await write('{ nmae: second }');
    await eventually(async () => (await reloads('invalid')) === 1);
    expect(await post({ ...event, id: 2 })).toBe(200);
    await write('{ name: second }');
    await eventually(async () => (await reloads('applied')) === 1);
    expect(await post({ ...event, id: 3 })).toBe(200);
    expect((await names()).toSorted()).toEqual(['by the first', 'by the first', 'by the second']);
  });

  it('masks what comes by any way, and does not start with a salt that could be guessed', async () => {
    process.env['TEST_MASK_SALT'] = 'salt';
    const config = { mask: [{ path: 'name', with: 'hash' }], maskSalt: { env: 'TEST_MASK_SALT' } };
    await expect(start(config)).rejects.toThrow('ingest.maskSalt: is too short; take 16 characters or more');
    process.env['TEST_MASK_SALT'] = 'long enough, and not to be guessed';
    await write('{ name: first }');
    await log.ensureTopics([{ name: 'edr-events', partitions: 1, retentionMs: 60_000 }]);
    await start({ ...config, topics: [{ topic: 'edr-events', source: 'generic', mapping: 'edr' }] });
    await post({ first: 'by HTTP' });
    await log.append('edr-events', [{ key: null, value: Buffer.from('{"first":"by topic"}'), headers: {} }]);
    await eventually(async () => (await topicLength(log)) === 2);
    expect(await names()).toEqual([expect.stringMatching(/^masked:/), expect.stringMatching(/^masked:/)]);
  });

  it('keeps a mapping that a listener or a topic names', async () => {
    await write('{ name: first }');
    await log.ensureTopics([{ name: 'edr-events', partitions: 1, retentionMs: 60_000 }]);
    await start({ topics: [{ topic: 'edr-events', source: 'generic', mapping: 'edr' }] });
    await rm(join(policyDir, 'edr.yaml'));
    await eventually(async () => (await reloads('invalid')) === 1);
    await log.append('edr-events', [{ key: null, value: Buffer.from('{"first":"still read"}'), headers: {} }]);
    await eventually(async () => (await topicLength(log)) === 1);
    expect(await names()).toEqual(['still read']);
  });
});
