import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ConfigErrors } from '@tocsin/extension';
import { z } from 'zod';
import { isLoopback, loadConfig, logDriver } from './config.js';

const correlator = z.strictObject({ size: z.number().default(3) });

describe('loadConfig', () => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'tocsin-config-'));
  });
  afterEach(() => rm(directory, { recursive: true }));

  async function load(yaml: string | undefined, env: NodeJS.ProcessEnv = {}) {
    const file = join(directory, 'tocsin.yaml');
    if (yaml !== undefined) await writeFile(file, yaml);
    return loadConfig({ correlator }, yaml === undefined ? { ...env, TOCSIN_CONFIG: undefined } : { ...env, TOCSIN_CONFIG: file });
  }

  async function mistakes(yaml: string, env: NodeJS.ProcessEnv = {}): Promise<string[]> {
    const error = await load(yaml, env).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ConfigErrors);
    return (error as ConfigErrors).message.split('\n').map((line) => line.replace(`${directory}/`, ''));
  }

  it('needs neither a file nor a variable', async () => {
    const { common, sections } = await load(undefined);
    expect(common).toMatchObject({ cluster: 'default', dataDir: './data', policyDir: './policies', http: { host: '127.0.0.1', port: 8080 } });
    expect(logDriver(common)).toBe('embedded');
    expect(sections).toEqual({ correlator: { size: 3 } });
  });

  it('takes an empty file', async () => {
    expect((await load('# nothing yet\n')).common.http.port).toBe(8080);
  });

  it('lets the environment win', async () => {
    const { common } = await load('http: { port: 1 }\n', {
      PORT: '9090',
      KAFKA_BROKERS: 'a:9092, b:9092',
      TOCSIN_CLUSTER: 'prod',
      DATABASE_URL: 'postgres://u:p@h/d',
    });
    expect(common).toMatchObject({
      cluster: 'prod',
      http: { port: 9090 },
      log: { brokers: ['a:9092', 'b:9092'] },
      store: { url: 'postgres://u:p@h/d' },
    });
    expect(logDriver(common)).toBe('kafka');
  });

  it('leaves the sections of apps that do not run here alone', async () => {
    expect((await load('notifier: { anything: goes }\ncorrelator: { size: 5 }\n')).sections).toMatchObject({ correlator: { size: 5 } });
  });

  it('tells every mistake at once: in the file, in a section, in the environment', async () => {
    const found = await mistakes('htp: {}\nhttp:\n  port: many\ncorrelator:\n  sise: 1\n', { KAFKA_PARTITIONS: 'x' });
    expect(found).toHaveLength(4);
    expect(found.join('\n')).toMatch(/tocsin\.yaml:1:1: htp: .*did you mean "http"/);
    expect(found.join('\n')).toMatch(/tocsin\.yaml:3:\d+: http\.port: /);
    expect(found.join('\n')).toMatch(/tocsin\.yaml:5:\d+: correlator\.sise: .*did you mean "size"/);
    expect(found.join('\n')).toMatch(/environment: KAFKA_PARTITIONS: /);
  });

  it('does not show the password of a malformed database URL', async () => {
    const found = await mistakes('', { DATABASE_URL: 'mysql://user:hunter2@host/db' });
    expect(found.join()).toContain('environment: DATABASE_URL');
    expect(found.join()).not.toContain('hunter2');
  });

  it('says that a named file cannot be read', async () => {
    await expect(loadConfig({}, { TOCSIN_CONFIG: join(directory, 'absent.yaml') })).rejects.toThrow(
      /absent\.yaml: cannot be read \(ENOENT\); set TOCSIN_CONFIG/,
    );
  });
});

it.each([
  ['127.0.0.1', true],
  ['127.9.9.9', true],
  ['localhost', true],
  ['::1', true],
  ['::ffff:127.0.0.1', true],
  ['0.0.0.0', false],
  ['::', false],
  ['10.0.0.1', false],
  ['127.example.com', false],
  ['::ffff:127.example.com', false],
])('knows whether only this machine reaches %s', (host, loopback) => {
  expect(isLoopback(host)).toBe(loopback);
});

it('has every environment variable in the operations page', async () => {
  const source = await readFile(new URL('./config.ts', import.meta.url), 'utf8');
  const page = await readFile(new URL('../../../docs/operations.md', import.meta.url), 'utf8');
  const variables = [...source.matchAll(/^ {2}([A-Z_]+): \{ path:/gm)].map((match) => match[1] as string);
  expect(variables.length).toBeGreaterThan(8);
  expect(variables.filter((name) => !page.includes(`\`${name}\``))).toEqual([]);
});
